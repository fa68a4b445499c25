"""How a country writes dates and times of day to its patients. Source: Unicode CLDR, formats of each territory."""

from __future__ import annotations

import datetime as dt

_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "MH", "FM", "PW"})
_TWELVE_HOURS = frozenset({"US", "CA", "IN", "AU", "NZ", "PH", "MX", "CO", "PR", "PK", "BD", "EG", "SA"})


def writes_month_first(country: str) -> bool:
    """Tell whether 3/4 is the fourth of March there; only the United States and a few others say so."""
    return country in _MONTH_FIRST


def clock_text(local: dt.datetime, *, country: str) -> str:
    """Return the time of day, with twelve or twenty-four hours as the country has it: `9:00 AM`, `14:30`."""
    if country not in _TWELVE_HOURS:
        return f"{local:%H:%M}"
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"
