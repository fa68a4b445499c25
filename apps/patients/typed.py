"""What somebody typed to find a patient, read in the ways that it can be meant."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace

from apps.organizations.models import Organization
from apps.patients.dates import OLDEST, find_birth_date, find_birth_month, read_plain_digits
from apps.patients.folding import fold

MOST_WORDS = 6
MOST_CHARACTERS = 120
MOST_JOINED = 3
_PHONE_LIKE = re.compile(r"^[\d\s()+./\-–#]*\d[\d\s()+./\-–]*$")


@dataclass(frozen=True, slots=True)
class Typed:
    """One reading: all of it has to fit, `exact` ones without typos. `born` are the first day and the day after the last."""

    words: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()
    number: int | None = None
    births: tuple[dt.date, ...] = ()
    born: tuple[dt.date, dt.date] | None = None
    exact: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.digits or self.births or self.born or self.number is not None)

    def joined(self) -> list[Typed]:
        """Return the readings of two or three words with two neighbours written as one: Thorn bury."""
        words = self.words
        if not 2 <= len(words) <= MOST_JOINED or not all(word.isalpha() for word in words):
            return []
        pairs = ((*words[:n], words[n] + words[n + 1], *words[n + 2 :]) for n in range(len(words) - 1))
        return [replace(self, words=pair) for pair in pairs]


def readings_of(text: str, organization: Organization) -> list[Typed]:
    """Return how the text can be read, likeliest first; a whole date in it is a birth date and nothing else.

    `1961` is a year of birth beside a name and a part of a number by itself, then the other; eight digits may be a
    date, and a month with a year too.
    """
    text = text.replace("\x00", " ").strip()[:MOST_CHARACTERS]
    day_first, today = organization.day_first, organization.today()
    found = find_birth_date(text, day_first=day_first, today=today)
    if found is not None:
        return _some([replace(_plain(found[1]), births=(found[0],))])
    plain = _plain(text)
    ways = [plain]
    chunks = text.split()
    for n, chunk in enumerate(chunks):
        rest = _plain(" ".join(chunks[:n] + chunks[n + 1 :]))
        if re.fullmatch(r"\d{4}", chunk) and today.year - OLDEST.days // 366 <= int(chunk) <= today.year:
            born = replace(rest, born=(dt.date(int(chunk), 1, 1), dt.date(int(chunk) + 1, 1, 1)))
            ways = [born, *ways] if rest.words else [*ways, born]
        elif (date := read_plain_digits(chunk, day_first=day_first, today=today)) is not None:
            ways.append(replace(rest, births=(date,)))
    month = find_birth_month(text, today=today)
    if month is not None:
        # `May 1961` is no slip for `Mary 1961`.
        ways = [replace(way, exact=True) for way in ways]
        ways.append(replace(_plain(month[1]), born=(month[0].first, month[0].last + dt.timedelta(days=1))))
    return _some(ways)


def _some(ways: list[Typed]) -> list[Typed]:
    return [way for way in dict.fromkeys(ways) if not way.is_empty]


def _plain(text: str) -> Typed:
    """Read words and numbers; an e-mail address is a word, three digits and more are a part of a number."""
    if _PHONE_LIKE.match(text):
        return _digits(text)
    words: list[str] = []
    digits: list[str] = []
    for chunk in text.split():
        if "@" in chunk:
            words.append(chunk.casefold())
        elif _PHONE_LIKE.match(chunk) and sum(c.isdigit() for c in chunk) >= 3:
            digits.append(re.sub(r"\D", "", chunk).lstrip("0") or "0")
        else:
            words += fold(chunk).split()
    raw = [word for word in unicodedata.normalize("NFC", text).casefold().split() if "@" not in word]
    return Typed(tuple(dict.fromkeys(words))[:MOST_WORDS], tuple(raw[:MOST_WORDS]), tuple(digits[:2]))


def _digits(text: str) -> Typed:
    digits = re.sub(r"\D", "", text)
    is_number = 1 <= len(digits) <= 6 and not text.startswith("+")
    part = digits.lstrip("0")
    # Two digits are in every phone: they are a record number or nothing. So are six that begin as only those do.
    is_part = len(part) >= 3 and not text.startswith("#") and not (is_number and digits.startswith("00"))
    return Typed(digits=(part,) if is_part else (), number=int(digits) if is_number else None)
