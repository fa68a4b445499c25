"""Birth dates as people write them."""

from __future__ import annotations

import datetime as dt
import re

_MONTHS = (
    ("jan", "ene", "जन"), ("feb", "फ़र", "फर"), ("mar", "मार्च"), ("apr", "abr", "अप्र"), ("may", "मई"), ("jun", "जून"),
    ("jul", "जुल"), ("aug", "ago", "अग"), ("sep", "set", "सित"), ("oct", "अक्टू", "अक्तू"), ("nov", "नव"), ("dec", "dic", "दिस"),
)  # fmt: skip
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})(?!\d)")
_WORD = r"([^\s\d,./-]{3,})"
_DAY_FIRST_WORDS = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:de\s+|of\s+)?{_WORD}\.?,?\s+(?:de\s+|del\s+)?(\d{{4}})(?!\d)"
)
_MONTH_FIRST_WORDS = re.compile(rf"{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)")
OLDEST = dt.timedelta(days=130 * 366)


def find_birth_date(text: str, *, day_first: bool, today: dt.date) -> tuple[dt.date, str] | None:
    """Return the first date in the text and what is left of the text, or None.

    Understands ISO, numbers with / . - (dots are day first), and month names in English, Spanish and Hindi. An order that the calendar
    refuses (25/3 in the United States) is read the other way round; two-digit years never lie in the future.
    """
    if match := _NUMERIC.search(text):
        # Who writes dots (7.10.1992) puts the day first, wherever they are.
        found = _from_numbers(match[1], match[3], match[4], day_first=day_first or match[2] == ".", today=today)
    elif match := _DAY_FIRST_WORDS.search(text):
        found = _build(int(match[3]), _month(match[2]), int(match[1]), today)
    elif match := _MONTH_FIRST_WORDS.search(text):
        found = _build(int(match[3]), _month(match[1]), int(match[2]), today)
    else:
        return None
    if found is None:
        return None
    rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
    return found, rest


def _from_numbers(first: str, second: str, third: str, *, day_first: bool, today: dt.date) -> dt.date | None:
    if len(first) > 2:
        return _build(int(first), int(second), int(third), today)
    if len(third) not in {2, 4}:
        return None
    year = int(third)
    if len(third) == 2:
        year += 2000 if 2000 + year <= today.year else 1900
    day, month = (int(first), int(second)) if day_first else (int(second), int(first))
    return _build(year, month, day, today) or _build(year, day, month, today)


def _month(word: str) -> int:
    return next((n for n, names in enumerate(_MONTHS, start=1) if word.casefold().startswith(names)), 0)


def _build(year: int, month: int, day: int, today: dt.date) -> dt.date | None:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return None
    return date if today - OLDEST <= date <= today else None
