"""Recurrence rules (RFC 5545, 3.3.10) of visits: which are allowed, when they occur, how they are said.

A rule is expanded on the wall clock of the location: a visit at 09:00 stays at 09:00 when the clocks change. A wall
time that the clocks skip becomes the first one that exists after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import MOST_OCCURRENCES
from apps.core.errors import InvalidInput
from apps.practitioners.hours import first_instant

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = dt.timedelta(days=2 * 366)
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence as clinics use it: every so many days, weeks (on weekdays) or months, and when it ends.

    `weekdays` are two-letter days for weeks (empty: the first visit's); for months one day with its number, as in 2TU
    or -1FR, or none: then the day of the month counts. Exactly one of `count` and `until` (an inclusive local date).
    """

    frequency: str
    interval: int = 1
    weekdays: tuple[str, ...] = ()
    month_day: int | None = None
    count: int | None = None
    until: dt.date | None = None

    def __str__(self) -> str:
        """Return the RRULE's value; UNTIL is written as a date, which is the date at the location."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays:
            parts.append(f"BYDAY={','.join(self.weekdays)}")
        if self.month_day is not None:
            parts.append(f"BYMONTHDAY={self.month_day}")
        parts.append(f"COUNT={self.count}" if self.count is not None else f"UNTIL={self.until:%Y%m%d}")
        return ";".join(parts)

    def in_utc(self, zone: ZoneInfo) -> str:
        """Return the RRULE's value for calendar programs: UNTIL as an instant, because DTSTART has a zone there."""
        if self.until is None:
            return str(self)
        last = dt.datetime.combine(self.until, dt.time(23, 59, 59), tzinfo=zone).astimezone(dt.UTC)
        return str(self).replace(f"UNTIL={self.until:%Y%m%d}", f"UNTIL={last:%Y%m%dT%H%M%SZ}")


def parse_rule(text: str) -> Rule:
    """Read an RRULE's value; raise InvalidInput that says what of it can't be."""
    given: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _PARTS or name in given:
            raise _wrong(
                _("“%(part)s” can’t be used. A rule is made of: %(parts)s.")
                % {"part": part[:40], "parts": ", ".join(_PARTS)}
            )
        given[name] = value
    try:
        rule = Rule(
            frequency=given.get("FREQ", ""),
            interval=int(given.get("INTERVAL", "1")),
            weekdays=tuple(given["BYDAY"].split(",")) if "BYDAY" in given else (),
            month_day=int(given["BYMONTHDAY"]) if "BYMONTHDAY" in given else None,
            count=int(given["COUNT"]) if "COUNT" in given else None,
            until=dt.datetime.strptime(given["UNTIL"][:8], "%Y%m%d").date() if "UNTIL" in given else None,  # noqa: DTZ007 - a date
        )
    except ValueError as error:
        raise _wrong(_("The rule has a number or a date that can’t be read.")) from error
    _check(rule)
    return rule


def occurrences(rule: Rule, start: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    """Return the starts (UTC) of a series whose first one is `start`; raise InvalidInput when the rule does not fit.

    At most 104 visits within two years. Local wall times are kept over clock changes.
    """
    first = start.astimezone(zone).replace(tzinfo=None)
    text = str(rule)
    if rule.until is not None:
        text = text.replace(f"UNTIL={rule.until:%Y%m%d}", f"UNTIL={rule.until:%Y%m%d}T235959")
    walls = list(islice(rrulestr(text, dtstart=first), MOST_OCCURRENCES + 1))
    if len(walls) > MOST_OCCURRENCES:
        raise _wrong(_("These are more than %(n)d visits. Choose an earlier end.") % {"n": MOST_OCCURRENCES})
    if not walls or walls[0] != first:
        raise _wrong(
            _("The first visit is on a %(day)s, which the rule does not name. Choose that day too, or another start.")
            % {"day": date_format(first, "l")}
        )
    if walls[-1] - first > LONGEST:
        raise _wrong(_("The series is longer than two years. Choose an earlier end."))
    return [first_instant(zone, wall.date(), wall.time()) for wall in walls]


def shifted(rule: Rule, before: dt.date, after: dt.date, *, count: int) -> Rule:
    """Return the rule for a series whose visit of one date goes to another, with so many visits left.

    Weekdays move along; a rule by months gets the same place in the new date's month.
    """
    days = (after - before).days
    weekdays = rule.weekdays
    month_day = rule.month_day
    if rule.frequency == "WEEKLY":
        weekdays = tuple(sorted((WEEKDAYS[(WEEKDAYS.index(day) + days) % 7] for day in weekdays), key=WEEKDAYS.index))
    elif rule.frequency == "MONTHLY" and days:
        weekdays = (nth_weekday(after),) if weekdays else ()
        month_day = after.day if month_day is not None else None
    return Rule(rule.frequency, rule.interval, weekdays, month_day, count=count)


def nth_weekday(date: dt.date) -> str:
    """Return which weekday of its month a date is, as in 2TU; the fifth one is the last, -1TU."""
    number = (date.day - 1) // 7 + 1
    return f"{number if number < 5 else -1}{WEEKDAYS[date.weekday()]}"


def describe(rule: Rule) -> str:
    """Return the rule in words, for example `Every 2 weeks on Monday and Thursday, 6 visits`."""
    units = {
        "DAILY": ngettext("Every day", "Every %(n)d days", rule.interval),
        "WEEKLY": ngettext("Every week", "Every %(n)d weeks", rule.interval),
        "MONTHLY": ngettext("Every month", "Every %(n)d months", rule.interval),
    }
    words = units[rule.frequency] % {"n": rule.interval}
    if rule.weekdays:
        words = _("%(every)s on %(days)s") % {"every": words, "days": _join([_day(day) for day in rule.weekdays])}
    if rule.month_day is not None:
        words = _("%(every)s on day %(day)d") % {"every": words, "day": rule.month_day}
    if rule.count is not None:
        return f"{words}, " + ngettext("%(n)d visit", "%(n)d visits", rule.count) % {"n": rule.count}
    last = date_format(rule.until, "j F Y") if rule.until else ""
    return f"{words}, " + _("until %(date)s") % {"date": last}


def _day(day: str) -> str:
    names = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]
    name = names[WEEKDAYS.index(day[-2:])]
    numbers = {
        "1": _("the first %(day)s"),
        "2": _("the second %(day)s"),
        "3": _("the third %(day)s"),
        "4": _("the fourth %(day)s"),
        "-1": _("the last %(day)s"),
    }
    return numbers[day[:-2]] % {"day": name} if day[:-2] else name


def _join(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def _check(rule: Rule) -> None:
    if rule.frequency not in {"DAILY", "WEEKLY", "MONTHLY"}:
        raise _wrong(_("FREQ is DAILY, WEEKLY or MONTHLY."))
    if not 1 <= rule.interval <= 52:
        raise _wrong(_("INTERVAL is a number from 1 to 52."))
    if (rule.count is None) == (rule.until is None):
        raise _wrong(_("Say how many visits (COUNT), or until which date (UNTIL); one of them."))
    if rule.count is not None and not 1 <= rule.count <= MOST_OCCURRENCES:
        raise _wrong(_("A series has 1 to %(n)d visits.") % {"n": MOST_OCCURRENCES})
    if rule.month_day is not None and (rule.frequency != "MONTHLY" or not 1 <= rule.month_day <= 31):
        raise _wrong(_("BYMONTHDAY is a day from 1 to 31, in a rule by months."))
    if rule.month_day is not None and rule.weekdays:
        raise _wrong(_("Use BYDAY or BYMONTHDAY, not both."))
    allowed: set[str] = set()
    if rule.frequency == "WEEKLY":
        allowed = set(WEEKDAYS)
    elif rule.frequency == "MONTHLY":
        allowed = {f"{number}{day}" for number in (1, 2, 3, 4, -1) for day in WEEKDAYS}
    wrong = [day for day in rule.weekdays if day not in allowed]
    if (
        wrong
        or len(set(rule.weekdays)) < len(rule.weekdays)
        or (rule.frequency == "MONTHLY" and len(rule.weekdays) > 1)
    ):
        raise _wrong(
            _(
                "BYDAY names weekdays (MO, TU …) in a rule by weeks, or one of them with its number (2TU, -1FR) by months."
            )
        )


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"rule": [message]})
