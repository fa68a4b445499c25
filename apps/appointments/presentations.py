"""How the events of the appointment book read in a timeline. Holds come and go, and stay out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.events.models import Event
from apps.events.registry import Presentation, present


def register_presentations() -> None:
    """Register every event type that people should see; called once at start."""
    lines: tuple[tuple[str, str, str, Callable[[], str]], ...] = (
        ("booked", "calendar-plus", "neutral", lambda: _("Appointment booked for %(when)s")),
        ("rescheduled", "calendar-time", "info", lambda: _("Appointment moved to %(when)s")),
        ("given_over", "arrows-split", "info", lambda: _("Visit on %(when)s moved here from another record")),
        ("cancelled", "calendar-cancel", "warn", lambda: _("Appointment on %(when)s cancelled")),
        ("kept", "calendar-check", "neutral", lambda: _("Visit on %(when)s kept, although the plan does not cover it")),
        ("confirmed", "calendar-check", "ok", lambda: _("Appointment on %(when)s confirmed")),
        ("arrived", "door-enter", "neutral", lambda: _("Checked in for the visit on %(when)s")),
        ("room_changed", "door", "neutral", lambda: _("Room of the visit on %(when)s changed")),
        ("started", "stethoscope", "active", lambda: _("Visit of %(when)s started")),
        ("fulfilled", "circle-check", "ok", lambda: _("Visit of %(when)s completed")),
        ("no_show", "user-x", "warn", lambda: _("Did not come to the visit on %(when)s")),
        ("imported", "file-import", "neutral", lambda: _("Visit of %(when)s taken over from another system")),
        ("status_undone", "arrow-back-up", "neutral", lambda: _("Last step of the visit on %(when)s undone")),
    )
    for what, icon, tone, words in lines:
        present(
            f"appointment.{what}",
            Presentation(icon=icon, kind="visits", sentence=_sentence(words), url=_url, tone=tone),
        )

    present(
        "patient.online_booking_blocked", _plain("lock", "warn", lambda: _("Books through the clinic only from now on"))
    )
    present("patient.online_booking_unblocked", _plain("lock-open", "neutral", lambda: _("May book alone again")))
    for what, icon, tone, words in (
        ("booked", "calendar-repeat", "neutral", lambda: _("Series of %(n)d visits booked")),
        ("changed", "calendar-repeat", "info", lambda: _("%(n)d visits of a series moved")),
        ("cancelled", "calendar-repeat", "warn", lambda: _("%(n)d visits of a series cancelled")),
    ):
        present(f"series.{what}", Presentation(icon=icon, kind="visits", sentence=_counted(words), tone=tone))
    for what, icon, tone, words in _waitlist_lines():
        present(
            f"waitlist.{what}",
            Presentation(icon=icon, kind="visits", sentence=_sentence(words), url=_waitlist_url, tone=tone),
        )


def _waitlist_lines() -> tuple[tuple[str, str, str, Callable[[], str]], ...]:
    return (
        ("added", "hourglass", "neutral", lambda: _("Put on the waitlist")),
        ("removed", "hourglass-empty", "neutral", lambda: _("Taken off the waitlist")),
        ("restored", "arrow-back-up", "neutral", lambda: _("Put back on the waitlist")),
        ("window_closed", "hourglass-empty", "neutral", lambda: _("The window on the waitlist is over")),
        ("offered", "send", "info", lambda: _("Offered the time on %(when)s from the waitlist")),
        ("accepted", "circle-check", "ok", lambda: _("Took the offered time on %(when)s")),
        ("declined", "circle-x", "neutral", lambda: _("Declined the offered time on %(when)s")),
        ("expired", "clock-x", "neutral", lambda: _("Did not answer the offer of %(when)s in time")),
        ("withdrawn", "arrow-back-up", "neutral", lambda: _("The offer of %(when)s was withdrawn")),
    )


def _plain(icon: str, tone: str, words: Callable[[], str]) -> Presentation:
    return Presentation(icon=icon, kind="visits", sentence=lambda _event: words(), tone=tone)


def _counted(words: Callable[[], str]) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        return words() % {"n": event.payload["visits"]}

    return sentence


def _sentence(words: Callable[[], str]) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        return words() % {"when": _when(event)}

    return sentence


def _when(event: Event) -> str:
    """Return the visit's time, as it was when the event happened, in the reader's zone."""
    start = event.payload.get("start")
    if start is None:
        return ""
    moment = dt.datetime.fromisoformat(start)
    return date_format(timezone.localtime(moment), "D j M, H:i")


def _waitlist_url(event: Event) -> str:
    return f"/waitlist/{event.payload['entry_id']}/"


def _url(event: Event) -> str:
    return f"/appointments/{event.subject_id}/"
