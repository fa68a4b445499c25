"""`make reset`: forgets the data, but only when asked to, only the portal's, and never under a running portal."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import pytest

from clinic import embedded
from tests.environment import ROOT


@pytest.fixture
def data_dir(tmp_path):
    directory = tmp_path / "data"
    (directory / "run").mkdir(parents=True)
    (directory / "media").mkdir()
    (directory / "media" / "scan.pdf").write_bytes(b"%PDF")
    return directory


def reset(data_dir, answer="yes"):
    return subprocess.run(
        [sys.executable, "-m", "clinic.reset"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(data_dir)},
        input=f"{answer}\n",
        capture_output=True,
        text=True,
        check=False,
    )


def test_yes_deletes_everything_and_stops_the_servers(data_dir):
    embedded.ensure_running(data_dir, postgres=False, fast_unsafe=True)
    done = reset(data_dir)
    assert done.returncode == 0, done.stderr
    assert not data_dir.exists()
    embedded.release(data_dir)


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_anything_but_yes_keeps_everything(data_dir, answer):
    assert reset(data_dir, answer).returncode == 1
    assert (data_dir / "media" / "scan.pdf").exists()


def test_a_running_portal_is_not_robbed_of_its_data(data_dir):
    with (data_dir / "run" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = reset(data_dir)
    assert done.returncode == 1
    assert "stop it first" in done.stderr
    assert (data_dir / "media" / "scan.pdf").exists()


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.odt").write_text("years of work")
    done = reset(tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "thesis.odt").exists()
