"""What a row of the board says: its state, the evidence for it, and the next thing to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.appointments.models import UNDO_WINDOW, CancelReason, Status
from apps.core.dates import day_in_words
from apps.core.shown import Shown

LATE_AFTER = dt.timedelta(minutes=5)
LONG_WAIT = dt.timedelta(minutes=30)
JUST_ARRIVED = dt.timedelta(minutes=2)
WAYS = {
    "whatsapp": gettext_lazy("By WhatsApp"),
    "sms": gettext_lazy("By SMS"),
    "link": gettext_lazy("By link"),
    "phone": gettext_lazy("By phone"),
    "staff": gettext_lazy("By the front desk"),
}
CONFIRMED = gettext_lazy("Confirmed")


@dataclass(frozen=True, slots=True)
class Badge(Shown):
    """A status in words with its tone and icon; plain ones are for information only."""

    word: str
    tone: str
    icon: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Step(Shown):
    """The next thing to do with a row: a label and the action's name in `appointments:step`; `question` is asked before."""

    label: str
    action: str
    quiet: bool = False
    question: str = ""


class Facts(NamedTuple):
    """What a visit's words are made of; the fields are an appointment's."""

    start: dt.datetime
    end: dt.datetime
    status: str
    previous_status: str
    status_changed_at: dt.datetime | None
    arrived_at: dt.datetime | None
    started_at: dt.datetime | None
    completed_at: dt.datetime | None
    confirmed_at: dt.datetime | None
    confirmed_by: str
    cancel_reason: str


def clock(moment: dt.datetime | None, zone: dt.tzinfo) -> str:
    """Return a time as the wall shows it, nothing for none."""
    return f"{moment.astimezone(zone):%H:%M}" if moment else ""


def minutes(span: dt.timedelta) -> int:
    """Return whole minutes, never less than none."""
    return max(0, int(span.total_seconds() // 60))


def duration(length: int) -> str:
    """Return minutes as the browser goes on to count them (relative-time.js): "34 min", "1 h 10", "2 d"."""
    if length < 60:
        return f"{length} min"
    return f"{length // 60} h {length % 60:02d}" if length < 1440 else f"{length // 1440} d"


def state_of(a: Facts, now: dt.datetime, zone: dt.tzinfo, reminder: str) -> tuple[Badge, str]:
    """Return the badge and the evidence; `reminder` says how far the reminder got, and shows while somebody is expected."""
    if a.status == Status.ARRIVED:
        return _waiting(a, now, zone)
    if a.status == Status.IN_PROGRESS:
        inside = now - (a.started_at or now)
        over = minutes(inside - (a.end - a.start))
        parts = [
            _("%(span)s over") % {"span": duration(over)} if over else "",
            _("Arrived %(at)s") % {"at": clock(a.arrived_at, zone)} if a.arrived_at else "",
        ]
        return Badge(_("In room %(span)s") % {"span": duration(minutes(inside))}, "active", "door-enter"), " · ".join(
            part for part in parts if part
        )
    if a.status == Status.FULFILLED:
        span = {"from": clock(a.started_at, zone), "to": clock(a.completed_at, zone)}
        return Badge(_("Done"), "ok", "circle-check", plain=True), _(
            "%(from)s to %(to)s"
        ) % span if a.started_at else ""
    if a.status == Status.NO_SHOW:
        return Badge(_("No-show"), "neutral", "user-x", plain=True), reminder
    if a.status == Status.CANCELLED:
        why = str(CancelReason(a.cancel_reason).label) if a.cancel_reason else ""
        return Badge(_("Cancelled"), "neutral", "calendar-cancel", plain=True), why
    if now - a.start > LATE_AFTER:
        late = Badge(_("%(span)s late") % {"span": duration(minutes(now - a.start))}, "warn", "clock-exclamation")
        return late, reminder or _confirmed_words(a, zone)
    if a.confirmed_at is not None:
        return Badge(_("Confirmed"), "neutral", "calendar-check", plain=True), _confirmed_words(a, zone)
    return Badge(_("Not confirmed"), "neutral", "circle-dashed", plain=True), reminder


def _waiting(a: Facts, now: dt.datetime, zone: dt.tzinfo) -> tuple[Badge, str]:
    waited = now - (a.arrived_at or now)
    at = {"at": clock(a.arrived_at, zone)}
    if waited < JUST_ARRIVED:
        return Badge(_("Just arrived"), "info", "hourglass"), _("Checked in %(at)s") % at
    word = _("Waiting %(span)s") % {"span": duration(minutes(waited))}
    return Badge(word, "bad" if waited >= LONG_WAIT else "info", "hourglass"), _("Arrived %(at)s") % at


def _confirmed_words(a: Facts, zone: dt.tzinfo) -> str:
    if a.confirmed_at is None:
        return ""
    return f"{WAYS.get(a.confirmed_by, CONFIRMED)}, {day_in_words(a.confirmed_at.astimezone(zone), 'D')}"


def step_of(a: Facts, now: dt.datetime, zone: dt.tzinfo) -> Step | None:
    """Return the one step that the row's button takes, None when nothing is left to do."""
    undoable = a.status_changed_at is not None and now - a.status_changed_at < UNDO_WINDOW
    if a.status in (Status.FULFILLED, Status.NO_SHOW):
        return Step(_("Reopen"), "undo", quiet=True) if undoable and a.previous_status else None
    if a.status == Status.ARRIVED:
        return Step(_("Start"), "start")
    if a.status == Status.IN_PROGRESS:
        return Step(_("Complete"), "complete")
    if a.status != Status.BOOKED:
        return None
    question, day = "", a.start.astimezone(zone).date()
    if day > now.astimezone(zone).date():
        words = {"day": day_in_words(day, "l j F")}
        question = _("This visit is on %(day)s, not today. Check in all the same?") % words
    return Step(_("Check in"), "arrive", question=question)
