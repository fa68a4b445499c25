"""Merging two records of one person, field by field; every row that it touches is recorded, so that it can be undone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, InvalidInput, StaleVersion
from apps.events.services import emit
from apps.organizations.permissions import Permission
from apps.patients.dates import PartialDate
from apps.patients.merging import fields as choosing
from apps.patients.merging.ledger import Ledger
from apps.patients.merging.preview import findings_of, pair_of
from apps.patients.merging.references import references
from apps.patients.merging.rules import Finding, Pair, all_rules, settle
from apps.patients.models import ContactPoint, ContactSystem, Identifier, Merge, Patient
from apps.patients.services.records import index_patient

log = structlog.get_logger(__name__)
Result = TypeVar("Result")
ATTEMPTS = 3
DEADLOCK = "40P01"


class MergeBlocked(Conflict):
    """Something must be settled before the two can be merged; `extra` has all of it as `findings`."""

    code = "merge_blocked"


class MergeDoubtful(InvalidInput):
    """The two differ as two people do, and nobody said that they are one; `extra` has every doubt as `findings`."""

    code = "merge_doubtful"


def merge_patients(
    *,
    survivor: Patient,
    duplicate: Patient,
    fields: Mapping[str, Any] | None = None,
    survivor_version: int | None = None,
    duplicate_version: int | None = None,
    despite_doubts: bool = False,
    actor: Actor,
) -> Merge:
    """Make the duplicate a part of the survivor, and return the record of what that changed.

    `fields` maps fields to `survivor`, `duplicate`, `both` (alerts, tags, note) or `Own(value)`; those not named are
    proposed as `merging.fields.compare` does. Of phones and e-mails both records' stay, the choice says whose come first.
    `despite_doubts` says that somebody compared the two and is sure: without it, what speaks for two people is refused.

    One transaction (a savepoint within one, tried again after a deadlock). Locks what tables' rules ask for, then both
    patients in the order of their ids, so that nothing is written for either meanwhile; what waits is written for the
    survivor (`patients_follow_merge`). One statement per table, however many rows. Raises InvalidInput for fields,
    StaleVersion when somebody saved a record since, MergeBlocked with everything that must be settled first, and
    MergeDoubtful (field `despite_doubts`) with every doubt.
    """
    actor.require(Permission.PATIENTS_MERGE)
    pair_of(survivor, duplicate)
    wanted = choosing.checked(fields or {}, organization=survivor.organization)
    versions = {survivor.pk: survivor_version, duplicate.pk: duplicate_version}
    return without_deadlock(lambda: _merge(survivor.pk, duplicate.pk, wanted, versions, despite_doubts, actor))


def without_deadlock(work: Callable[[], Result]) -> Result:
    """Do the work in a transaction (a savepoint within one); when others' locks cross ours, once more. Never a failure."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
                raise
            log.warning("patients.merge_deadlock", attempt=attempt)
    raise Conflict(_("Others are changing these records just now. Try again in a moment."), code="busy")


def _merge(
    survivor_id: uuid.UUID,
    duplicate_id: uuid.UUID,
    wanted: Mapping[str, Any],
    versions: Mapping[uuid.UUID, int | None],
    despite_doubts: bool,
    actor: Actor,
) -> Merge:
    pair = lock_pair(survivor_id, duplicate_id)
    _refuse_stale(pair, versions)
    _refuse_findings(findings_of(pair), despite_doubts=despite_doubts)
    choices: dict[str, Any] = {field.name: field.proposed for field in choosing.compare(pair)}
    choices.update(wanted)
    values = choosing.chosen_values(pair, choices)
    merge = _begin(pair, choices, actor)
    ledger = Ledger(pair, merge, choices)
    try:
        with transaction.atomic():
            for reference in references():
                settle(ledger, reference)
            for reference in references():
                ledger.repoint(reference)
    except IntegrityError as error:
        raise MergeBlocked(_two_in_one_place(violated_constraint(error))) from error
    changes = _take_over(ledger, values)
    _become_part(pair, merge.created_at)
    ledger.save()
    emit(
        "patient.merged",
        subject=pair.survivor,
        actor=actor,
        patient_id=pair.survivor.pk,
        changes=changes,
        payload={
            "merge_id": str(merge.pk),
            "duplicate_id": str(pair.duplicate.pk),
            "duplicate_number": pair.duplicate.record_number,
            "moved": {label: n for label, n in ledger.moved.items() if n},
        },
    )
    return merge


def lock_pair(survivor_id: uuid.UUID, duplicate_id: uuid.UUID) -> Pair:
    """Return both records as they are now, locked against every row that would point to them, until the commit."""
    before = _load(survivor_id, duplicate_id)
    for rule in all_rules():
        if rule.lock is not None:
            rule.lock(before)
    list(
        Patient.objects.select_for_update()
        .filter(pk__in=[survivor_id, duplicate_id])
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    return _load(survivor_id, duplicate_id)


def _load(survivor_id: uuid.UUID, duplicate_id: uuid.UUID) -> Pair:
    rows = Patient.objects.select_related("organization").in_bulk([survivor_id, duplicate_id])
    return pair_of(rows[survivor_id], rows[duplicate_id])


def _refuse_stale(pair: Pair, versions: Mapping[uuid.UUID, int | None]) -> None:
    for patient in (pair.survivor, pair.duplicate):
        read = versions[patient.pk]
        if read is not None and read != patient.version:
            raise StaleVersion(
                _("Somebody else saved %(name)s meanwhile. Compare the fields, then save again.")
                % {"name": patient.full_name},
                current=patient.version,
                conflicts=[{"field": "version", "patient": str(patient.pk), "current": patient.version, "yours": read}],
            )


def _refuse_findings(findings: Sequence[Finding], *, despite_doubts: bool) -> None:
    """Refuse what must be settled first, then what somebody must be sure about."""
    blocking = [finding for finding in findings if finding.blocks]
    if blocking:
        raise MergeBlocked(blocking[0].message, extra=_as_extra(blocking))
    doubts = [finding for finding in findings if finding.doubt]
    if doubts and not despite_doubts:
        message = _(
            "These may be two people. Compare the records; if they are of one person, confirm that to merge them."
        )
        errors = {"despite_doubts": [finding.message for finding in doubts]}
        raise MergeDoubtful(message, errors=errors, extra=_as_extra(doubts))


def _as_extra(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"findings": [{"code": finding.code, "message": finding.message} for finding in findings]}


def _begin(pair: Pair, choices: Mapping[str, Any], actor: Actor) -> Merge:
    merge: Merge = Merge.objects.create(
        organization=pair.organization,
        survivor=pair.survivor,
        duplicate=pair.duplicate,
        fields={
            name: choosing.VALUE if isinstance(choice, choosing.Own) else choice for name, choice in choices.items()
        },
        archived_at=pair.duplicate.archived_at,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:120],
    )
    return merge


def _two_in_one_place(constraint: str) -> str:
    message = _("Both records have something that one record may have only once (%(what)s). Settle one of them first.")
    return message % {"what": constraint.replace("_", " ")}


def _take_over(ledger: Ledger, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give the survivor the chosen values; return what changed, as an event says it."""
    survivor = ledger.pair.survivor
    changes = {
        name: [plain(choosing.value_of(survivor, name)), plain(value)]
        for name, value in values.items()
        if choosing.value_of(survivor, name) != value
    }
    with ledger.watch(Patient, [survivor.pk]):
        for name, value in values.items():
            choosing.give(survivor, name, value)
        save_indexed(survivor)
    return changes


def _become_part(pair: Pair, at: dt.datetime) -> None:
    duplicate = pair.duplicate
    duplicate.merged_into = pair.survivor
    duplicate.archived_at = duplicate.archived_at or at
    save_indexed(duplicate)


def save_indexed(patient: Patient) -> None:
    """Save a locked record as a new version, found by the addresses and numbers that it has now; three queries."""
    points = list(ContactPoint.objects.filter(patient=patient).values_list("system", "value"))
    index_patient(
        patient,
        phones=[value for system, value in points if system == ContactSystem.PHONE],
        emails=[value for system, value in points if system == ContactSystem.EMAIL],
        identifiers=list(Identifier.objects.filter(patient=patient).values_list("value", flat=True)),
    )
    patient.version += 1
    patient.save()


def plain(value: Any) -> Any:
    """Return a value as an event stores it."""
    return value.isoformat() if isinstance(value, dt.date | PartialDate) else value
