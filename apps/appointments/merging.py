"""What happens with visits, waitlist entries and booking blocks when two records of one person are merged."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, F, Max, Min, Q, QuerySet, Window
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from apps.appointments.models import (
    BUSY_STATUSES,
    OPEN_STATUSES,
    OPEN_WAITS,
    Appointment,
    AppointmentSeries,
    CancelReason,
    ImportRow,
    OnlineBookingBlock,
    Status,
    WaitlistEntry,
    WaitStatus,
)
from apps.appointments.services.placing import emit_change
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.core.actors import Actor
from apps.core.together import moment, read_together
from apps.patients.merging.ledger import Ledger
from apps.patients.merging.rules import Answers, Finding, Moving, Pair, Rule, register
from apps.patients.models import Patient

VISIT_COLUMNS = ("start", "end", "status")
VISIT_NAMES = {
    "type": F("appointment_type__name"),
    "zone": F("location__timezone"),
    "prefix": F("practitioner__prefix"),
    "given": F("practitioner__given_name"),
    "family": F("practitioner__family_name"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as far as a merge looks at it; times are on the location's wall clock."""

    id: str
    start: dt.datetime
    end: dt.datetime
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two visits, or holds, of the two records that overlap."""

    mine: Visit
    theirs: Visit

    @property
    def holds(self) -> list[Visit]:
        """Return those of the two that are only held."""
        return [visit for visit in (self.mine, self.theirs) if visit.status == Status.HELD]

    def is_over(self, now: dt.datetime) -> bool:
        """Tell whether both lie behind: then it was one visit that was written down twice."""
        return all(visit.end <= now or visit.status not in OPEN_STATUSES for visit in (self.mine, self.theirs))

    @property
    def mistaken(self) -> Visit:
        """Return the one that did not happen: the one that nobody completed, else the duplicate's."""
        if self.theirs.status == Status.FULFILLED and self.mine.status != Status.FULFILLED:
            return self.mine
        return self.theirs


def ask_visits(pair: Pair) -> list[QuerySet]:
    """Ask for the busy visits of each that overlap one of the other's, in the order of their start.

    One pass over both, sorted: a visit overlaps when one of the other's that began before ends after its start, or one that
    begins after does so before its end. A join on ranges would compare each with each: row-level security keeps it from the index.
    """
    mine, theirs = Q(patient=pair.survivor.pk), Q(patient=pair.duplicate.pk)
    visits = Appointment.objects.for_organization(pair.organization).filter(mine | theirs, status__in=BUSY_STATUSES)
    visits = visits.annotate(
        mine_ended=_until_here(Max("end", filter=mine), "start"),
        mine_begins=_until_here(Min("start", filter=mine), "-start"),
        theirs_ended=_until_here(Max("end", filter=theirs), "start"),
        theirs_begins=_until_here(Min("start", filter=theirs), "-start"),
    )
    # Who it is must stand beside the windows in one condition: by itself it would take the other's visits out of them.
    overlaps = (mine & (Q(theirs_ended__gt=F("start")) | Q(theirs_begins__lt=F("end")))) | (
        theirs & (Q(mine_ended__gt=F("start")) | Q(mine_begins__lt=F("end")))
    )
    return [visits.filter(overlaps).order_by("start").values("id", *VISIT_COLUMNS, of=F("patient"), **VISIT_NAMES)]


def _until_here(value: Aggregate, order: str) -> Window:
    """Return the value over the rows up to each and its equals: a frame that only grows costs one step a row."""
    return Window(value, order_by=order)


def clashes_of(pair: Pair, answers: Answers) -> list[Clash]:
    """Return which of the visits that `ask_visits` found can't be one patient's at once."""
    mine, theirs = (
        [_visit(row) for row in answers[0] if row["of"] == str(patient.pk)]
        for patient in (pair.survivor, pair.duplicate)
    )
    return [Clash(one, other) for one in mine for other in theirs if one.start < other.end and other.start < one.end]


def clashes(pair: Pair) -> list[Clash]:
    """Return the busy visits of both that one patient can't have at once; one query."""
    return clashes_of(pair, read_together(*ask_visits(pair)))


def _visit(row: dict[str, Any]) -> Visit:
    zone = ZoneInfo(row["zone"])
    start, end = (moment(row[name]).astimezone(zone) for name in ("start", "end"))
    name = " ".join(row[part] for part in ("prefix", "given", "family") if row[part])
    parts = [date_format(start, "j M Y, H:i"), row["type"], name]
    return Visit(row["id"], start, end, row["status"], ", ".join(parts))


def find_visits(pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say which visits are in the way, and which were written down twice."""
    now = timezone.now()
    for clash in clashes_of(pair, answers):
        if clash.holds:
            continue
        if clash.is_over(now):
            text = _("A visit stands in both records: %(visit)s. One of the two is marked as booked by mistake.")
            yield Finding("visit_twice", text % {"visit": clash.mine.text})
        else:
            text = _("Both have a visit at the same time: %(one)s, and %(other)s. Cancel or move one of them first.")
            yield Finding(
                "visits_overlap",
                text % {"one": clash.mine.text, "other": clash.theirs.text},
                blocks=True,
                url=reverse("appointments:detail", args=[clash.theirs.id]),
            )


def settle_visits(ledger: Ledger) -> None:
    """Let go of overlapping holds, and take visits that were written down twice out of the book."""
    found = clashes(ledger.pair)
    holds = [uuid.UUID(hold.id) for clash in found for hold in clash.holds]
    mistaken = [uuid.UUID(clash.mistaken.id) for clash in found if not clash.holds]
    with ledger.watch(Appointment, holds):
        Appointment.objects.filter(pk__in=holds).update(patient=None)
    with ledger.watch(Appointment, mistaken):
        Appointment.objects.filter(pk__in=mistaken).update(
            status=Status.CANCELLED,
            cancelled_at=timezone.now(),
            cancel_reason=CancelReason.MISTAKE,
            cancel_note=_("Written down twice, in two records of one person"),
            previous_status="",
        )


def lock(pair: Pair) -> None:
    """Take the clinic's waitlist before the patients, as everybody does who writes on both."""
    lock_waitlist(pair.organization)


def give_over(_gives: Patient, _gets: Patient, ids: Sequence[uuid.UUID], actor: Actor) -> None:
    """Plan the messages of visits ahead anew, for whom they are now, and let the former patient's links go."""
    ahead = Appointment.objects.filter(pk__in=ids, status__in=OPEN_STATUSES, end__gt=timezone.now())
    ahead.update(version=F("version") + 1, link_version=F("link_version") + 1)
    for visit in ahead.order_by("start", "pk"):
        emit_change("given_over", visit, actor=actor, tell_patient=False)


def ask_waiting(pair: Pair) -> list[QuerySet]:
    """Ask for the open entries of both."""
    columns = {"type": F("appointment_type"), "name": F("appointment_type__name")}
    return [
        entries.filter(status__in=OPEN_WAITS).order_by("created_at").values("id", "status", "created_at", **columns)
        for entries in pair.of_both(WaitlistEntry)
    ]


def waiting_twice(answers: Answers) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the open entries of both for one type, the one that goes on first."""
    mine = {entry["type"]: entry for entry in answers[0]}
    both = [(mine[entry["type"]], entry) for entry in answers[1] if entry["type"] in mine]
    return [_longer_waiting_first(one, other) for one, other in both]


def _longer_waiting_first(one: dict[str, Any], other: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    def order(entry: dict[str, Any]) -> tuple[bool, dt.datetime]:
        return entry["status"] != WaitStatus.OFFERED, moment(entry["created_at"])

    first, second = sorted((one, other), key=order)
    return first, second


def find_waiting(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say where both wait for the same, and where an offer is open to both."""
    for first, second in waiting_twice(answers):
        name = {"type": second["name"]}
        if first["status"] == second["status"] == WaitStatus.OFFERED:
            text = _("Both were just offered a time for %(type)s. Wait for an answer, or take one offer back first.")
            yield Finding("offers_open", text % name, blocks=True)
        else:
            text = _("Both wait for %(type)s. The entry that has waited longer goes on, the other one ends.")
            yield Finding("waits_twice", text % name)


def settle_waiting(ledger: Ledger) -> None:
    """End one of two entries for the same type."""
    answers = read_together(*ask_waiting(ledger.pair))
    ending = [uuid.UUID(second["id"]) for _first, second in waiting_twice(answers)]
    with ledger.watch(WaitlistEntry, ending):
        WaitlistEntry.objects.filter(pk__in=ending).update(status=WaitStatus.REMOVED, version=F("version") + 1)


def ask_blocks(pair: Pair) -> list[QuerySet]:
    """Ask for the open block of each."""
    return [blocks.filter(lifted_at__isnull=True).values("id")[:1] for blocks in pair.of_both(OnlineBookingBlock)]


def find_blocks(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say that a block of booking alone comes along."""
    mine, theirs = answers
    if theirs and not mine:
        yield Finding("online_block", _("One record may not book online. That will count for both."))


def settle_blocks(ledger: Ledger) -> None:
    """Keep the survivor's open block where both are blocked."""
    mine = ledger.pair.of_survivor(OnlineBookingBlock).filter(lifted_at__isnull=True).first()
    theirs = ledger.pair.of_duplicate(OnlineBookingBlock).filter(lifted_at__isnull=True).first()
    if mine is not None and theirs is not None:
        ledger.drop(OnlineBookingBlock, {theirs.pk: mine.pk})


def register_merging() -> None:
    """Say what happens with the tables of appointments."""
    register(
        Appointment,
        Rule(
            noun=ngettext_lazy("%(n)d visit", "%(n)d visits", "n"),
            ask=ask_visits,
            find=find_visits,
            settle=settle_visits,
            moving=Moving(
                text=lambda row, _organization: _visit(row).text,
                columns=VISIT_COLUMNS,
                named=VISIT_NAMES,
                # A visit of a series stays with the series, a hold is nobody's visit yet.
                only=Q(series__isnull=True) & ~Q(status=Status.HELD),
                follow=give_over,
                refusals={
                    "appointment_patient_not_double_booked": gettext_lazy(
                        "%(name)s has another visit at the same time. Cancel or move one of the two first."
                    )
                },
            ),
        ),
    )
    register(AppointmentSeries, Rule(noun=ngettext_lazy("%(n)d series", "%(n)d series", "n")))
    register(
        WaitlistEntry,
        Rule(
            noun=ngettext_lazy("%(n)d waitlist entry", "%(n)d waitlist entries", "n"),
            lock=lock,
            ask=ask_waiting,
            find=find_waiting,
            settle=settle_waiting,
            moving=Moving(
                text=lambda row, _organization: str(row["type"]),
                named={"type": F("appointment_type__name")},
                only=Q(status=WaitStatus.WAITING),
                refusals={
                    "waitlist_has_a_patient_once_per_type": gettext_lazy(
                        "%(name)s waits for the same already. Take one of the two off the waitlist."
                    )
                },
            ),
        ),
    )
    register(
        OnlineBookingBlock,
        Rule(
            noun=ngettext_lazy("%(n)d booking block", "%(n)d booking blocks", "n"),
            ask=ask_blocks,
            find=find_blocks,
            settle=settle_blocks,
        ),
    )
    register(ImportRow, Rule(noun=ngettext_lazy("%(n)d imported row", "%(n)d imported rows", "n")))
