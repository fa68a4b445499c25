"""The arrival board: the day's appointments in the words and tones that the front desk acts on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.absences import grace_minutes
from apps.appointments.models import Appointment, Status
from apps.core.shown import Shown
from apps.organizations.models import Location, Organization
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.models import full_name
from apps.portal.today import window
from apps.portal.today.reminders import Reminders
from apps.portal.today.window import Visit, Window
from apps.portal.today.words import LATE_AFTER, Badge, Facts, Step, clock, minutes, state_of, step_of
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner

FILTERS: dict[str, tuple[str, ...]] = {
    "all": (),
    "expected": (Status.BOOKED,),
    "waiting": (Status.ARRIVED,),
    "in-room": (Status.IN_PROGRESS,),
    "done": (Status.FULFILLED,),
    "missed": (Status.NO_SHOW,),
    "cancelled": (Status.CANCELLED,),
}
LATEST_FIRST = ("done", "missed", "cancelled")
# What a row says besides its facts, of five tables: values, because whole rows would cost four times as much.
SAID = (
    *("patient_id", "patient__given_name", "patient__family_name", "patient__name_latin", "patient__alerts"),
    *("patient__birth_date", "patient__birth_precision"),
    *("reason", "appointment_type__name", "practitioner_id", "room__name", "location__name"),
)
STILL_OPEN = frozenset({Status.BOOKED, Status.ARRIVED, Status.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class Row(Shown):
    """One line of the board, in the words that it shows; `opens_coming` is the first line after now.

    `is_absent`: the clinic's time of grace is over and the patient has not come. `group` are the words by which rows are
    chosen together.
    """

    id: str
    patient_id: str
    time: str
    minutes: str
    name: str
    latin: str
    alerts: str
    born: PartialDate | None
    reason: str
    who: str
    place: str
    badge: Badge
    evidence: str
    step: Step | None
    can_miss: bool
    is_absent: bool
    is_open: bool
    group: str
    is_past: bool
    opens_coming: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the day that is away, or was opened: what it is, and the time that opens it (`HH:MM`)."""

    label: str
    at: str


@dataclass(frozen=True, slots=True)
class Board:
    """The day: rows, what is folded away before and after them, where "now" falls, and the counts of each filter."""

    rows: list[Row]
    folded: Stretch | None
    opened: Stretch | None
    later: Stretch | None
    now_label: str
    to_come_label: str
    shows_now: bool
    is_over: bool
    counts: dict[str, int]
    summary: str
    practitioners: list[Practitioner]


def day_board(
    *,
    organization: Organization,
    day: dt.date,
    location: Location | None,
    practitioner_id: uuid.UUID | None = None,
    status_filter: str = "all",
    since: dt.time | None = None,
    until: dt.time | None = None,
    whole: bool = False,
    reminders: Reminders | None = None,
) -> Board:
    """Return the board of one local day; two queries and the reminders' one, whatever the number of visits.

    `since` and `until` (wall time) open what is folded before and after; `whole` shows every visit. Without
    `reminders` no row says how far one got.
    """
    zone = location.zone if location else organization.zone
    start, end = day_bounds(zone, day)
    visits, practitioners = _load(organization, start, end, location)
    if practitioner_id is not None:
        visits = [visit for visit in visits if visit.practitioner_id == practitioner_id]
    counts = _counts(visits)
    wanted = FILTERS.get(status_filter, ())
    listed = [v for v in visits if (v.status in wanted if wanted else v.status != Status.CANCELLED)]
    now = timezone.now()
    is_today = start <= now < end
    cut = (
        window.whole(listed)
        if whole
        else _cut(listed, now if is_today else None, status_filter, _at(day, since, zone), _at(day, until, zone))
    )
    coming = sum(visit.start > now for visit in listed)
    return Board(
        rows=_rows(organization, cut.shown, practitioners, now, zone, reminders),
        folded=Stretch(_fold_label(cut.folded, cut.folded_until, zone), clock(cut.since, zone)) if cut.folded else None,
        opened=Stretch(_fold_label(cut.opened, _following(cut), zone), "") if cut.opened else None,
        later=Stretch(_later_label(cut.later, zone), clock(cut.until, zone)) if cut.later else None,
        now_label=clock(now, zone),
        to_come_label=_("%(n)d still to come") % {"n": coming},
        shows_now=is_today and not wanted,
        is_over=not coming,
        counts=counts,
        summary=_summary(visits, counts),
        practitioners=practitioners,
    )


def _load(
    organization: Organization, start: dt.datetime, end: dt.datetime, location: Location | None
) -> tuple[list[Visit], list[Practitioner]]:
    """Load the little that counts, filters and folds need of every visit, and who sees patients that day; one query."""
    rows = Appointment.objects.for_organization(organization).real().filter(start__gte=start, start__lt=end)
    if location is not None:
        rows = rows.filter(location=location)
    found = rows.order_by("start", "practitioner__sort_order", "id").values_list(
        *("pk", "start", "status", "practitioner_id", "location_id", F("started_at") - F("arrived_at")),
        *("practitioner__sort_order", "practitioner__prefix"),
        *("practitioner__given_name", "practitioner__family_name"),
    )
    visits: list[Visit] = []
    people: dict[uuid.UUID, tuple[int, str, str, str]] = {}
    for row in found:
        visits.append(Visit._make(row[:6]))
        people[row[3]] = row[6:]
    known = [
        Practitioner(pk=pk, sort_order=order, prefix=prefix, given_name=given, family_name=family)
        for pk, (order, prefix, given, family) in people.items()
    ]
    return visits, sorted(known, key=lambda p: (p.sort_order, p.family_name))


def _counts(visits: Sequence[Visit]) -> dict[str, int]:
    counted = Counter(visit.status for visit in visits)
    counts = {key: sum(counted[s] for s in statuses) for key, statuses in FILTERS.items()}
    counts["all"] = len(visits) - counted[Status.CANCELLED]
    return counts


def _cut(
    visits: Sequence[Visit],
    now: dt.datetime | None,
    status_filter: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
) -> Window:
    """Choose the window: around now today, the latest of what is over, else from the beginning. `now` is None on other days."""
    if now is not None and not FILTERS.get(status_filter):
        return window.around_now(visits, now, since=since, until=until)
    if now is not None and status_filter in LATEST_FIRST:
        return window.latest(visits, since=since)
    return window.first(visits, until=until)


def _at(day: dt.date, time: dt.time | None, zone: dt.tzinfo) -> dt.datetime | None:
    return dt.datetime.combine(day, time, tzinfo=zone) if time is not None else None


def _rows(
    organization: Organization,
    visits: Sequence[Visit],
    people: Sequence[Practitioner],
    now: dt.datetime,
    zone: dt.tzinfo,
    reminders: Reminders | None,
) -> list[Row]:
    if not visits:
        return []
    found = Appointment.objects.for_organization(organization).filter(pk__in=[visit.id for visit in visits])
    grace = grace_minutes(organization)
    details = {values[0]: values[1:] for values in found.values_list("pk", *Facts._fields, *SAID, grace)}
    expected = {visit.id for visit in visits if visit.status == Status.BOOKED} if reminders else set()
    if reminders:
        reminders.ask(expected)
    names = {person.pk: person.short_name for person in people}
    coming = next((visit.id for visit in visits if visit.start > now), None)
    return [
        _row(
            visit.id,
            details[visit.id],
            names,
            now,
            zone,
            reminders.words(visit.id) if reminders and visit.id in expected else "",
            opens_coming=visit.id == coming,
        )
        for visit in visits
        if visit.id in details
    ]


def _row(
    pk: uuid.UUID,
    values: tuple[Any, ...],
    names: dict[uuid.UUID, str],
    now: dt.datetime,
    zone: dt.tzinfo,
    reminder: str,
    *,
    opens_coming: bool,
) -> Row:
    facts = Facts._make(values[: len(Facts._fields)])
    patient_id, given, family, latin, alerts, *further = values[len(facts) :]
    birth_date, precision, reason, kind, practitioner_id, room, place, grace = further
    is_absent = facts.status == Status.BOOKED and now - facts.start >= dt.timedelta(minutes=grace)
    badge, evidence = state_of(facts, now, zone, reminder)
    return Row(
        id=str(pk),
        patient_id=str(patient_id),
        time=clock(facts.start, zone),
        minutes=str(minutes(facts.end - facts.start)),
        name=full_name(given, family),
        latin=latin,
        alerts=", ".join(alerts),
        born=PartialDate(birth_date, BirthPrecision(precision)) if birth_date else None,
        reason=reason or kind,
        who=names.get(practitioner_id, ""),
        place=room or place,
        badge=badge,
        evidence=evidence,
        step=step_of(facts, now, zone),
        can_miss=facts.status == Status.BOOKED and facts.start < now,
        is_absent=is_absent,
        is_open=facts.status in STILL_OPEN,
        group=_group(facts, now, is_absent=is_absent),
        is_past=facts.status in window.PAST,
        opens_coming=opens_coming,
    )


def _group(facts: Facts, now: dt.datetime, *, is_absent: bool) -> str:
    """Return the words by which the row is chosen together with others."""
    if facts.status != Status.BOOKED:
        return {Status.ARRIVED: "waiting", Status.IN_PROGRESS: "in-room"}.get(Status(facts.status), "")
    words = ["expected", "late" if now - facts.start > LATE_AFTER else "", "absent" if is_absent else ""]
    return " ".join(word for word in words if word)


def _following(cut: Window) -> dt.datetime | None:
    """Return the time of the first line after what was opened."""
    opened = {visit.id for visit in cut.opened}
    return next(
        (visit.start for visit in cut.shown if visit.id not in opened and visit.start >= cut.opened[-1].start), None
    )


def _fold_label(visits: Sequence[Visit], until: dt.datetime | None, zone: dt.tzinfo) -> str:
    """Say what is folded and before when; visits that nobody closed are named, they are not finished."""
    counted = Counter(visit.status for visit in visits)
    waiting = len(visits) - sum(counted[status] for status in window.PAST)
    done, cancelled = counted[Status.FULFILLED], counted[Status.CANCELLED]
    words = {
        "n": len(visits),
        "done": done,
        "missed": len(visits) - done - waiting,
        "open": waiting,
        "time": clock(until or visits[-1].start, zone),
    }
    if waiting:
        return _("%(n)d visits before %(time)s, %(open)d of them still open") % words
    if cancelled == len(visits):
        return _("%(n)d cancelled before %(time)s") % words
    if not done:
        return _("%(missed)d missed before %(time)s") % words
    if words["missed"]:
        return _("%(done)d completed and %(missed)d missed before %(time)s") % words
    return _("%(done)d completed before %(time)s") % words


def _later_label(visits: Sequence[Visit], zone: dt.tzinfo) -> str:
    return _("%(n)d more from %(time)s on") % {"n": len(visits), "time": clock(visits[0].start, zone)}


def _summary(visits: Sequence[Visit], counts: dict[str, int]) -> str:
    places = len({visit.location_id for visit in visits})
    parts = [_("%(n)d booked") % {"n": counts["all"]}]
    if places > 1:
        parts.append(ngettext("%(n)d location", "%(n)d locations", places) % {"n": places})
    waits = [minutes(visit.waited) for visit in visits if visit.waited is not None]
    if waits:
        parts.append(_("average wait %(n)d min") % {"n": round(sum(waits) / len(waits))})
    return " · ".join(parts)
