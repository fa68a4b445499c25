"""`manage.py up`, as a person starts it: real processes, a real port, real signals."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest

from clinic import embedded
from tests.environment import ROOT
from tests.processes import called_with, command_line, eventually, family, runs

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
READY_SECONDS = 120
STOP_SECONDS = 10


class Portal:
    """A running `manage.py up` and what it has printed so far."""

    def __init__(self, data_dir: Path, port: int, *, project: Path = ROOT, **variables: str) -> None:
        self.data_dir = data_dir
        self.port = port
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {"DATA_DIR": str(data_dir), "PORT": str(port), "DEMO": "true", "CLINIC_IGNORE_DOTENV": "true"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=project,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.queue: Queue[str] = Queue()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.queue.put(line)

    @property
    def output(self) -> str:
        with suppress(Empty):
            while True:
                self.lines.append(self.queue.get_nowait())
        return "".join(self.lines)

    def wait_for(self, text: str, seconds: float = READY_SECONDS) -> None:
        """Wait until it has printed this; fail with what it printed instead."""
        assert eventually(lambda: text in self.output or self.process.poll() is not None, seconds), self.output
        assert text in self.output, self.output

    def status(self, path: str) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def family(self) -> list[psutil.Process]:
        """Return every process that this start brought to life, the local servers too."""
        return family(psutil.Process(self.process.pid), *called_with(f"{self.data_dir}/"))

    def has_ended_after(self, number: int) -> bool:
        """Send the signal once more, and tell whether it has ended by now."""
        self.process.send_signal(number)
        return self.process.poll() is not None

    def children(self, name: str) -> list[psutil.Process]:
        """Return the processes of this kind: web, worker, slow or beat."""
        title = {"web": "gunicorn: master"}.get(name, name)
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if runs(child) and title in command_line(child)]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS * 2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()


def refuses(port: int) -> bool:
    """Tell whether a caller is refused at once, instead of waiting in the queue of a socket that nobody serves."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(data_dir: Path, port: int | None = None, **options: object) -> Iterator[Portal]:
    portal = Portal(data_dir, port or free_port(), **options)
    try:
        yield portal
    finally:
        portal.end()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory for all: only the first start in it is a cold one."""
    directory = tmp_path_factory.mktemp("up")
    yield directory
    embedded.stop(directory)


@pytest.fixture(scope="module")
def first_start(data_dir: Path) -> Iterator[Portal]:
    """The portal in an empty data directory, up and ready."""
    with started(data_dir) as portal:
        portal.wait_for("The portal is ready")
        yield portal


class TestRunning:
    def test_first_start_shows_progress_and_then_the_way_in(self, first_start):
        said = first_start.output
        assert "Preparing the database" in said
        assert f"http://127.0.0.1:{first_start.port}" in said
        assert "frontdesk@demo.clinic" in said
        assert "/simulator/" in said

    def test_every_health_check_is_fine_once_it_says_ready(self, first_start):
        assert first_start.status("/readyz") == 200
        assert first_start.status("/healthz") == 200

    def test_other_commands_find_the_demo_without_any_setting(self, first_start):
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT,
            env=environment | {"DATA_DIR": str(first_start.data_dir)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_a_second_portal_on_the_same_data_is_sent_to_the_first(self, first_start):
        code, sentence = said(first_start.data_dir, free_port())
        assert code == 1
        assert f"already runs with this data: http://127.0.0.1:{first_start.port}" in sentence

    def test_a_process_that_dies_is_started_again_and_says_so(self, first_start):
        (victim,) = first_start.children("worker")
        victim.kill()
        first_start.wait_for("worker was killed by SIGKILL; starting it again")
        assert eventually(lambda: first_start.children("worker"), 10)

    def test_requests_wait_out_a_restart_of_the_web_process(self, first_start):
        first_start.children("web")[0].kill()
        first_start.wait_for("web was killed by SIGKILL; starting it again")
        assert first_start.status("/healthz") == 200

    def test_ctrl_c_ends_everything_in_time(self, first_start):
        assert_ends_cleanly(first_start, signal.SIGINT)


class TestStoppedEarly:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_stop_during_the_preparation_is_quiet_and_leaves_nothing(self, tmp_path, number):
        with started(tmp_path) as portal:
            portal.wait_for("Preparing the database")
            running = portal.family()
            portal.process.send_signal(number)
            assert portal.process.wait(STOP_SECONDS) == 128 + number
            assert eventually(lambda: not any(runs(process) for process in running), STOP_SECONDS)
            assert "Traceback" not in portal.output

    def test_callers_are_refused_while_it_stops(self, data_dir):
        with started(data_dir) as portal:
            portal.wait_for("The portal is ready")
            running = portal.family()
            (stuck,) = portal.children("slow")
            stuck.suspend()
            portal.process.send_signal(signal.SIGINT)
            assert eventually(lambda: refuses(portal.port), STOP_SECONDS)
            assert runs(stuck)
            assert eventually(lambda: portal.has_ended_after(signal.SIGINT), STOP_SECONDS)
            assert [process for process in running if runs(process)] == []


class TestNextStart:
    def test_a_termination_ends_everything_in_time(self, data_dir):
        with started(data_dir) as portal:
            portal.wait_for("The portal is ready")
            assert_ends_cleanly(portal, signal.SIGTERM)

    @pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help on a parent's death is Linux's")
    def test_nothing_survives_a_kill_of_the_parent(self, data_dir):
        with started(data_dir) as portal:
            portal.wait_for("The portal is ready")
            running = portal.family()
            portal.process.kill()
            assert eventually(lambda: not any(runs(process) for process in running), STOP_SECONDS)


class TestRefusals:
    def test_a_port_in_use_is_named_with_the_way_out(self, data_dir):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            assert said(data_dir, port) == (
                1,
                f"Port {port} is in use; stop what uses it, or choose another one: PORT={port + 1} make up",
            )

    def test_the_demo_stays_on_this_machine(self, data_dir):
        code, sentence = said(data_dir, free_port(), HOST="0.0.0.0")
        assert code == 1
        assert "listens on this machine only" in sentence

    def test_a_data_directory_that_can_not_be_written_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        code, sentence = said(tmp_path / "file" / "data", free_port())
        assert code == 1
        assert "should be a folder, but a file is there; move it away or set DATA_DIR." in sentence

    def test_a_missing_secret_is_named_before_anything_answers(self, data_dir):
        code, sentence = said(data_dir, free_port(), DEMO="false", ALLOWED_HOSTS="portal.example.org")
        assert code == 1
        assert sentence == "SECRET_KEY is not set. Put a long random value into the environment or .env."

    @pytest.mark.parametrize(
        ("variable", "url", "what"),
        [
            ("DATABASE_URL", "postgres://clinic:s3cret@127.0.0.1:1/clinic", "database"),
            ("REDIS_URL", "redis://:s3cret@127.0.0.1:1/0", "broker"),
        ],
    )
    def test_a_server_that_does_not_answer_is_named_without_its_password(self, data_dir, variable, url, what):
        code, sentence = said(data_dir, free_port(), **{variable: url})
        assert code == 1
        assert sentence.startswith(f"The {what} of {variable} can't be used: ")
        assert "Connection refused" in sentence
        assert "s3cret" not in sentence

    def test_a_broken_dotenv_is_named_by_its_line(self, tmp_path):
        project = copy_of_the_project(tmp_path)
        (project / ".env").write_text("DEMO=true\n\n# the database\nDATABASE_URL postgres://clinic@db/clinic\n")
        code, sentence = said(tmp_path / "data", free_port(), project=project, CLINIC_IGNORE_DOTENV="false")
        assert (code, sentence) == (1, ".env, line 4: this is not NAME=value.")


def assert_ends_cleanly(portal: Portal, number: int) -> None:
    """Send the signal; nothing of the family may be left when the parent has ended."""
    running = portal.family()
    begun = time.monotonic()
    portal.process.send_signal(number)
    assert portal.process.wait(STOP_SECONDS) == 0
    assert time.monotonic() - begun < STOP_SECONDS
    assert [process for process in running if runs(process)] == []


def said(data_dir: Path, port: int | str, **options: object) -> tuple[int, str]:
    """Return the exit code and the last line of a start that ends by itself."""
    portal = Portal(data_dir, port, **options)
    try:
        code = portal.process.wait(60)
        portal.reader.join(5)
        return code, portal.output.strip().splitlines()[-1]
    finally:
        portal.end()


def copy_of_the_project(tmp_path: Path) -> Path:
    """Return a project folder that may have a `.env` of its own."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "clinic", project / "clinic", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", project)
    for name in ("apps", "templates", "static"):
        (project / name).symlink_to(ROOT / name)
    return project
