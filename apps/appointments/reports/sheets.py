"""The reports as they are shown and exported: one vocabulary of columns for the page, the CSV file and the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.appointments.reports.figures import Report, Share
from apps.appointments.reports.scope import Scope
from apps.appointments.reports.utilisation import utilisation_of
from apps.appointments.reports.visits import cancellations_of, lead_times_of, no_shows_of


class Unit(StrEnum):
    MINUTES = "minutes"
    VISITS = "visits"
    RATIO = "ratio"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a line: `key` is its name in files and in the API, `label` on the page; `hint` says what it counts."""

    key: str
    label: str | Promise
    unit: Unit
    hint: str | Promise = ""
    on_page: bool = True
    """Whether the tables of the page have it; files and the API have all."""

    def of(self, line: Any) -> int | float | None:
        """Return the figure, None where it is not known. Days are rounded to two places."""
        value = getattr(line, self.key)
        if isinstance(value, Share):
            return value.ratio
        return round(value, 2) if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report: its columns, which of them the chart draws (bars stand on each other) in which colour token."""

    key: str
    title: str | Promise
    question: str | Promise
    columns: tuple[Column, ...]
    ask: Callable[..., Report[Any]]
    chart: tuple[tuple[str, str], ...]
    is_line: bool = False

    def report(self, scope: Scope, names: Mapping[uuid.UUID, str]) -> Report[Any]:
        """Work the report out."""
        return self.ask(scope=scope, names=names)

    def as_data(self, line: Any) -> dict[str, int | float | None]:
        """Return every figure of a line by its key."""
        return {column.key: column.of(line) for column in self.columns}

    @property
    def columns_on_page(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.on_page)


REASON_WORDS: dict[str, str | Promise] = {
    "patient_asked": _("Patient asked"),
    "practitioner_unavailable": _("Practitioner unavailable"),
    "clinic_closed": _("Clinic closed"),
    "booked_by_mistake": _("Booked by mistake"),
    "other_reason": _("Other"),
}
ACTOR_WORDS: dict[str, str | Promise] = {
    "by_staff": _("Staff"),
    "by_patient_link": _("Patient, by the link"),
    "by_bot": _("Patient, through the bot"),
    "by_program": _("A program, by the API"),
    "by_system": _("By itself"),
    "by_nobody_known": _("Not recorded"),
}

_SHEETS = (
    Sheet(
        "utilisation",
        _("Utilisation"),
        _("How much of the offered time was booked?"),
        (
            Column("available_minutes", _("Available"), Unit.MINUTES, _("hours without absences and closures")),
            Column("booked_minutes", _("Booked"), Unit.MINUTES, _("of these: ahead, happening or done")),
            Column("missed_minutes", _("Missed"), Unit.MINUTES, _("of these: lost to no-shows")),
            Column("outside_minutes", _("Outside"), Unit.MINUTES, _("booked beyond the hours"), on_page=False),
            Column("share", _("Utilisation"), Unit.RATIO, _("booked of available")),
        ),
        utilisation_of,
        (("share", "--k1-bar"),),
    ),
    Sheet(
        "no-shows",
        _("No-shows"),
        _("How many visits were missed?"),
        (
            Column("fulfilled", _("Kept"), Unit.VISITS, _("visits that are done")),
            Column("missed", _("Missed"), Unit.VISITS, _("marked as no-show")),
            Column("unsettled", _("Open"), Unit.VISITS, _("over, but neither done nor missed")),
            Column("rate", _("No-show rate"), Unit.RATIO, _("missed of kept and missed")),
        ),
        no_shows_of,
        (("missed", "--k5-bar"), ("fulfilled", "--k1-bar")),
    ),
    Sheet(
        "lead-times",
        _("Lead time"),
        _("How far ahead are visits booked?"),
        (
            Column("visits", _("Visits"), Unit.VISITS, _("not cancelled, not imported")),
            Column(
                "lower_quartile", _("¼ within"), Unit.DAYS, _("lower quartile: days within which a quarter was booked")
            ),
            Column("median", _("Median"), Unit.DAYS, _("days within which half was booked")),
            Column(
                "upper_quartile",
                _("¾ within"),
                Unit.DAYS,
                _("upper quartile: days within which three quarters were booked"),
            ),
            Column("same_day", _("Same day"), Unit.VISITS, _("booked on the day of the visit"), on_page=False),
            Column("same_day_rate", _("Same day"), Unit.RATIO, _("booked on the day of the visit")),
        ),
        lead_times_of,
        (("median", "--k2-bar"),),
        is_line=True,
    ),
    Sheet(
        "cancellations",
        _("Cancellations"),
        _("How many visits were cancelled, how late and why?"),
        (
            Column("visits", _("Visits"), Unit.VISITS, _("all that start in the period")),
            Column("cancelled", _("Cancelled"), Unit.VISITS),
            Column("in_time", _("In time"), Unit.VISITS, _("24 hours before or earlier")),
            Column("short_notice", _("Short notice"), Unit.VISITS, _("less than 24 hours before")),
            Column("rate", _("Rate"), Unit.RATIO, _("cancelled of all visits")),
            Column("short_notice_rate", _("Short notice"), Unit.RATIO, on_page=False),
            *(Column(key, word, Unit.VISITS, on_page=False) for key, word in REASON_WORDS.items()),
            *(Column(key, word, Unit.VISITS, on_page=False) for key, word in ACTOR_WORDS.items()),
        ),
        cancellations_of,
        (("short_notice", "--k4-bar"), ("in_time", "--k3-bar")),
    ),
)
SHEETS: dict[str, Sheet] = {sheet.key: sheet for sheet in _SHEETS}
