"""What is no backup of this portal is refused before anything is touched."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO

import pytest

from apps.core.backups import BackupRefused, refuse_newer, unpack


def archive(path, files, *, link=None):
    with tarfile.open(path, "w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, BytesIO(content))
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            made.addfile(entry)
    return path


WHOLE = {"manifest.json": json.dumps({"format": 1, "migrations": []}).encode(), "database.dump": b"PGDMP"}


def test_a_whole_one_is_unpacked(tmp_path):
    source = archive(tmp_path / "b.tar", WHOLE | {"media/a/scan.pdf": b"%PDF"})
    assert unpack(source, tmp_path / "out")["format"] == 1
    assert (tmp_path / "out" / "media" / "a" / "scan.pdf").read_bytes() == b"%PDF"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "media/../../evil", "evil.sh"])
def test_a_file_that_does_not_belong_there_is_refused(tmp_path, name):
    source = archive(tmp_path / "b.tar", WHOLE | {name: b"x"})
    with pytest.raises(BackupRefused, match="not a backup"):
        unpack(source, tmp_path / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_is_refused(tmp_path):
    source = archive(tmp_path / "b.tar", WHOLE, link="media/passwd")
    with pytest.raises(BackupRefused, match="not a backup"):
        unpack(source, tmp_path / "out")


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": b"{}"},
        {"database.dump": b"PGDMP"},
        {"manifest.json": b'{"format": 2}', "database.dump": b"PGDMP"},
        {"manifest.json": b"no json", "database.dump": b"PGDMP"},
    ],
)
def test_what_lacks_a_part_or_has_another_format_is_refused(tmp_path, files):
    with pytest.raises(BackupRefused, match=r"backup of this portal|another version"):
        unpack(archive(tmp_path / "b.tar", files), tmp_path / "out")


def test_a_cut_off_file_is_refused(tmp_path):
    source = archive(tmp_path / "b.tar", WHOLE | {"media/scan.pdf": b"%PDF" * 10_000})
    source.write_bytes(source.read_bytes()[:20_000])
    with pytest.raises(BackupRefused, match="damaged"):
        unpack(source, tmp_path / "out")


def test_a_backup_of_a_newer_portal_is_refused():
    refuse_newer(["core.0001_extensions", "somebody_elses_app.0007_any"])
    with pytest.raises(BackupRefused, match=r"core\.9999_later"):
        refuse_newer(["core.9999_later"])
