"""The local servers, with real processes: started once, shared, stopped with their last user, whatever happens."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from clinic import embedded
from clinic.embedded import machine, postgres
from clinic.embedded.postgres import Postgres
from clinic.embedded.server import SOCKET_PATH_LIMIT, make_private
from clinic.embedded.valkey import Valkey
from tests.environment import ROOT
from tests.processes import called_with, command_line, eventually, family, runs

HOLDER = """
import sys
from pathlib import Path
from clinic import embedded
print(embedded.ensure_running(Path(sys.argv[1]), fast_unsafe=True).database_url, flush=True)
sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help on a parent's death is Linux's")


def hold(data_dir: Path) -> subprocess.Popen[str]:
    """Start a process that uses the servers until it is told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """Return the keepers and servers that belong to a data directory."""
    return family(*(process for process in called_with(f"{data_dir}/") if "keeper.py" in command_line(process)))


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory of its own, whose servers are stopped afterwards."""
    directory = tmp_path / "data"
    yield directory
    embedded.release(directory)
    embedded.stop(directory)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, embedded.Servers]]:
    """Servers for the tests that change nothing."""
    directory = tmp_path_factory.mktemp("shared")
    yield directory, embedded.ensure_running(directory, fast_unsafe=True)
    embedded.release(directory)


class TestWhatTheyOffer:
    def test_login_role_is_bound_by_policies_and_may_make_test_databases(self, shared):
        with psycopg.connect(shared[1].database_url) as connection:
            rights = connection.execute(
                "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = session_user"
            ).fetchone()
        assert rights == (False, False, True, True)

    def test_login_role_may_grant_the_app_role_on(self, shared):
        with psycopg.connect(shared[1].database_url) as connection:
            connection.execute("CREATE ROLE somebody NOLOGIN")
            connection.execute("GRANT clinic_app TO somebody")
            connection.rollback()

    def test_every_later_database_has_the_extensions(self, shared):
        with psycopg.connect(shared[1].database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE later")
        with psycopg.connect(shared[1].database_url, dbname="later") as connection:
            present = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
        assert set(postgres.EXTENSIONS) <= present

    def test_the_server_listens_on_no_network_address(self, shared):
        (server,) = psutil.Process(Postgres(shared[0]).keeper_pid()).children()
        assert server.net_connections("inet") == []

    def test_texts_of_failing_statements_stay_out_of_the_log(self, shared):
        with psycopg.connect(shared[1].database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE canary (name text UNIQUE)")
            connection.execute("INSERT INTO canary VALUES ('Zebedee Canary')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO canary VALUES ('Zebedee Canary')")
        log = (shared[0] / "logs" / "postgres.log").read_text()
        assert "canary_name_key" in log
        assert "Zebedee" not in log

    def test_client_programs_match_the_server(self, shared):
        said = subprocess.run(
            [embedded.postgres_bin() / "pg_dump", "--version"], capture_output=True, text=True, check=True
        )
        assert f" {postgres.MAJOR}." in said.stdout

    @as_root
    def test_as_root_the_servers_run_as_nobody(self, shared):
        users = {process.username() for process in processes_of(shared[0]) if "keeper.py" not in command_line(process)}
        assert users == {"nobody"}

    @as_root
    def test_a_data_directory_closed_to_nobody_is_no_obstacle(self, shared):
        assert not Postgres(shared[0]).account.reaches(shared[0])

    def test_a_second_call_finds_them_running(self, shared):
        said: list[str] = []
        assert embedded.ensure_running(shared[0], echo=said.append) == shared[1]
        assert said == []

    def test_running_tells_where_they_are_without_starting_any(self, shared, tmp_path):
        assert embedded.running(shared[0]) == shared[1]
        assert embedded.running(tmp_path) is None
        assert list(tmp_path.iterdir()) == []


class TestHowLongTheyRun:
    def test_data_survives_a_stop(self, data_dir):
        servers = embedded.ensure_running(data_dir)
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis.from_url(servers.redis_url).set("kept", 42)

        embedded.release(data_dir)
        assert embedded.running(data_dir) is None
        assert processes_of(data_dir) == []

        servers = embedded.ensure_running(data_dir)
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"42"

    def test_concurrent_starters_share_one_server(self, data_dir):
        holders = [hold(data_dir) for _ in range(4)]
        urls = {holder.stdout.readline() for holder in holders}
        servers = [process for process in processes_of(data_dir) if "keeper.py" in command_line(process)]
        for holder in holders:
            holder.communicate()
        assert len(urls) == 1
        assert len(servers) == 2
        assert eventually(lambda: not processes_of(data_dir))

    def test_they_outlive_their_starter_while_somebody_else_uses_them(self, data_dir):
        first = hold(data_dir)
        first.stdout.readline()
        servers = embedded.ensure_running(data_dir)
        first.communicate()
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_nothing_is_left_after_the_last_user_was_killed(self, data_dir):
        holder = hold(data_dir)
        holder.stdout.readline()
        assert processes_of(data_dir)
        holder.kill()
        holder.communicate()
        assert eventually(lambda: not processes_of(data_dir))
        assert embedded.running(data_dir) is None

    def test_stop_ends_them_under_their_users(self, data_dir):
        embedded.ensure_running(data_dir, fast_unsafe=True)
        embedded.stop(data_dir)
        assert processes_of(data_dir) == []
        assert embedded.running(data_dir) is None

    @linux
    def test_a_killed_keeper_takes_its_server_along_and_the_next_call_starts_again(self, data_dir):
        servers = embedded.ensure_running(data_dir, valkey=False, fast_unsafe=True)
        running = processes_of(data_dir)
        os.kill(Postgres(data_dir).keeper_pid(), signal.SIGKILL)
        assert eventually(lambda: not any(runs(process) for process in running))
        assert embedded.ensure_running(data_dir, valkey=False, fast_unsafe=True) == servers
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    @pytest.mark.parametrize("server", [Postgres, Valkey])
    def test_a_killed_server_comes_back_by_itself(self, data_dir, server):
        embedded.ensure_running(data_dir, fast_unsafe=True)
        keeper = psutil.Process(server(data_dir).keeper_pid())
        (victim,) = keeper.children()
        victim.kill()
        assert eventually(lambda: not runs(victim))
        assert eventually(lambda: server(data_dir).answers() is True)
        assert victim not in keeper.children()


class TestBadStarts:
    def test_stale_pid_files_naming_a_living_process_are_no_obstacle(self, data_dir):
        embedded.ensure_running(data_dir, valkey=False, fast_unsafe=True)
        pid_file = data_dir / "postgres" / "postmaster.pid"
        content = pid_file.read_text().splitlines()
        embedded.release(data_dir)
        server = Postgres(data_dir)
        server.make_own(server.new_socket_dir())
        # Of the server's own user: of others' PostgreSQL already knows that they can't be it.
        somebody = subprocess.Popen(["sleep", "60"], **server.account.popen_options())
        for file in (pid_file, server.new_socket_dir() / f"{server.socket_name}.lock"):
            file.write_text("\n".join([str(somebody.pid), *content[1:], ""]))
            server.account.own(file)
            file.chmod(0o600)

        servers = embedded.ensure_running(data_dir, valkey=False, fast_unsafe=True)
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert somebody.poll() is None
        somebody.kill()
        somebody.wait()

    def test_an_interrupted_first_start_is_begun_anew(self, data_dir):
        half = data_dir / "postgres" / "base"
        half.mkdir(parents=True)
        (half / "1").write_text("half")
        servers = embedded.ensure_running(data_dir, valkey=False, fast_unsafe=True)
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_sockets_move_to_a_short_private_folder_when_the_path_is_long(self, tmp_path):
        data_dir = tmp_path / ("long" * 20) / ("longer" * 10)
        servers = embedded.ensure_running(data_dir, fast_unsafe=True)
        try:
            sockets = Postgres(data_dir).socket_dir()
            assert len(str(sockets / Postgres.socket_name)) < SOCKET_PATH_LIMIT
            assert sockets.stat().st_mode & 0o077 == 0
            assert redis.Redis.from_url(servers.redis_url).ping()
        finally:
            embedded.release(data_dir)
        assert not sockets.exists()

    def test_sockets_never_go_into_a_folder_of_somebody_else(self, tmp_path):
        trap = tmp_path / "trap"
        trap.symlink_to(tmp_path)
        with pytest.raises(embedded.EmbeddedError, match="something else is there"):
            make_private(trap, owners={os.geteuid()})

    def test_a_cluster_of_another_version_is_refused(self, data_dir):
        (data_dir / "postgres").mkdir(parents=True)
        (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
        with pytest.raises(embedded.EmbeddedError, match="made by PostgreSQL 14"):
            embedded.ensure_running(data_dir, valkey=False)

    def test_a_file_in_place_of_the_folder_is_named(self, tmp_path):
        (tmp_path / "data").write_text("")
        with pytest.raises(embedded.EmbeddedError, match="should be a folder"):
            embedded.ensure_running(tmp_path / "data")

    def test_a_place_that_can_not_be_written_is_named(self):
        with pytest.raises(embedded.EmbeddedError, match=r"/proc/clinic.* set DATA_DIR"):
            embedded.ensure_running(Path("/proc/clinic"))

    def test_a_disk_without_room_is_named_before_anything_is_written(self, data_dir, monkeypatch):
        monkeypatch.setattr(postgres, "MEGABYTES_NEEDED", 1 << 40)
        with pytest.raises(embedded.EmbeddedError, match="is full"):
            embedded.ensure_running(data_dir, valkey=False)
        assert list((data_dir / "postgres").iterdir()) == []

    def test_a_disk_that_fills_up_is_named(self, tmp_path):
        with pytest.raises(embedded.EmbeddedError, match="is full"), machine.clear_errors(tmp_path):
            raise OSError(28, os.strerror(28))

    def test_a_user_without_a_name_is_told_so(self, monkeypatch):
        def nameless(uid: int) -> pwd.struct_passwd:
            raise KeyError(uid)

        monkeypatch.setattr(machine.pwd, "getpwuid", nameless)
        with pytest.raises(embedded.EmbeddedError, match="has no entry in /etc/passwd"):
            machine.require_passwd_entry()

    def test_a_platform_without_wheels_is_pointed_to_a_server_of_its_own(self, monkeypatch):
        monkeypatch.setattr(machine, "find_spec", lambda name: None)
        with pytest.raises(embedded.EmbeddedError, match="set DATABASE_URL"):
            embedded.postgres_bin()
