"""After an unmerge: a person gives what was made while two records were one to whom it belongs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.events.services import Happening, emit_many
from apps.organizations.permissions import Permission
from apps.patients.merging.leftovers import Kind, leftovers_of, rows_of
from apps.patients.merging.living import require_living
from apps.patients.merging.preview import pair_of
from apps.patients.merging.rules import Pair, all_moving
from apps.patients.models import Merge, Patient
from apps.patients.services.merging import lock_pair, save_indexed, without_deadlock

MOST_AT_ONCE = 500


def list_leftovers(*, merge: Merge, actor: Actor) -> list[Kind]:
    """Return what may be moved after the unmerge; four queries, fewer for a merge whose patients were read."""
    actor.require(Permission.PATIENTS_MERGE)
    _require_undone(merge)
    return leftovers_of(merge, pair_of(merge.survivor, merge.duplicate))


def move_leftovers(
    *, merge: Merge, to: uuid.UUID, rows: Mapping[str, Collection[uuid.UUID]], actor: Actor
) -> dict[str, int]:
    """Give rows that were made while the records were one to one of the two; return how many, by table's label.

    `rows` are ids by label. One transaction, with the locks of a merge: nobody books for either meanwhile. Rows that
    are with that patient already stay. What hangs on a row comes along (a thread's files and messages; a visit's
    reminders are planned anew). Raises InvalidInput for a patient or rows that are none of this merge's, Conflict when
    the merge stands, when either was merged since, and when the other has something that leaves no room.
    """
    actor.require(Permission.PATIENTS_MERGE)
    return without_deadlock(lambda: _move(merge.pk, to, {label: set(ids) for label, ids in rows.items()}, actor))


def _move(pk: uuid.UUID, to: uuid.UUID, wanted: Mapping[str, set[uuid.UUID]], actor: Actor) -> dict[str, int]:
    merge, pair = _lock(pk)
    if to not in (pair.survivor.pk, pair.duplicate.pk):
        raise _refused("to", _("Choose one of the two records that were separated."))
    gets, gives = (pair.survivor, pair.duplicate) if to == pair.survivor.pk else (pair.duplicate, pair.survivor)
    if not any(wanted.values()):
        raise _refused("rows", _("Choose what is to move."))
    if sum(map(len, wanted.values())) > MOST_AT_ONCE:
        raise _refused("rows", _("Move at most %(n)d at once.") % {"n": MOST_AT_ONCE})
    moved = {label: ids for label, ids in _repoint(merge, pair, gives, gets, wanted, actor).items() if ids}
    if not moved:
        return {}
    for patient in (pair.survivor, pair.duplicate):
        patient.refresh_from_db()
        save_indexed(patient)
    payload = {
        "merge_id": str(merge.pk),
        "from_id": str(gives.pk),
        "to_id": str(gets.pk),
        "moved": {label: sorted(map(str, ids)) for label, ids in moved.items()},
    }
    emit_many(
        "patient.rows_moved",
        [
            Happening(one, one.pk, {}, payload | {"other_number": other.record_number})
            for one, other in ((gives, gets), (gets, gives))
        ],
        actor=actor,
    )
    return {label: len(ids) for label, ids in moved.items()}


def _lock(pk: uuid.UUID) -> tuple[Merge, Pair]:
    found = Merge.objects.filter(pk=pk).values_list("survivor_id", "duplicate_id").first()
    if found is None:
        raise NotFound(_("There is no such merge here."))
    pair = lock_pair(*found)
    merge = Merge.objects.select_for_update().get(pk=pk)
    _require_undone(merge)
    for patient in (pair.survivor, pair.duplicate):
        require_living(patient)
    return merge, pair


def _require_undone(merge: Merge) -> None:
    if merge.undone_at is None:
        raise Conflict(_("The two records are one. Unmerge them first."), code="not_undone")


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors={field: [message]})


def _repoint(
    merge: Merge, pair: Pair, gives: Patient, gets: Patient, wanted: Mapping[str, set[uuid.UUID]], actor: Actor
) -> dict[str, list[uuid.UUID]]:
    tables = {model._meta.label: (model, moving) for model, moving in all_moving().items()}
    unknown = sorted(wanted.keys() - tables.keys())
    if unknown:
        text = _("Rows of these can't be moved: %(labels)s. Possible: %(known)s.")
        raise _refused("rows", text % {"labels": ", ".join(unknown), "known": ", ".join(tables)})
    moved: dict[str, list[uuid.UUID]] = {}
    for label, (model, moving) in tables.items():
        ids = wanted.get(label, set())
        if not ids:
            continue
        rows = rows_of(merge, pair, model, moving).filter(pk__in=ids)
        owners = dict(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", "patient_id"))
        if owners.keys() != ids:
            text = _(
                "Some of these can't be moved any more: they were changed, or moved elsewhere. Look at the list again."
            )
            gone = {"rows": sorted(str(pk) for pk in ids - owners.keys())}
            raise Conflict(text, code="not_movable", extra=gone)
        going = [row for row, owner in owners.items() if owner == gives.pk]
        try:
            with transaction.atomic():
                model._default_manager.filter(pk__in=going).update(patient=gets)
        except IntegrityError as error:
            raise _no_room(error, gets, moving.refusals) from error
        if going and moving.follow is not None:
            moving.follow(gives, gets, going, actor)
        moved[label] = going
    return moved


def _no_room(error: IntegrityError, gets: Patient, refusals: Mapping[str, object]) -> Conflict:
    constraint = violated_constraint(error)
    fallback = _("%(name)s has something that can't stand beside this (%(what)s). Settle that first.")
    text = str(refusals.get(constraint, fallback))
    return Conflict(text % {"name": gets.full_name, "what": constraint.replace("_", " ")}, code="no_room")
