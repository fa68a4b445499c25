"""Everything behind `manage.py up`: look before starting, prepare the database, run web, worker and beat.

The supervising process imports the project once and does nothing else with it: preparation runs in a child, and the
long-lived processes are forks that share its memory.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import io
import json
import logging
import os
import re
import runpy
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import redis
from celery.exceptions import SecurityWarning
from celery.signals import worker_process_init
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.checks import CheckMessage, Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from clinic import demo, dotenv, embedded
from clinic.supervisor import Process, Supervisor, die_with_parent

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
WORKER_PROCESSES = 2
READY_HINT_SECONDS = 20
PRELOADED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "clinic.web_worker",
    "clinic.wsgi",
    "gunicorn.app.base",
)
STOPS = (signal.SIGINT, signal.SIGTERM)
QUEUES = "inbound,outbound,events,celery"


class CannotStart(Exception):
    """Why the portal can't start, as one sentence for the person at the keyboard."""


def run(host: str, port: str) -> int:
    """Start the portal and stay in the foreground until it is stopped; return the exit code.

    Raises :class:`CannotStart` before anything runs. Leaves no process behind, whatever the end.
    """
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    check_demo(host)
    claim = Claim(settings.DATA_DIR / "run" / "up.lock")
    listener = bind(host, port)
    claim.note(address(host, listener.getsockname()[1]))
    if settings.DEMO and not (settings.BASE_DIR / ".env").exists():
        demo.remember(settings.DATA_DIR)
    for sentence in misspelt_settings():
        say(sentence)
    connections.close_all()
    try:
        if code := in_child(prepare, meanwhile=preload):
            return code
        return supervise(listener)
    finally:
        listener.close()
        embedded.release(settings.DATA_DIR)


# --- looking first ------------------------------------------------------------------------------------------------------


def check_demo(host: str) -> None:
    """Refuse a demo, with its public passwords, on an address that others reach."""
    if settings.DEMO and host not in LOOPBACK:
        raise CannotStart(
            f"The demo clinic has public passwords and listens on this machine only; HOST is {host}. "
            "For a real installation copy .env.example to .env and fill it in."
        )


def bind(host: str, port: str) -> socket.socket:
    """Take the port now, so that nobody else can between this look and the start of the web process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        # A second portal could still bind while nobody listens; so listen, the web process takes over the queue.
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {port} is in use; stop what uses it, or choose another one: PORT={int(port) + 1} make up"
            ) from None
        if error.errno == errno.EACCES:
            raise CannotStart(f"Port {port} is reserved for root; choose one above 1023: PORT=8000 make up") from None
        raise CannotStart(
            f"{host} is not an address of this machine; set HOST=127.0.0.1 ({error.strerror or error})."
        ) from None
    return listener


def address(host: str, port: int) -> str:
    """Return the URL of a place to listen."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def misspelt_settings() -> list[str]:
    """Return a sentence for each name in `.env` that looks like a misspelt setting."""
    path, example = settings.BASE_DIR / ".env", settings.BASE_DIR / ".env.example"
    return dotenv.unknown_names(path, example) if path.exists() and example.exists() else []


class Claim:
    """This portal's claim on the data directory: two would write the same beat schedule.

    A lock that the kernel drops with its holder; the file says where the holder is to be found.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = path.open("a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.file.seek(0)
            where = self.file.read() or "starting"
            raise CannotStart(
                f"The portal already runs with this data: {where}. Use it, or choose another DATA_DIR."
            ) from None

    def note(self, url: str) -> None:
        """Write down where the portal is, for the one who starts it twice."""
        self.file.truncate(0)
        self.file.write(url)
        self.file.flush()


# --- preparing ----------------------------------------------------------------------------------------------------------


def in_child(work: Callable[[], None], *, meanwhile: Callable[[], None]) -> int:
    """Run ``work`` in a fork and ``meanwhile`` here, and return the fork's exit code.

    What ``work`` imports and caches goes away with it. A stop ends it at once (the database rolls back what is half done), and
    this process afterwards: an exception out of a signal handler could be swallowed by whatever is being imported.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid, stopped = 0, 0

    def pass_on(number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = number
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    before = {number: signal.signal(number, pass_on) for number in STOPS}
    # Held back until both know what to do with it: the child would take one for its parent's and forget it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    pid = os.fork()
    if pid == 0:
        run_child(work, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    try:
        meanwhile()
    finally:
        _, status = os.waitpid(pid, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if stopped:
        raise SystemExit(128 + stopped)
    return os.waitstatus_to_exitcode(status) & 0xFF


def run_child(work: Callable[[], None], parent: int) -> NoReturn:
    """Do the work of the fork and end it."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        die_with_parent(signal.SIGTERM, parent=parent)
        work()
        code = 0
    except (CannotStart, CommandError) as reason:
        sys.stderr.write(f"{reason}\n")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the last stop of this process
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def prepare() -> None:
    """Bring the database up to date, seed the demo clinic once, collect static files when they are served from a folder."""
    from apps.core.tasks import HEARTBEAT_KEY

    heed(run_checks())
    reach_broker()
    steps = steps_to_migrate()
    if steps or database_complaints():  # an earlier start may have ended between the migrations and the policies
        migrate(steps)
    heed(database_complaints())
    # The note of an earlier run would make /readyz call a worker alive that is only starting.
    cache.delete(HEARTBEAT_KEY)
    if settings.DEMO and is_empty():
        say("Seeding the demo clinic …")
        call_command("seed_demo")
    if not settings.WHITENOISE_USE_FINDERS:
        say("Collecting static files …")
        call_command("collectstatic", interactive=False, verbosity=0)


def heed(complaints: Sequence[CheckMessage]) -> None:
    """Refuse to start with what can't work, such as a missing secret; say what is doubtful."""
    if wrong := [complaint for complaint in complaints if complaint.is_serious()]:
        raise CannotStart("\n".join(map(in_one_line, wrong)))
    for complaint in complaints:
        say(in_one_line(complaint))


def in_one_line(complaint: CheckMessage) -> str:
    """Return what a system check found, and its remedy."""
    return f"{complaint.msg} {complaint.hint or ''}".strip()


def database_complaints() -> Sequence[CheckMessage]:
    """Return what is wrong with the migrated database: a role or a table that row-level security does not bind."""
    return run_checks(tags=[Tags.database], databases=["default"])


def steps_to_migrate() -> int:
    """Return how many migrations the database lacks; refuse to start without the database."""
    try:
        pending = MigrationExecutor(connection)
        return len(pending.migration_plan(pending.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        raise CannotStart(f"The database of DATABASE_URL can't be used: {first_line(error)}") from None


def reach_broker() -> None:
    """Refuse to start without the broker: later it may go away and come back, now its address is probably wrong."""
    broker = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5)
    try:
        broker.ping()
    except (redis.RedisError, OSError) as error:
        raise CannotStart(f"The broker of REDIS_URL can't be used: {first_line(error)}") from None
    finally:
        broker.close()


def first_line(error: Exception) -> str:
    """Return what a library says is wrong; none of these names a password."""
    return str(error).strip().partition("\n")[0]


def migrate(steps: int) -> None:
    """Apply the migrations, counting."""
    say(f"Preparing the database: {steps} migrations …" if steps else "Securing the database …")
    begun = time.monotonic()
    with redirect_stdout(Counter(steps)):
        call_command("migrate", interactive=False, verbosity=1)
    say(f"The database is ready ({time.monotonic() - begun:.0f} s).")


class Counter(io.TextIOBase):
    """Turn migrate's lines into one line that counts, on a terminal; keep quiet elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.terminal = sys.stdout if sys.stdout.isatty() else None

    def write(self, text: str) -> int:
        if match := re.search(r"Applying (\S+?)\.\.\.", text):
            self.done += 1
            if self.terminal:
                self.terminal.write(f"\r\033[K  {self.done}/{self.total} {match[1]}")
                self.terminal.flush()
        elif self.terminal and "OK" in text and self.done == self.total:
            self.terminal.write("\r\033[K")
        return len(text)


def is_empty() -> bool:
    """Tell whether the database holds no organization yet."""
    from apps.core.tenancy import all_organizations

    with all_organizations():
        return not apps.get_model("organizations", "Organization")._default_manager.exists()


def preload() -> None:
    """Import what the processes will need, once: each of them is a fork that shares this memory and starts at once.

    Opens no connection and starts no thread, because neither survives a fork.
    """
    from django.urls import get_resolver

    from clinic.celery import app

    for module in PRELOADED:
        import_module(module)
    get_resolver().url_patterns  # noqa: B018 - imports every view
    app.loader.import_default_modules()
    app.finalize(auto=True)


# --- running ------------------------------------------------------------------------------------------------------------


def supervise(listener: socket.socket) -> int:
    """Run the processes until they are stopped; say where the portal is once it is ready.

    While it stops nobody but the web process holds the socket: a worker that still calls its own webhooks would wait
    for an answer that nobody gives.
    """

    def apart(work: Callable[[], None]) -> Callable[[], None]:
        def without_the_socket() -> None:
            listener.close()
            work()

        return without_the_socket

    supervisor = Supervisor(
        [
            Process("web", lambda: run_web(listener)),
            Process("worker", apart(run_worker)),
            Process("slow", apart(run_slow_worker)),
            Process("beat", apart(run_beat)),
            Process("portal", lambda: announce(listener), restart=False, stop_signal=signal.SIGKILL),
        ],
        on_stop=listener.close,
    )
    return supervisor.run()


def run_web(listener: socket.socket) -> None:
    """Serve HTTP with gunicorn on the socket that is already ours."""
    from gunicorn.app.base import BaseApplication

    # "Not ready" is an answer, not an error.
    logging.getLogger("django.request").addFilter(lambda record: "/readyz" not in record.getMessage())

    class Web(BaseApplication):
        def load_config(self) -> None:
            options = runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))
            options["bind"] = f"fd://{listener.fileno()}"
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            from clinic.wsgi import application

            return application

    Web().run()


def run_worker() -> None:
    """Work on what patients and staff wait for; bulk work has a process of its own and never delays a reply."""

    worker = os.getpid()

    @worker_process_init.connect(weak=False)
    def end_with_the_worker(**_: object) -> None:
        die_with_parent(signal.SIGKILL, parent=worker)

    celery(
        "worker", f"--queues={QUEUES}", "--pool=prefork", f"--concurrency={WORKER_PROCESSES}", "--hostname=worker@%h"
    )


def run_slow_worker() -> None:
    """Work on embeddings, imports and exports, one at a time."""
    celery("worker", "--queues=slow", "--pool=solo", "--hostname=slow@%h")


def run_beat() -> None:
    """Wake the sweeps."""
    celery("beat")


def celery(kind: str, *options: str) -> None:
    """Run a Celery program in this process."""
    from clinic.celery import app

    logging.getLogger("celery").setLevel(logging.WARNING)
    # Root is the only user in many containers, and messages are JSON, never pickle.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    alone = ["--without-gossip", "--without-mingle"] if kind == "worker" else []
    app.start(["--quiet", kind, "--loglevel=WARNING", *alone, *options])


def announce(listener: socket.socket) -> None:
    """Say where the portal is and how to get in, once `/readyz` answers 200; until then, now and then, what is missing."""
    host, port = listener.getsockname()[:2]
    told = time.monotonic()
    while missing := not_ready(host, port):
        if time.monotonic() - told > READY_HINT_SECONDS:
            told = time.monotonic()
            say(f"Not ready yet: {missing}")
        time.sleep(0.1)
    say(welcome(address(host, port)))


def not_ready(host: str, port: int) -> str:
    """Return what `/readyz` misses, nothing if it misses nothing."""
    wanted_host = next((name for name in settings.ALLOWED_HOSTS if name[:1] not in {"*", "."}), "localhost")
    connection = http.client.HTTPConnection(LOOPBACK_OF.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": wanted_host})
        answer = connection.getresponse()
        return "" if answer.status == http.client.OK else missing_checks(answer.read())
    except OSError as error:
        return str(error)
    finally:
        connection.close()


def missing_checks(body: bytes) -> str:
    """Return what `/readyz` says is wrong."""
    try:
        checks = json.loads(body)["checks"]
    except (ValueError, KeyError):
        return "the web process answers with an error"
    return "; ".join(f"{name}: {state}" for name, state in checks.items() if state != "ok")


def welcome(url: str) -> str:
    """Return where the portal is and how to get in."""
    lines = ["", f"The portal is ready: {url}"]
    if settings.DEMO:
        width = max(map(len, demo.SIGN_INS))
        lines += ["", f"Demo sign-ins, password {demo.PASSWORD}:"]
        lines += [f"  {email:<{width}}  {what}" for email, what in demo.SIGN_INS.items()]
        lines += ["", f"A patient's phone to play with: {url}/simulator/"]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - progress for the person who waits
