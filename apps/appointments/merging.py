"""What happens with visits, waitlist entries and booking blocks when two records of one person are merged."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

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
from apps.appointments.services.waitlist.ground import lock_waitlist
from apps.patients.merging.ledger import Ledger
from apps.patients.merging.rules import Finding, Pair, Rule, register


@dataclass(frozen=True, slots=True)
class Clash:
    """Two visits, or holds, of the two records that overlap."""

    mine: Appointment
    theirs: Appointment

    @property
    def holds(self) -> list[Appointment]:
        """Return those of the two that are only held."""
        return [visit for visit in (self.mine, self.theirs) if visit.status == Status.HELD]

    def is_over(self, now: dt.datetime) -> bool:
        """Tell whether both lie behind: then it was one visit that was written down twice."""
        return all(visit.end <= now or visit.status not in OPEN_STATUSES for visit in (self.mine, self.theirs))

    @property
    def mistaken(self) -> Appointment:
        """Return the one that did not happen: the one that nobody completed, else the duplicate's."""
        if self.theirs.status == Status.FULFILLED and self.mine.status != Status.FULFILLED:
            return self.mine
        return self.theirs


def clashes(pair: Pair) -> list[Clash]:
    """Return the busy visits of both that one patient can't have at once; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT mine.id, theirs.id FROM appointments_appointment mine JOIN appointments_appointment theirs
                ON tstzrange(mine.start, mine."end") && tstzrange(theirs.start, theirs."end")
            WHERE mine.organization_id = %(organization)s AND theirs.organization_id = %(organization)s
              AND mine.patient_id = %(survivor)s AND theirs.patient_id = %(duplicate)s
              AND mine.status = ANY(%(busy)s) AND theirs.status = ANY(%(busy)s)
            ORDER BY mine.start, theirs.start
            """,
            {
                "organization": pair.organization.pk,
                "survivor": pair.survivor.pk,
                "duplicate": pair.duplicate.pk,
                "busy": list(BUSY_STATUSES),
            },
        )
        found: list[tuple[uuid.UUID, uuid.UUID]] = cursor.fetchall()
    visits = Appointment.objects.select_related("location", "practitioner", "appointment_type").in_bulk(
        {pk for both in found for pk in both}
    )
    return [Clash(visits[mine], visits[theirs]) for mine, theirs in found]


def find_visits(pair: Pair) -> Iterator[Finding]:
    """Say which visits are in the way, and which were written down twice."""
    now = timezone.now()
    for clash in clashes(pair):
        if clash.holds:
            continue
        if clash.is_over(now):
            text = _("A visit stands in both records: %(visit)s. One of the two is marked as booked by mistake.")
            yield Finding("visit_twice", text % {"visit": _in_words(clash.mine)})
        else:
            text = _("Both have a visit at the same time: %(one)s, and %(other)s. Cancel or move one of them first.")
            yield Finding(
                "visits_overlap",
                text % {"one": _in_words(clash.mine), "other": _in_words(clash.theirs)},
                blocks=True,
                url=reverse("appointments:detail", args=[clash.theirs.pk]),
            )


def _in_words(visit: Appointment) -> str:
    start = visit.local_start
    values = {"type": visit.appointment_type.name, "name": visit.practitioner.display_name}
    return f"{date_format(start, 'j M Y, H:i')}, {values['type']}, {values['name']}"


def settle_visits(ledger: Ledger) -> None:
    """Let go of overlapping holds, and take visits that were written down twice out of the book."""
    found = clashes(ledger.pair)
    holds = [hold.pk for clash in found for hold in clash.holds]
    mistaken = [clash.mistaken.pk for clash in found if not clash.holds]
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


def waiting_twice(pair: Pair) -> list[tuple[WaitlistEntry, WaitlistEntry]]:
    """Return the open entries of both for one type, the one that goes on first; two queries."""
    mine = {entry.appointment_type_id: entry for entry in pair.of_survivor(WaitlistEntry).filter(status__in=OPEN_WAITS)}
    theirs = pair.of_duplicate(WaitlistEntry).filter(status__in=OPEN_WAITS).select_related("appointment_type")
    both = [(mine[entry.appointment_type_id], entry) for entry in theirs if entry.appointment_type_id in mine]
    return [_longer_waiting_first(one, other) for one, other in both]


def _longer_waiting_first(one: WaitlistEntry, other: WaitlistEntry) -> tuple[WaitlistEntry, WaitlistEntry]:
    first, second = sorted((one, other), key=lambda entry: (entry.status != WaitStatus.OFFERED, entry.created_at))
    return first, second


def find_waiting(pair: Pair) -> Iterator[Finding]:
    """Say where both wait for the same, and where an offer is open to both."""
    for first, second in waiting_twice(pair):
        name = {"type": second.appointment_type.name}
        if first.status == second.status == WaitStatus.OFFERED:
            text = _("Both were just offered a time for %(type)s. Wait for an answer, or take one offer back first.")
            yield Finding("offers_open", text % name, blocks=True)
        else:
            text = _("Both wait for %(type)s. The entry that has waited longer goes on, the other one ends.")
            yield Finding("waits_twice", text % name)


def settle_waiting(ledger: Ledger) -> None:
    """End one of two entries for the same type."""
    ending = [second.pk for _first, second in waiting_twice(ledger.pair)]
    with ledger.watch(WaitlistEntry, ending):
        WaitlistEntry.objects.filter(pk__in=ending).update(status=WaitStatus.REMOVED, version=F("version") + 1)


def find_blocks(pair: Pair) -> Iterator[Finding]:
    """Say that a block of booking alone comes along."""
    if (
        pair.of_duplicate(OnlineBookingBlock).filter(lifted_at__isnull=True).exists()
        and not pair.of_survivor(OnlineBookingBlock).filter(lifted_at__isnull=True).exists()
    ):
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
        Rule(noun=ngettext_lazy("%(n)d visit", "%(n)d visits", "n"), find=find_visits, settle=settle_visits),
    )
    register(AppointmentSeries, Rule(noun=ngettext_lazy("%(n)d series", "%(n)d series", "n")))
    register(
        WaitlistEntry,
        Rule(
            noun=ngettext_lazy("%(n)d waitlist entry", "%(n)d waitlist entries", "n"),
            lock=lock,
            find=find_waiting,
            settle=settle_waiting,
        ),
    )
    register(
        OnlineBookingBlock,
        Rule(
            noun=ngettext_lazy("%(n)d booking block", "%(n)d booking blocks", "n"),
            find=find_blocks,
            settle=settle_blocks,
        ),
    )
    register(ImportRow, Rule(noun=ngettext_lazy("%(n)d imported row", "%(n)d imported rows", "n")))
