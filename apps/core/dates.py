"""Dates in words, formatted once: a list shows the same day in every row."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils import formats, translation
from django.utils.dateparse import parse_datetime

# Days of a clinic's calendar; at the ends of what a date can be, the day before or after does not exist.
FIRST_YEAR, LAST_YEAR = 1900, 2200


def as_day(text: str, default: dt.date) -> dt.date:
    """Read an ISO date between the years 1900 and 2200 from an address or a form, or take the default."""
    return read_day(text) or default


def read_day(text: str) -> dt.date | None:
    """Read an ISO date between the years 1900 and 2200; None for anything else."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def read_moment(text: str) -> dt.datetime | None:
    """Read an ISO moment with its offset from UTC between the years 1900 and 2200; None for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def day_in_words(day: dt.date, pattern: str) -> str:
    """Return a date (of a datetime: its own wall's) in Django's format letters and the active language, remembered."""
    date = day.date() if isinstance(day, dt.datetime) else day
    return _formatted(date, pattern, translation.get_language() or "")


@lru_cache(maxsize=1024)
def _formatted(date: dt.date, pattern: str, _language: str) -> str:
    return formats.date_format(date, pattern)
