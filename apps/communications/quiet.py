"""Quiet hours on a wall clock: when they end, and the last moment before they began. Pure functions."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as phone_zones

MARGIN = dt.timedelta(minutes=15)
_NOWHERE = "Etc/Unknown"


@lru_cache(maxsize=10_000)
def zone_of_number(e164: str) -> ZoneInfo | None:
    """Return the zone that a phone number's area lies in, None when the number does not tell one zone."""
    try:
        names = phone_zones.time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return None
    if len(names) != 1 or names[0] == _NOWHERE:
        return None
    try:
        return ZoneInfo(names[0])
    except ZoneInfoNotFoundError:
        return None


def quiet_until(at: dt.datetime, zone: ZoneInfo, start: dt.time, end: dt.time) -> dt.datetime | None:
    """Return when the quiet hours around `at` end (UTC), None when it is not quiet then.

    Quiet from `start` on, until `end`, on the wall of `zone`, over midnight when `start` is the later one. Equal
    times mean that there are no quiet hours.
    """
    local = at.astimezone(zone)
    clock, today = local.time(), local.date()
    if start == end:
        return None
    if start < end:
        return _on_wall(today, end, zone) if start <= clock < end else None
    if clock >= start:
        return _on_wall(today + dt.timedelta(days=1), end, zone)
    return _on_wall(today, end, zone) if clock < end else None


def last_moment_before_quiet(at: dt.datetime, zone: ZoneInfo, start: dt.time, end: dt.time) -> dt.datetime:
    """Return `at`, or when it is quiet then, a quarter of an hour before these quiet hours began (UTC)."""
    if quiet_until(at, zone, start, end) is None:
        return at
    local = at.astimezone(zone)
    began = local.date() if local.time() >= start else local.date() - dt.timedelta(days=1)
    return _on_wall(began, start, zone) - MARGIN


def _on_wall(day: dt.date, clock: dt.time, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, clock, tzinfo=zone).astimezone(dt.UTC)
