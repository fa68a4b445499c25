"""How a country writes dates and times of day to its patients. Source: Unicode CLDR, formats of each territory."""

from __future__ import annotations

import datetime as dt

from django.utils import translation

_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU", "MH", "FM", "PW"})
_TWELVE_HOURS = frozenset({"US", "CA", "IN", "AU", "NZ", "PH", "MX", "CO", "PR", "PK", "BD", "EG", "SA"})
# Languages that name the part of the day where English says AM or PM, from which hour on each (CLDR, day periods).
_PARTS_OF_DAY = {"hi": ((0, "रात"), (4, "सुबह"), (12, "दोपहर"), (16, "शाम"), (20, "रात"))}


def writes_month_first(country: str) -> bool:
    """Tell whether 3/4 is the fourth of March there; only the United States and a few others say so."""
    return country in _MONTH_FIRST


def clock_text(local: dt.datetime, *, country: str) -> str:
    """Return the time of day, with twelve or twenty-four hours as the country has it: `9:00 AM`, `14:30`.

    Half a day is named as the active language does: `शाम 4:20` in Hindi.
    """
    if country not in _TWELVE_HOURS:
        return f"{local:%H:%M}"
    clock = f"{local.hour % 12 or 12}:{local:%M}"
    parts = _PARTS_OF_DAY.get((translation.get_language() or "").partition("-")[0])
    if parts is None:
        return f"{clock} {'AM' if local.hour < 12 else 'PM'}"
    return f"{[word for hour, word in parts if hour <= local.hour][-1]} {clock}"
