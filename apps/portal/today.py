"""The arrival board: the day's appointments in the words and tones that the front desk acts on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import UNDO_WINDOW, Appointment, Status
from apps.communications.models import Category, Communication
from apps.communications.models import Status as Sending
from apps.conversations.models import Conversation, ConversationStatus
from apps.organizations.models import Location, Organization
from apps.practitioners.models import Practitioner

LATE_AFTER = dt.timedelta(minutes=5)
LONG_WAIT = dt.timedelta(minutes=30)
JUST_ARRIVED = dt.timedelta(minutes=2)
FOLD_FROM = 4
RAIL_LENGTH = 5

FILTERS: dict[str, tuple[str, ...]] = {
    "all": (),
    "expected": (Status.BOOKED,),
    "waiting": (Status.ARRIVED,),
    "in-room": (Status.IN_PROGRESS,),
    "done": (Status.FULFILLED,),
    "missed": (Status.NO_SHOW,),
    "cancelled": (Status.CANCELLED,),
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A status in words with its tone and icon; plain ones are for information only."""

    word: str
    tone: str
    icon: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do with a row: a label and the action's name in `appointments:step`; `question` is asked before."""

    label: str
    action: str
    quiet: bool = False
    question: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the board; times are local strings, `minutes_since` is what the browser counts on from."""

    appointment: Appointment
    time: str
    minutes: int
    badge: Badge
    evidence: str
    step: Step | None
    can_miss: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class Board:
    """The day: rows, those folded away at the top, where "now" falls, and the counts of each filter."""

    rows: list[Row]
    folded: list[Row]
    fold_label: str
    before_now: int
    now_label: str
    to_come_label: str
    shows_now: bool
    counts: dict[str, int]
    summary: str
    practitioners: list[Practitioner] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Somebody expected who has not confirmed, and how far the reminder got."""

    appointment: Appointment
    detail: str


def day_board(
    *,
    organization: Organization,
    day: dt.date,
    location: Location | None,
    practitioner_id: uuid.UUID | None,
    status_filter: str,
    viewer_id: uuid.UUID | None = None,
) -> Board:
    """Return the board of one local day; three queries whatever the number of rows."""
    zone = location.zone if location else organization.zone
    start = dt.datetime.combine(day, dt.time.min, tzinfo=zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, tzinfo=zone)
    everyone = (
        Appointment.objects.for_organization(organization)
        .real()
        .between(start, end)
        .filter(start__gte=start)
        .for_list()
    )
    if location is not None:
        everyone = everyone.filter(location=location)
    all_of_day = list(everyone.order_by("start", "practitioner__sort_order", "id"))
    practitioners = sorted({a.practitioner for a in all_of_day}, key=lambda p: (p.sort_order, p.family_name))
    if practitioner_id is not None:
        all_of_day = [a for a in all_of_day if a.practitioner_id == practitioner_id]
    counted = Counter(a.status for a in all_of_day)
    counts = {key: sum(counted[s] for s in statuses) for key, statuses in FILTERS.items()}
    counts["all"] = len(all_of_day) - counted[Status.CANCELLED]
    wanted = FILTERS.get(status_filter, ())
    shown = [a for a in all_of_day if (a.status in wanted if wanted else a.status != Status.CANCELLED)]
    now = timezone.now()
    evidence = _reminder_evidence(organization, [a for a in shown if a.status == Status.BOOKED])
    rows = [_row(a, now, zone, evidence.get(a.pk, "")) for a in shown]
    folded, rows = _fold(rows) if not wanted else ([], rows)
    before = sum(1 for row in rows if row.appointment.start <= now)
    return Board(
        rows=rows,
        folded=folded,
        fold_label=_fold_label(folded, rows),
        before_now=before,
        now_label=f"{now.astimezone(zone):%H:%M}",
        to_come_label=_("%(n)d still to come") % {"n": len(rows) - before},
        shows_now=start <= now < end and not wanted,
        counts=counts,
        summary=_summary(all_of_day, counts),
        practitioners=practitioners,
    )


def _row(a: Appointment, now: dt.datetime, zone: dt.tzinfo, reminder: str) -> Row:
    badge, evidence = _state(a, now, zone, reminder)
    return Row(
        appointment=a,
        time=f"{a.start.astimezone(zone):%H:%M}",
        minutes=int((a.end - a.start).total_seconds() // 60),
        badge=badge,
        evidence=evidence,
        step=_step(a, now, zone),
        can_miss=a.status == Status.BOOKED and a.start < now,
        is_past=a.status in (Status.FULFILLED, Status.NO_SHOW, Status.CANCELLED),
    )


def _minutes(span: dt.timedelta) -> int:
    return max(0, int(span.total_seconds() // 60))


def _clock(moment: dt.datetime | None, zone: dt.tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}" if moment else ""


def _state(a: Appointment, now: dt.datetime, zone: dt.tzinfo, reminder: str) -> tuple[Badge, str]:
    if a.status == Status.ARRIVED:
        waited = now - (a.arrived_at or now)
        if waited < JUST_ARRIVED:
            return Badge(_("Just arrived"), "info", "hourglass"), _("Checked in %(at)s") % {
                "at": _clock(a.arrived_at, zone)
            }
        word = _("Waiting %(n)d min") % {"n": _minutes(waited)}
        return Badge(word, "bad" if waited >= LONG_WAIT else "info", "hourglass"), _("Arrived %(at)s") % {
            "at": _clock(a.arrived_at, zone)
        }
    if a.status == Status.IN_PROGRESS:
        inside = now - (a.started_at or now)
        over = _minutes(inside - (a.end - a.start))
        return Badge(_("In room %(n)d min") % {"n": _minutes(inside)}, "active", "door-enter"), _("%(n)d min over") % {
            "n": over
        } if over else ""
    if a.status == Status.FULFILLED:
        span = (
            _("%(from)s to %(to)s") % {"from": _clock(a.started_at, zone), "to": _clock(a.completed_at, zone)}
            if a.started_at
            else ""
        )
        return Badge(_("Done"), "ok", "circle-check", plain=True), span
    if a.status == Status.NO_SHOW:
        return Badge(_("No-show"), "neutral", "user-x", plain=True), reminder
    if a.status == Status.CANCELLED:
        return Badge(
            _("Cancelled"), "neutral", "calendar-cancel", plain=True
        ), a.get_cancel_reason_display() if a.cancel_reason else ""
    if now - a.start > LATE_AFTER:
        return Badge(
            _("%(n)d min late") % {"n": _minutes(now - a.start)}, "warn", "clock-exclamation"
        ), reminder or _confirmed_words(a, zone)
    if a.is_confirmed:
        return Badge(_("Confirmed"), "neutral", "calendar-check", plain=True), _confirmed_words(a, zone)
    return Badge(_("Not confirmed"), "neutral", "circle-dashed", plain=True), reminder


def _confirmed_words(a: Appointment, zone: dt.tzinfo) -> str:
    if a.confirmed_at is None:
        return ""
    ways = {
        "whatsapp": _("By WhatsApp"),
        "sms": _("By SMS"),
        "link": _("By link"),
        "phone": _("By phone"),
        "staff": _("By the front desk"),
    }
    way = ways.get(a.confirmed_by, _("Confirmed"))
    return f"{way}, {date_format(a.confirmed_at.astimezone(zone), 'D')}"


def _step(a: Appointment, now: dt.datetime, zone: dt.tzinfo) -> Step | None:
    undoable = a.status_changed_at is not None and now - a.status_changed_at < UNDO_WINDOW
    if a.status in (Status.FULFILLED, Status.NO_SHOW):
        return Step(_("Reopen"), "undo", quiet=True) if undoable and a.previous_status else None
    question = ""
    if a.start.astimezone(zone).date() > now.astimezone(zone).date():
        question = _("This visit is on %(day)s, not today. Check in all the same?") % {
            "day": date_format(a.start.astimezone(zone), "l j F")
        }
    return {
        Status.BOOKED: Step(_("Check in"), "arrive", question=question),
        Status.ARRIVED: Step(_("Start"), "start"),
        Status.IN_PROGRESS: Step(_("Complete"), "complete"),
    }.get(Status(a.status))


def _fold(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Fold the finished start of the day, all but its last line, once it is long enough to be in the way."""
    done = next((index for index, row in enumerate(rows) if not row.is_past), len(rows))
    if done < FOLD_FROM:
        return [], rows
    return rows[: done - 1], rows[done - 1 :]


def _fold_label(folded: Sequence[Row], rest: Sequence[Row]) -> str:
    if not folded:
        return ""
    completed = sum(row.appointment.status == Status.FULFILLED for row in folded)
    missed = len(folded) - completed
    until = rest[0].time if rest else folded[-1].time
    if missed:
        return _("%(done)d completed and %(missed)d missed before %(time)s") % {
            "done": completed,
            "missed": missed,
            "time": until,
        }
    return _("%(done)d completed before %(time)s") % {"done": completed, "time": until}


def _summary(day: Sequence[Appointment], counts: dict[str, int]) -> str:
    places = len({a.location_id for a in day})
    parts = [_("%(n)d booked") % {"n": counts["all"]}]
    if places > 1:
        parts.append(ngettext("%(n)d location", "%(n)d locations", places) % {"n": places})
    waits = [_minutes(a.started_at - a.arrived_at) for a in day if a.started_at and a.arrived_at]
    if waits:
        parts.append(_("average wait %(n)d min") % {"n": round(sum(waits) / len(waits))})
    return " · ".join(parts)


def _reminder_evidence(organization: Organization, appointments: list[Appointment]) -> dict[uuid.UUID, str]:
    """Say for each appointment how far its latest reminder got; one query."""
    if not appointments:
        return {}
    rows = (
        Communication.objects.for_organization(organization)
        .filter(context_id__in=[a.pk for a in appointments], category=Category.REMINDER)
        .exclude(status__in=[Sending.SCHEDULED, Sending.CANCELLED])
        .order_by("context_id", "-planned_at", "-due_at")
        .distinct("context_id")
    )
    zone = organization.zone
    return {row.context_id: reminder_words(row, zone) for row in rows if row.context_id}


def reminder_words(row: Communication, zone: dt.tzinfo) -> str:
    """Say in a few words how far a reminder got; the day is named unless it was today."""
    moment = row.read_at or row.delivered_at or row.sent_at or row.failed_at
    at = _clock(moment, zone)
    if moment is not None and moment.astimezone(zone).date() != timezone.now().astimezone(zone).date():
        at = f"{date_format(moment.astimezone(zone), 'D')} {at}"
    words = {
        Sending.READ: _("Reminder read %(at)s"),
        Sending.DELIVERED: _("Reminder delivered %(at)s"),
        Sending.SENT: _("Reminder sent %(at)s, not confirmed by the carrier yet"),
        Sending.SENDING: _("Reminder on its way"),
        Sending.QUEUED: _("Reminder on its way"),
        Sending.AMBIGUOUS: _("Reminder: not certain that it went out"),
        Sending.BLOCKED: _("Reminder not sent: blocked"),
    }
    return words.get(Sending(row.status), _("Reminder not delivered")) % {"at": at}


def unconfirmed(*, organization: Organization, location: Location | None) -> tuple[list[Unconfirmed], int]:
    """Return the next expected appointments until tomorrow night that nobody confirmed, and how many there are (capped at 100)."""
    now = timezone.now()
    until = dt.datetime.combine(organization.today() + dt.timedelta(days=2), dt.time.min, tzinfo=organization.zone)
    rows = (
        Appointment.objects.for_organization(organization)
        .filter(status=Status.BOOKED, confirmed_at__isnull=True, start__gt=now, start__lt=until)
        .select_related("patient", "practitioner", "location")
        .order_by("start", "id")
    )
    if location is not None:
        rows = rows.filter(location=location)
    found = list(rows[:100])
    evidence = _reminder_evidence(organization, found[:RAIL_LENGTH])
    today = organization.today()
    lines = []
    for a in found[:RAIL_LENGTH]:
        local = a.local_start
        day = _("Today") if local.date() == today else _("Tomorrow")
        lines.append(Unconfirmed(a, f"{day} {local:%H:%M} · {(evidence.get(a.pk) or _('no reminder yet')).lower()}"))
    return lines, len(found)


def unread_threads(*, organization: Organization) -> tuple[list[Conversation], int]:
    """Return the threads that wait for a person, longest wait first, and how many there are (capped at 100)."""
    found = list(
        Conversation.objects.for_organization(organization)
        .filter(waiting_since__isnull=False)
        .exclude(status=ConversationStatus.CLOSED)
        .select_related("patient")
        .order_by("waiting_since")[:100]
    )
    return found[:RAIL_LENGTH], len(found)
