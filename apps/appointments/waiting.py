"""What a waiting patient asked for: does a time fit it, how narrow is it, and how does it read. Pure: no query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import WaitlistEntry

DAY = dt.timedelta(days=1)
LONGEST_WINDOW = dt.timedelta(days=366)
_MINUTES_OF_DAY = 24 * 60


def fits(entry: WaitlistEntry, local_start: dt.datetime) -> bool:
    """Tell whether a start on the location's wall clock lies in the entry's window; whom and where it asks aside."""
    clock = local_start.time()
    return (
        entry.earliest_date <= local_start.date() <= entry.latest_date
        and (not entry.weekdays or local_start.weekday() in entry.weekdays)
        and (entry.from_time is None or entry.from_time <= clock)
        and (entry.until_time is None or clock < entry.until_time)
    )


def days_left(entry: WaitlistEntry, today: dt.date) -> int:
    """Return on how many dates from today on the patient could still come."""
    first, last = max(entry.earliest_date, today), entry.latest_date
    length = (last - first).days + 1
    if length <= 0:
        return 0
    if not entry.weekdays:
        return length
    weeks, rest = divmod(length, 7)
    tail = {(first + (weeks * 7 + number) * DAY).weekday() for number in range(rest)}
    return weeks * len(set(entry.weekdays)) + len(tail & set(entry.weekdays))


def minutes_left(entry: WaitlistEntry, today: dt.date) -> int:
    """Return how wide the window still is, in minutes of wall time: the narrower, the sooner it is used up."""
    start = _minute(entry.from_time) if entry.from_time else 0
    end = _minute(entry.until_time) if entry.until_time else _MINUTES_OF_DAY
    return days_left(entry, today) * (end - start)


def _minute(clock: dt.time) -> int:
    return clock.hour * 60 + clock.minute


def window_in_words(entry: WaitlistEntry, today: dt.date) -> str:
    """Return the window as people say it: `until 4 December, Tue or Thu, mornings before 12:00`."""
    return ", ".join(part for part in (_dates(entry, today), _weekdays(entry), _hours(entry)) if part)


def _dates(entry: WaitlistEntry, today: dt.date) -> str:
    last = date_format(entry.latest_date, "j F")
    if entry.earliest_date == entry.latest_date:
        return _("on %(day)s") % {"day": date_format(entry.latest_date, "D j F")}
    if entry.earliest_date <= today:
        return _("until %(last)s") % {"last": last}
    same_month = (entry.earliest_date.year, entry.earliest_date.month) == (
        entry.latest_date.year,
        entry.latest_date.month,
    )
    first = date_format(entry.earliest_date, "j" if same_month else "j F")
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def _weekdays(entry: WaitlistEntry) -> str:
    chosen = sorted(set(entry.weekdays))
    if not chosen or len(chosen) == 7:
        return ""
    names = list(_weekday_names())
    if chosen == list(range(5)):
        return _("Mon to Fri")
    *first, last = (names[day] for day in chosen)
    return _("%(days)s or %(last)s") % {"days": ", ".join(first), "last": last} if first else last


def _weekday_names() -> Iterator[str]:
    """Yield Mon, Tue … in the reader's language (1 January 2024 was a Monday)."""
    for number in range(7):
        yield date_format(dt.date(2024, 1, 1) + number * DAY, "D")


def _hours(entry: WaitlistEntry) -> str:
    if entry.from_time is None and entry.until_time is None:
        return ""
    values = {
        "from": f"{entry.from_time:%H:%M}" if entry.from_time else "",
        "until": f"{entry.until_time:%H:%M}" if entry.until_time else "",
    }
    if entry.until_time is None:
        return _("from %(from)s") % values
    if entry.from_time is None:
        return _("before %(until)s") % values
    return _("%(from)s to %(until)s") % values


def waiting_in_words(days: int) -> str:
    """Return how long somebody has been waiting: whole days on the clinic's calendar."""
    if days <= 0:
        return _("Waiting since today")
    return ngettext("Waiting for %(n)d day", "Waiting for %(n)d days", days) % {"n": days}
