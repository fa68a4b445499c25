"""When a patient likes to be contacted: days of the week, and parts of the day or hours, on the clinic's wall."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils import formats
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import InvalidInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class PartOfDay(models.TextChoices):
    """Roughly when; a page says it, nothing is planned by it."""

    MORNING = "morning", gettext_lazy("Morning")
    AFTERNOON = "afternoon", gettext_lazy("Afternoon")
    EVENING = "evening", gettext_lazy("Evening")


def clean_times(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the wish in stored form, `{}` for any time; raise InvalidInput for what no wish can be.

    `days` are of mon … sun, all when left out; `parts` are morning, afternoon, evening; `from` and `to` are local
    times `HH:MM` in their place.
    """
    given = given or {}
    if not isinstance(given, Mapping) or given.keys() - {"days", "parts", "from", "to"}:
        raise _refused(_("Give `days`, and either `parts` or `from` and `to`."))
    days, parts = _chosen(given.get("days"), DAYS), _chosen(given.get("parts"), PartOfDay.values)
    begin, end = _time(given.get("from")), _time(given.get("to"))
    if parts and (begin or end):
        raise _refused(_("Choose parts of the day or hours, not both."))
    if begin and end and begin >= end:
        raise _refused(_("The hours end before they begin."))
    wish = {"days": days if len(days) < len(DAYS) else [], "parts": parts, "from": begin, "to": end}
    return {name: value for name, value in wish.items() if value}


def times_in_words(times: Mapping[str, Any]) -> str:
    """Return the wish as pages say it: `Mon, Wed · morning`, or nothing."""
    days = ", ".join(str(WEEKDAYS_ABBR[DAYS.index(day)]) for day in times.get("days", []))
    parts = ", ".join(str(PartOfDay(part).label).lower() for part in times.get("parts", []))
    begin, end = _shown(times.get("from")), _shown(times.get("to"))
    if begin and end:
        parts = f"{begin}–{end}"
    elif begin or end:
        parts = _("from %(time)s") % {"time": begin} if begin else _("until %(time)s") % {"time": end}
    return " · ".join(part for part in (days, parts) if part)


def _chosen(given: Any, known: tuple[str, ...] | list[str]) -> list[str]:
    if not isinstance(given or [], list | tuple) or set(given or []) - set(known):
        raise _refused(_("Choose from: %(list)s.") % {"list": ", ".join(known)})
    return [one for one in known if one in (given or [])]


def _time(given: Any) -> str:
    if not given:
        return ""
    try:
        return dt.time.fromisoformat(str(given)).strftime("%H:%M")
    except ValueError:
        raise _refused(_("Write times like 17:30.")) from None


def _shown(time: str | None) -> str:
    return formats.time_format(dt.time.fromisoformat(time), "H:i") if time else ""


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"preferred_times": [message]})
