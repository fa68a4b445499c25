"""Who waits: onto the list, changed, off it, and back when that was a slip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.models import (
    OPEN_WAITS,
    Appointment,
    AppointmentType,
    OfferStatus,
    PractitionerType,
    Urgency,
    WaitlistEntry,
    WaitStatus,
)
from apps.appointments.services.placing import plain
from apps.appointments.services.waitlist.ground import (
    close_offer,
    emit_entry,
    load_entry,
    lock_waitlist,
    open_offer_of,
)
from apps.appointments.waiting import LONGEST_WINDOW, days_left
from apps.core.actors import Actor
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, StaleVersion
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

EDITABLE_FIELDS = (
    "practitioner",
    "location",
    "earliest_date",
    "latest_date",
    "weekdays",
    "from_time",
    "until_time",
    "urgency",
    "note",
    "moves",
)
MOST_NOTE = 300


@transaction.atomic
def add_to_waitlist(
    *,
    organization: Organization,
    patient: Patient,
    appointment_type: AppointmentType,
    earliest_date: dt.date,
    latest_date: dt.date,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    weekdays: Sequence[int] = (),
    from_time: dt.time | None = None,
    until_time: dt.time | None = None,
    urgency: int = Urgency.ROUTINE,
    note: str = "",
    moves: Appointment | None = None,
    actor: Actor,
) -> WaitlistEntry:
    """Let a patient wait for a type of visit within a window (dates inclusive, times half-open, on the location's wall).

    With `moves`, a later visit of theirs, taking an offer moves that one. Locks the waitlist. Raises InvalidInput that
    names each wrong field, Conflict (code `already_waiting`, with the entry's id) for a second entry of the same type,
    NotFound for foreign objects.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    require_same_organization(organization, patient, appointment_type, practitioner, location, moves)
    lock_waitlist(organization)
    entry = WaitlistEntry(
        organization=organization,
        patient=patient,
        appointment_type=appointment_type,
        practitioner=practitioner,
        location=location,
        earliest_date=earliest_date,
        latest_date=latest_date,
        weekdays=sorted(set(weekdays)),
        from_time=from_time,
        until_time=until_time,
        urgency=urgency,
        note=note.strip(),
        moves=moves,
    )
    _check_who_and_what(entry)
    _check(entry)
    _refuse_twice(entry)
    entry.save(force_insert=True)
    emit_entry("added", entry, actor=actor)
    return entry


@transaction.atomic
def change_waitlist_entry(
    *, entry: WaitlistEntry, changes: Mapping[str, Any], version: int | None = None, actor: Actor
) -> WaitlistEntry:
    """Change what somebody waits for; an offer that they have already stays. Locks the waitlist.

    Raises InvalidTransition for an entry that is over, StaleVersion, InvalidInput that names each wrong field.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    _refuse_unknown(changes)
    lock_waitlist(entry.organization)
    current = load_entry(entry.pk)
    _require_open(current)
    given = dict(changes)
    if "weekdays" in given:
        given["weekdays"] = sorted(set(given["weekdays"]))
    if "note" in given:
        given["note"] = given["note"].strip()
    if current.moves is not None and not current.moves.is_open:
        given.setdefault("moves", None)  # the visit it would have moved is over: an offer books a new one
    differing = {
        name: (getattr(current, name), value) for name, value in given.items() if getattr(current, name) != value
    }
    if version is not None and version != current.version:
        raise StaleVersion(
            _("Somebody else changed this entry meanwhile. Look at it again, then save."),
            current=current.version,
            conflicts=[
                {"field": name, "current": _plain(now), "yours": _plain(yours)}
                for name, (now, yours) in differing.items()
            ],
        )
    if not differing:
        return current
    for name, (_before, after) in differing.items():
        setattr(current, name, after)
    require_same_organization(current.organization, current.practitioner, current.location, current.moves)
    _check(current)
    current.version += 1
    current.save()
    told = {name: [_plain(before), _plain(after)] for name, (before, after) in differing.items() if name != "note"}
    emit_entry("changed", current, actor=actor, changes=told, fields=sorted(differing))
    return current


@transaction.atomic
def remove_from_waitlist(*, entry: WaitlistEntry, actor: Actor) -> WaitlistEntry:
    """Take somebody off the list; a time that was offered to them goes to the next. A second call changes nothing.

    Raises InvalidTransition for an entry that was booked or whose window is over.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    lock_waitlist(entry.organization)
    current = load_entry(entry.pk)
    if current.status == WaitStatus.REMOVED:
        return current
    _require_open(current)
    offer = open_offer_of(current)
    if offer is not None:
        why = _("The patient was taken off the waitlist.")
        close_offer(offer, OfferStatus.WITHDRAWN, by="staff", why=why, actor=actor, hand_on=True)
    before, current.status = current.status, WaitStatus.REMOVED
    current.version += 1
    current.save(update_fields=["status", "version", "updated_at"])
    emit_entry("removed", current, actor=actor, changes={"status": [before, current.status]})
    return current


@transaction.atomic
def restore_to_waitlist(*, entry: WaitlistEntry, actor: Actor) -> WaitlistEntry:
    """Put somebody who was taken off back where they stood; they have waited since the first day.

    Raises InvalidTransition unless it was removed and its window goes on, Conflict when they wait for the same again.
    """
    actor.require(Permission.APPOINTMENTS_MANAGE)
    lock_waitlist(entry.organization)
    current = load_entry(entry.pk)
    if current.status != WaitStatus.REMOVED:
        raise InvalidTransition(_("There is nothing to undo."), extra={"current_status": current.status})
    if current.latest_date < current.organization.today():
        raise InvalidTransition(_("The window is over. Add the patient with a new one."))
    _refuse_twice(current)
    current.status = WaitStatus.WAITING
    current.version += 1
    current.save(update_fields=["status", "version", "updated_at"])
    emit_entry("restored", current, actor=actor, changes={"status": [WaitStatus.REMOVED, current.status]})
    return current


def _require_open(entry: WaitlistEntry) -> None:
    if not entry.is_open:
        raise InvalidTransition(
            _("This entry is over: %(status)s. Add the patient again.")
            % {"status": entry.get_status_display().lower()},
            extra={"current_status": entry.status},
        )


def _refuse_unknown(changes: Mapping[str, Any]) -> None:
    unknown = sorted(set(changes) - set(EDITABLE_FIELDS))
    if unknown:
        raise InvalidInput(
            _("These can't be changed: %(fields)s.") % {"fields": ", ".join(unknown)},
            errors={field: [_("Can't be changed.")] for field in unknown},
        )


def _refuse_twice(entry: WaitlistEntry) -> None:
    """The database forbids it too; this answer names the other entry."""
    twin = WaitlistEntry.objects.filter(
        organization_id=entry.organization_id,
        patient_id=entry.patient_id,
        appointment_type_id=entry.appointment_type_id,
        status__in=OPEN_WAITS,
    ).first()
    if twin is not None:
        raise Conflict(
            _("The patient is waiting for this type of visit already. Change that entry instead."),
            code="already_waiting",
            extra={"entry": str(twin.pk)},
        )


def _check_who_and_what(entry: WaitlistEntry) -> None:
    errors: dict[str, list[str]] = {}
    if entry.patient.archived_at is not None:
        errors["patient"] = [_("This patient's record is archived. Restore it first.")]
    if not entry.appointment_type.is_active:
        errors["appointment_type"] = [_("%(name)s can't be booked any more.") % {"name": entry.appointment_type.name}]
    _raise(errors)


def _check(entry: WaitlistEntry) -> None:
    """Raise InvalidInput that says for each field why nothing could ever be offered."""
    errors: dict[str, list[str]] = {}
    today = entry.organization.today()
    if entry.latest_date < entry.earliest_date:
        errors["latest_date"] = [_("Choose a date on or after the first one.")]
    elif entry.latest_date < today:
        errors["latest_date"] = [_("That day has passed. Choose one from today on.")]
    elif entry.latest_date - max(entry.earliest_date, today) > LONGEST_WINDOW:
        errors["latest_date"] = [_("Choose a date within a year.")]
    if any(day not in range(7) for day in entry.weekdays):
        errors["weekdays"] = [_("Weekdays are 0 (Monday) to 6 (Sunday).")]
    elif not errors and days_left(entry, today) == 0:
        errors["weekdays"] = [_("None of these weekdays lies between the dates.")]
    if entry.from_time is not None and entry.until_time is not None and entry.from_time >= entry.until_time:
        errors["until_time"] = [_("Choose a time after the first one.")]
    if entry.urgency not in Urgency.values:
        errors["urgency"] = [_("Choose one of: %(list)s.") % {"list": ", ".join(map(str, Urgency.values))}]
    if len(entry.note) > MOST_NOTE:
        errors["note"] = [_("At most %(number)d characters.") % {"number": MOST_NOTE}]
    errors |= _check_person_and_place(entry) | _check_moved_visit(entry)
    _raise(errors)


def _check_person_and_place(entry: WaitlistEntry) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    person, kind = entry.practitioner, entry.appointment_type
    if person is not None and not person.is_active:
        errors["practitioner"] = [_("%(name)s can't be booked any more.") % {"name": person.display_name}]
    elif (
        person is not None and not PractitionerType.objects.filter(practitioner=person, appointment_type=kind).exists()
    ):
        values = {"name": person.display_name, "type": kind.name}
        errors["practitioner"] = [_("%(name)s does not offer %(type)s.") % values]
    if entry.location is not None and not entry.location.is_active:
        errors["location"] = [_("%(name)s can't be booked any more.") % {"name": entry.location.name}]
    return errors


def _check_moved_visit(entry: WaitlistEntry) -> dict[str, list[str]]:
    moved = entry.moves
    if moved is None:
        return {}
    if moved.patient_id != entry.patient_id or moved.appointment_type_id != entry.appointment_type_id:
        return {"moves": [_("Choose a visit of this patient and of this type.")]}
    if not moved.is_open:
        return {"moves": [_("That visit is not booked any more. Leave it out to book a new one.")]}
    return {}


def _raise(errors: dict[str, list[str]]) -> None:
    if errors:
        raise InvalidInput(next(iter(errors.values()))[0], errors=errors)


def _plain(value: Any) -> Any:
    return plain(getattr(value, "pk", value))
