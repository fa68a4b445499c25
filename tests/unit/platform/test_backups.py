"""What is no whole backup of this portal is refused before anything is touched."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.core.backups import BackupRefused, archive
from apps.core.backups.archive import Manifest, unpack, uploaded_files, write_archive
from apps.core.backups.restoring import refuse_newer, replace_files

MANIFEST = Manifest(
    portal="1.0.0", made_at="2026-01-01T00:00:00+00:00", organizations=1, migrations=["core.0001_extensions"]
)


def silent(_sentence: str) -> None: ...


@pytest.fixture
def backup(tmp_path) -> Path:
    (tmp_path / "media" / "scans").mkdir(parents=True)
    (tmp_path / "media" / "scans" / "one.pdf").write_bytes(b"%PDF" * 10_000)
    (tmp_path / "dump").write_bytes(b"PGDMP")
    manifest = dataclasses.replace(MANIFEST, checksums={})
    target = tmp_path / "backup.tar"
    assert write_archive(target, dump=tmp_path / "dump", media=tmp_path / "media", manifest=manifest, say=silent) == 1
    return target


def rewritten(backup: Path, change) -> Path:
    """Return a copy whose members went through `change(members)`, a dict of contents by name."""
    with tarfile.open(backup) as old:
        members = {member.name: old.extractfile(member).read() for member in old}
    change(members)
    copy = backup.with_name("changed.tar")
    with tarfile.open(copy, "w") as new:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            new.addfile(entry, BytesIO(content))
    return copy


def with_manifest(**changes):
    def change(members):
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()

    return change


def test_a_whole_one_is_unpacked(backup, tmp_path):
    manifest = unpack(backup, tmp_path / "out")
    assert dataclasses.replace(manifest, checksums={}) == MANIFEST
    assert manifest.files == 1
    assert (tmp_path / "out" / "media" / "scans" / "one.pdf").read_bytes() == b"%PDF" * 10_000


def test_what_is_unpacked_is_its_owner_s_alone(backup, tmp_path):
    unpack(backup, tmp_path / "out")
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "out").rglob("*")} == {0}


@pytest.mark.parametrize("name", ["database.dump", "media/scans/one.pdf"])
def test_a_single_changed_byte_is_found_and_named(backup, tmp_path, name):
    content = backup.read_bytes()
    with tarfile.open(backup) as opened:
        place = opened.getmember(name).offset_data
    backup.write_bytes(content[:place] + b"X" + content[place + 1 :])
    with pytest.raises(BackupRefused, match=f"damaged: {name} is not what was backed up"):
        unpack(backup, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda members: members.pop("manifest.json"), "not a backup"),
        (lambda members: members.pop("database.dump"), r"damaged: database\.dump"),
        (lambda members: members.pop("media/scans/one.pdf"), r"damaged: media/scans/one\.pdf"),
        (lambda members: members.update({"media/more.pdf": b"x"}), r"damaged: media/more\.pdf"),
        (lambda members: members.update({"manifest.json": b"no json"}), "not a backup"),
        (lambda members: members.update({"manifest.json": b"[]"}), "not a backup"),
        (with_manifest(checksums=None), "not a backup"),
        (with_manifest(strange="x"), "not a backup"),
        (with_manifest(format=2), "has format 2, this portal reads 1"),
    ],
)
def test_what_lacks_a_part_or_has_one_too_many_is_refused(backup, tmp_path, change, said):
    with pytest.raises(BackupRefused, match=said):
        unpack(rewritten(backup, change), tmp_path / "out")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "media/../../evil", "evil.sh", "media"])
def test_a_file_that_does_not_belong_there_is_refused_and_not_written(backup, tmp_path, name):
    source = rewritten(backup, lambda members: members.update({name: b"x"}))
    with pytest.raises(BackupRefused, match="not a backup"):
        unpack(source, tmp_path / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_is_refused(backup, tmp_path):
    with tarfile.open(backup, "a") as opened:
        entry = tarfile.TarInfo("media/passwd")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(entry)
    with pytest.raises(BackupRefused, match="not a backup"):
        unpack(backup, tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 300, 20_000, 43_000])
def test_a_cut_off_file_is_refused(backup, tmp_path, kept):
    backup.write_bytes(backup.read_bytes()[:kept])
    with pytest.raises(BackupRefused, match="not a backup"):
        unpack(backup, tmp_path / "out")


def test_a_file_that_is_deleted_meanwhile_is_left_out(tmp_path, monkeypatch):
    media = tmp_path / "media"
    media.mkdir()
    (media / "here.pdf").write_bytes(b"%PDF")
    (tmp_path / "dump").write_bytes(b"PGDMP")
    monkeypatch.setattr(archive, "uploaded_files", lambda _media: [media / "gone.pdf", media / "here.pdf"])
    manifest = dataclasses.replace(MANIFEST, checksums={})
    write_archive(tmp_path / "b.tar", dump=tmp_path / "dump", media=media, manifest=manifest, say=silent)
    assert unpack(tmp_path / "b.tar", tmp_path / "out").checksums.keys() == {"database.dump", "media/here.pdf"}


def test_what_a_killed_run_left_beside_the_files_is_none_of_them(tmp_path):
    (tmp_path / ".clinic-backup-x1").mkdir()
    (tmp_path / ".clinic-backup-x1" / "draft.tar").write_bytes(b"half")
    (tmp_path / "one.pdf").write_bytes(b"%PDF")
    assert uploaded_files(tmp_path) == [tmp_path / "one.pdf"]


def test_files_take_the_place_of_those_that_were_there(tmp_path):
    media, folder = tmp_path / "media", tmp_path / "media" / ".clinic-backup-x1"
    (folder / "media").mkdir(parents=True)
    (folder / "media" / "new.pdf").write_bytes(b"new")
    (media / "old.pdf").write_bytes(b"old")
    replace_files(folder / "media", media, aside=folder / "replaced")
    assert uploaded_files(media) == [media / "new.pdf"]


def test_a_backup_of_a_newer_portal_is_refused():
    refuse_newer(dataclasses.replace(MANIFEST, migrations=["core.0001_extensions", "somebody_elses_app.0007_any"]))
    with pytest.raises(BackupRefused, match=r"newer portal \(version 1\.0\.0, it has core\.9999_later\)"):
        refuse_newer(dataclasses.replace(MANIFEST, migrations=["core.9999_later"]))


class TestCommands:
    """What is refused before the database is asked."""

    def test_a_backup_into_nowhere_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match=r"There is no folder .*/nowhere; make it first"):
            call_command("backup", tmp_path / "nowhere" / "clinic.tar")

    def test_a_backup_onto_a_folder_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match="is a folder; name a file"):
            call_command("backup", tmp_path, "--force")

    def test_a_file_that_exists_is_kept(self, tmp_path):
        (tmp_path / "clinic.tar").write_bytes(b"older")
        with pytest.raises(CommandError, match="exists already"):
            call_command("backup", tmp_path / "clinic.tar")

    def test_a_restore_from_nothing_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match=r"There is no file .*clinic\.tar"):
            call_command("restore", tmp_path / "clinic.tar")
