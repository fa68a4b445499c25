"""Birth dates as people write them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from django.db import models
from django.utils import formats
from django.utils.translation import gettext_lazy as _

_MONTHS = (
    ("jan", "ene", "जन"), ("feb", "फ़र", "फर"), ("mar", "मार्च"), ("apr", "abr", "अप्र"), ("may", "मई"), ("jun", "जून"),
    ("jul", "जुल"), ("aug", "ago", "अग"), ("sep", "set", "सित"), ("oct", "अक्टू", "अक्तू"), ("nov", "नव"), ("dec", "dic", "दिस"),
)  # fmt: skip
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})(?!\d)")
_WORD = r"([^\s\d,./-]{3,})"
_DAY_FIRST_WORDS = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:de\s+|of\s+)?{_WORD}\.?,?\s+(?:de\s+|del\s+)?(\d{{4}}|\d{{2}})(?![\d:])"
)
_MONTH_FIRST_WORDS = re.compile(rf"{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}}|\d{{2}})(?![\d:])")
OLDEST = dt.timedelta(days=130 * 366)
_PARTIAL = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")


class BirthPrecision(models.TextChoices):
    """How much of a birth date is known."""

    DAY = "day", _("Day")
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which the day, or the month too, may be unknown (FHIR's `date`); `first` is the first day it can be."""

    first: dt.date
    precision: BirthPrecision = BirthPrecision.DAY

    @classmethod
    def fromisoformat(cls, text: str) -> PartialDate:
        """Read `1984`, `1984-03` or `1984-03-14`; raise ValueError for anything else."""
        match = _PARTIAL.match(text)
        if match is None:
            raise ValueError(f"not YYYY, YYYY-MM or YYYY-MM-DD: {text!r}")
        year, month, day = match.groups()
        precision = BirthPrecision.DAY if day else BirthPrecision.MONTH if month else BirthPrecision.YEAR
        return cls(dt.date(int(year), int(month or 1), int(day or 1)), precision)

    def __str__(self) -> str:
        return self.isoformat()

    def isoformat(self) -> str:
        """Return what is known, as FHIR writes it."""
        length = {BirthPrecision.YEAR: 4, BirthPrecision.MONTH: 7, BirthPrecision.DAY: 10}[self.precision]
        return self.first.isoformat()[:length]

    @property
    def last(self) -> dt.date:
        """Return the last day it can be."""
        if self.precision == BirthPrecision.DAY:
            return self.first
        month = 12 if self.precision == BirthPrecision.YEAR else self.first.month
        return dt.date(self.first.year, month, calendar.monthrange(self.first.year, month)[1])

    def ages(self, on: dt.date) -> tuple[int, int]:
        """Return the fewest and the most completed years that somebody born then can have."""
        return max(0, _years(self.last, on)), max(0, _years(self.first, on))

    def ages_text(self, on: dt.date) -> str:
        """Return the completed years: `42`, or `41–42` when they hang on the day."""
        fewest, most = self.ages(on)
        return str(most) if fewest == most else f"{fewest}–{most}"

    def in_words(self, pattern: str = "j M Y") -> str:
        """Return what is known in Django's format letters, in the active language."""
        shown = {BirthPrecision.YEAR: "Y", BirthPrecision.MONTH: pattern.replace("j ", ""), BirthPrecision.DAY: pattern}
        return formats.date_format(self.first, shown[self.precision])


def _years(born: dt.date, on: dt.date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def find_birth_date(text: str, *, day_first: bool, today: dt.date) -> tuple[dt.date, str] | None:
    """Return the first date in the text and what is left of the text, or None.

    Understands ISO, numbers with / . - (dots are day first), and month names in English, Spanish and Hindi. An order that the calendar
    refuses (25/3 in the United States) is read the other way round; two-digit years never lie in the future.
    """
    if match := _NUMERIC.search(text):
        # Who writes dots (7.10.1992) puts the day first, wherever they are.
        found = _from_numbers(match[1], match[3], match[4], day_first=day_first or match[2] == ".", today=today)
    elif match := _DAY_FIRST_WORDS.search(text):
        found = _build(_whole_year(match[3], today), _month(match[2]), int(match[1]), today)
    elif match := _MONTH_FIRST_WORDS.search(text):
        found = _build(_whole_year(match[3], today), _month(match[1]), int(match[2]), today)
    else:
        return None
    if found is None:
        return None
    rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
    return found, rest


_YEAR = re.compile(r"^(\d{4})$")
_YEAR_MONTH = re.compile(r"^(?:(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4}))$")
_MONTH_WORD = re.compile(rf"^{_WORD}\.?,?\s+(?:de\s+|del\s+|of\s+)?(\d{{4}})$")


_MONTH_YEAR = re.compile(rf"(?<!\S){_WORD}\.?,?\s+(?:de\s+|del\s+|of\s+)?(\d{{4}})(?!\d)")


def find_birth_month(text: str, *, today: dt.date) -> tuple[PartialDate, str] | None:
    """Return the first month with its year in the text (`April 1961`) and what is left of the text, or None."""
    for match in _MONTH_YEAR.finditer(text):
        found = _partial(int(match[2]), _month(match[1]), BirthPrecision.MONTH, today)
        if found is not None:
            return found, f"{text[: match.start()]} {text[match.end() :]}".strip()
    return None


def read_plain_digits(text: str, *, day_first: bool, today: dt.date) -> dt.date | None:
    """Return the date that eight digits without anything between them say (`12041961`, `19610412`), or None."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    return _from_numbers(text[:4], text[4:6], text[6:], day_first=day_first, today=today) or _from_numbers(
        text[:2], text[2:4], text[4:], day_first=day_first, today=today
    )


def read_birth_date(text: str, *, day_first: bool, today: dt.date) -> PartialDate | None:
    """Return what somebody wrote into a birth date's field, or None: a whole date, `March 1984`, `3/1984` or `1984`."""
    text = text.strip()
    if match := _YEAR.match(text):
        return _partial(int(match[1]), 1, BirthPrecision.YEAR, today)
    if match := _YEAR_MONTH.match(text):
        return _partial(int(match[1] or match[4]), int(match[2] or match[3]), BirthPrecision.MONTH, today)
    if match := _MONTH_WORD.match(text):
        return _partial(int(match[2]), _month(match[1]), BirthPrecision.MONTH, today)
    found = find_birth_date(text, day_first=day_first, today=today)
    return PartialDate(found[0]) if found is not None and not found[1] else None


def two_digit_year(text: str) -> bool:
    """Tell whether a date is written with two digits of its year: 5/6/34 is 1934 or 2034, and nobody may guess."""
    match = _NUMERIC.fullmatch(text.strip())
    return match is not None and len(match[1]) <= 2 and len(match[4]) <= 2


def birth_date_problem(text: str, *, day_first: bool, today: dt.date) -> str:
    """Return what is wrong with a birth date that was not understood, in words; empty when it is no date at all."""
    if two_digit_year(text):
        return str(_("Write the year with four digits."))
    if match := _YEAR.match(text.strip()):
        year = int(match[1])
        return _year_problem(dt.date(year, 1, 1), dt.date(year, 12, 31), today) if year else ""
    match = _NUMERIC.fullmatch(text.strip())
    if match is None:
        return ""
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    if len(match[1]) <= 2:
        year, month, day = int(match[4]), int(match[3]), int(match[1])
        if month > 12 or (not (day_first or match[2] == ".") and day <= 12):
            month, day = day, month
    if year < 1000 or month > 12 or not 1 <= day <= 31 or month < 1:
        return ""
    try:
        born = dt.date(year, month, day)
    except ValueError:
        return str(_("That day does not exist. Check the day and the month."))
    return _year_problem(born, born, today)


def _year_problem(first: dt.date, last: dt.date, today: dt.date) -> str:
    if first > today:
        return str(_("The birth date lies in the future. Check the year."))
    return str(_("The birth date is more than 130 years ago. Check the year.")) if last < today - OLDEST else ""


def _partial(year: int, month: int, precision: BirthPrecision, today: dt.date) -> PartialDate | None:
    try:
        born = PartialDate(dt.date(year, month, 1), precision)
    except ValueError:
        return None
    return born if born.first <= today and born.last >= today - OLDEST else None


def _from_numbers(first: str, second: str, third: str, *, day_first: bool, today: dt.date) -> dt.date | None:
    if len(first) > 2:
        return _build(int(first), int(second), int(third), today)
    if len(third) not in {2, 4}:
        return None
    year = _whole_year(third, today)
    day, month = (int(first), int(second)) if day_first else (int(second), int(first))
    return _build(year, month, day, today) or _build(year, day, month, today)


def _whole_year(text: str, today: dt.date) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (2000 if 2000 + year <= today.year else 1900)


def _month(word: str) -> int:
    return next((n for n, names in enumerate(_MONTHS, start=1) if word.casefold().startswith(names)), 0)


def _build(year: int, month: int, day: int, today: dt.date) -> dt.date | None:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return None
    return date if today - OLDEST <= date <= today else None
