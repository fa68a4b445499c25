"""What people do with a file, whatever its rows are of: have it checked, import it, stop, forget it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor, ActorKind
from apps.core.errors import Conflict, InvalidInput
from apps.core.imports.models import AT_WORK, FileImport, FileImportRow, ImportStatus, RowState
from apps.core.imports.rows import insert_rows
from apps.core.tenancy import all_organizations
from apps.core.wake import wake

QUEUE = "slow"
ROWS_AT_ONCE = 2000
KEEP = dt.timedelta(days=30)
B = TypeVar("B", bound=FileImport)


@dataclass(frozen=True)
class ImportSteps(Generic[B]):
    """The steps of one kind of import. Each asks for the permissions, and locks the file.

    `event` begins the names of its events, which `emit` writes. `task` is what works on it. A file without a
    name is called `file_name`. `no_verdict` is what a row says before it was checked, beside what every row has.
    `fields` are those that a column can be; `missing` says, in words, what the chosen columns leave open.
    """

    batches: type[B]
    rows: type[FileImportRow]
    event: str
    task: str
    file_name: str
    permissions: tuple[str, ...]
    no_verdict: Mapping[str, Any]
    fields: Mapping[str, Any]
    missing: Callable[[B], list[str]]
    emit: Callable[..., object]

    def require(self, actor: Actor) -> None:
        """Raise NotAllowed for who may not import."""
        for permission in self.permissions:
            actor.require(permission)

    @transaction.atomic
    def keep(self, batch: B, rows: Iterable[tuple[int, Any]], *, actor: Actor) -> B:
        """Save a file that was read, with its rows by their lines."""
        batch.file_name = " ".join(batch.file_name.replace("\x00", "").split())[:120] or self.file_name
        _started_by(batch, actor)
        batch.save(force_insert=True)
        blank = self.rows(organization=batch.organization, batch=batch)
        count = sum(insert_rows(blank, some) for some in _in_parts(rows, ROWS_AT_ONCE))
        self.emit(f"{self.event}.uploaded", subject=batch, actor=actor, payload={"rows": count})
        return batch

    def open_for_check(self, batch: B, *, actor: Actor) -> B:
        """Return the file, locked, so that columns and options can be set. Raises Conflict once it is imported."""
        self.require(actor)
        locked = self.lock(batch)
        _require_status(locked, ImportStatus.UPLOADED, ImportStatus.CHECKED, ImportStatus.CHECKING)
        return locked

    def set_columns(self, locked: B, mapping: Mapping[str, int]) -> None:
        """Say which column is what, after all else that may be missing. Raises InvalidInput for what stays open."""
        width = len(locked.header)
        unknown = [name for name, place in mapping.items() if name not in self.fields or not 0 <= place < width]
        if unknown:
            raise _wrong(_("There is no such column or field: %(names)s.") % {"names": ", ".join(unknown)})
        locked.mapping = dict(mapping)
        missing = self.missing(locked)
        if missing:
            raise _wrong(_("Still to choose: %(list)s.") % {"list": "; ".join(missing)})

    def begin_check(self, locked: B, *, actor: Actor) -> B:
        """Save what was set, and let every row be checked anew in the background."""
        locked.status, locked.problem = ImportStatus.CHECKING, ""
        _started_by(locked, actor)
        locked.save()
        self._forget_verdicts(locked)
        wake(self.task, queue=QUEUE)
        return locked

    @transaction.atomic
    def choose_columns_again(self, *, batch: B, actor: Actor) -> B:
        """Go back from the checked rows to the columns."""
        locked = self.open_for_check(batch, actor=actor)
        locked.status = ImportStatus.UPLOADED
        locked.save(update_fields=["status", "updated_at"])
        self._forget_verdicts(locked)
        return locked

    @transaction.atomic
    def run(self, *, batch: B, actor: Actor) -> B:
        """Import the rows that can be had, in the background; repeating is fine. Also takes up one that was stopped."""
        self.require(actor)
        locked = self.lock(batch)
        if locked.status == ImportStatus.IMPORTING:
            return locked
        _require_status(locked, ImportStatus.CHECKED, ImportStatus.STOPPED)
        locked.status, locked.problem = ImportStatus.IMPORTING, ""
        _started_by(locked, actor)
        locked.save(update_fields=["status", "started_by", "started_by_key", "problem", "updated_at"])
        self.emit(f"{self.event}.started", subject=locked, actor=actor)
        wake(self.task, queue=QUEUE)
        return locked

    @transaction.atomic
    def stop(self, *, batch: B, actor: Actor) -> B:
        """Stop after the rows that are being imported; what was imported stays."""
        self.require(actor)
        locked = self.lock(batch)
        if locked.status == ImportStatus.IMPORTING:
            locked.status, locked.finished_at = ImportStatus.STOPPED, timezone.now()
            locked.save(update_fields=["status", "finished_at", "updated_at"])
            self.emit(f"{self.event}.stopped", subject=locked, actor=actor)
        return locked

    @transaction.atomic
    def discard(self, *, batch: B, actor: Actor) -> None:
        """Forget the file and what is known about its rows; what it brought stays. Not while it is imported."""
        self.require(actor)
        locked = self.lock(batch)
        if locked.status == ImportStatus.IMPORTING:
            raise Conflict(_("It is being imported. Stop it first."), code="import_at_work")
        self.emit(f"{self.event}.discarded", subject=locked, actor=actor)
        locked.delete()

    def finish(self, batch: B, *, actor: Actor) -> int:
        """Note that no row is left, and forget the texts of those that were here already; return how many it brought."""
        batch.status, batch.finished_at = ImportStatus.DONE, timezone.now()
        batch.save(update_fields=["status", "finished_at", "updated_at"])
        rows = self.rows.objects.filter(batch=batch)
        rows.filter(state=RowState.KNOWN).update(cells=[])
        imported: int = rows.filter(state=RowState.DONE).count()
        self.emit(f"{self.event}.finished", subject=batch, actor=actor, payload={"imported": imported})
        return imported

    def unfinished(self) -> models.QuerySet[B]:
        """Return what waits for the worker, oldest first; needs all organizations open."""
        return cast("models.QuerySet[B]", self.batches.objects.filter(status__in=AT_WORK).order_by("created_at"))

    def forget_old(self) -> int:
        """Delete what was uploaded a month ago, of every organization, with the rows' texts; return how many files.

        What was imported stays, and so do its numbers in the other system: the file may come again.
        """
        with all_organizations():
            old = self.batches.objects.filter(created_at__lt=timezone.now() - KEEP).exclude(status__in=AT_WORK)
            _rows, by_model = old.delete()
        count: int = by_model.get(self.batches._meta.label, 0)
        return count

    def lock(self, batch: B) -> B:
        """Return the file as it is now, locked."""
        return cast("B", self.batches.objects.select_for_update(no_key=True).get(pk=batch.pk))

    def claim(self, batch_id: uuid.UUID, *related: str) -> B | None:
        """Return the file for a piece of work, locked; None when another worker has it, or nobody wants it done."""
        found = (
            self.batches.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("organization", *related)
            .filter(pk=batch_id)
            .first()
        )
        return cast("B", found) if found is not None and found.is_at_work else None

    def _forget_verdicts(self, batch: B) -> None:
        blank = {"state": RowState.WAITING, "column": "", "code": "", "message": "", **self.no_verdict}
        self.rows.objects.filter(batch=batch).exclude(state=RowState.DONE).update(**blank)


def stop_without_starter(batch: FileImport) -> None:
    """Stop an import whose starter may do nothing any more, and say why."""
    if batch.status == ImportStatus.CHECKING:
        batch.status = ImportStatus.UPLOADED
    else:
        batch.status, batch.finished_at = ImportStatus.STOPPED, timezone.now()
    batch.problem = (
        _("The API key that started it was revoked or has expired. Start it again.")
        if batch.started_by_key_id
        else _("Whoever started it does not work here any more. Start it again yourself.")
    )
    batch.save(update_fields=["status", "problem", "finished_at", "updated_at"])


def _started_by(batch: FileImport, actor: Actor) -> None:
    """Note who the worker acts for: what that one may do is looked up again for every piece of the work."""
    batch.started_by_id = actor.id if actor.kind == ActorKind.USER else None
    batch.started_by_key_id = actor.id if actor.kind == ActorKind.API_KEY else None


def _in_parts(rows: Iterable[tuple[int, Any]], size: int) -> Iterator[list[tuple[int, Any]]]:
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"mapping": [message]})


def _require_status(batch: FileImport, *allowed: str) -> None:
    if batch.status not in allowed:
        raise Conflict(
            _("That is not possible any more: this file is “%(status)s”. Look at it again.")
            % {"status": batch.get_status_display()},
            code="import_moved_on",
        )
