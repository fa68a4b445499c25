"""What is known of a person, in the form in which it is compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.functional import cached_property

from apps.patients.folding import fold

_NUMBER = re.compile(r"^(\d+[a-z]?)\b|\b(\d+[a-z]?)$")
_POSTAL = re.compile(r"\b([a-z]{0,2}\d[a-z0-9]{2,9}(?: ?\d[a-z]{2})?)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """An address in parts, each folded; an empty part is not known. `extra` is a building, a unit, a second line."""

    number: str = ""
    street: str = ""
    extra: str = ""
    locality: str = ""
    postal_code: str = ""

    def __bool__(self) -> bool:
        return bool(self.street or self.locality or self.postal_code)

    @classmethod
    def from_parts(cls, *, line: str = "", extra: str = "", locality: str = "", postal_code: str = "") -> Place:
        """Read the parts as people write them; the house number may stand before or after the street."""
        street = fold(line)
        found = _NUMBER.search(street)
        number = (found[1] or found[2]) if found else ""
        return cls(
            number=number,
            street=f"{street[: found.start()]}{street[found.end() :]}".strip() if found else street,
            extra=fold(extra),
            locality=fold(locality),
            postal_code=fold(postal_code).replace(" ", ""),
        )

    @staticmethod
    @lru_cache(maxsize=8192)
    def from_text(text: str) -> Place:
        """Read an address written as one line, `street and number, … , place and postal code`."""
        parts = [part for part in re.split(r"[,;\n]", text) if part.strip()]
        if not parts:
            return Place()
        tail = " ".join(fold(part) for part in parts[1:])
        codes = list(_POSTAL.finditer(tail))
        code = codes[-1] if codes else None
        locality = f"{tail[: code.start()]} {tail[code.end() :]}" if code else tail
        return Place.from_parts(line=parts[0], locality=locality, postal_code=code[1] if code else "")


@dataclass(frozen=True)
class PersonFacts:
    """A person as some record states them. Any fact may be missing; texts are as people wrote them.

    `birth_date` is ISO 8601 and may be partial (`1956`, `1956-04`), as FHIR has it. Phones are E.164, e-mails lower
    case, `identifiers` are (system, value). `relations` names the bonds to other people that the clinic knows: who shares
    one is stated to be somebody else.
    """

    given_name: str = ""
    family_name: str = ""
    preferred_name: str = ""
    name_latin: str = ""
    birth_date: str = ""
    sex: str = ""
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()
    identifiers: Mapping[str, str] = field(default_factory=dict)
    relations: frozenset[str] = frozenset()

    @cached_property
    def given_names(self) -> tuple[str, ...]:
        """Return the folded given names that the person goes by: the registered, the preferred, the Latin one."""
        return _distinct((fold(self.given_name), fold(self.preferred_name), self._latin[0]))

    @cached_property
    def family_names(self) -> tuple[str, ...]:
        """Return the folded family names: the registered and the Latin one."""
        return _distinct((fold(self.family_name), self._latin[1]))

    @cached_property
    def _latin(self) -> tuple[str, str]:
        """Split the Latin spelling the way the registered name is split: as many words are the family name."""
        words = fold(self.name_latin).split() if self.name_latin else []
        if not words:
            return "", ""
        if not self.family_name:
            return " ".join(words), ""
        size = min(max(len(self.family_name.split()), 1), max(len(words) - 1, 1))
        return " ".join(words[:-size]), " ".join(words[-size:])

    @cached_property
    def born(self) -> str:
        """Return the digits of the birth date, eight when it is whole."""
        return self.birth_date.replace("-", "")

    @cached_property
    def known_sex(self) -> str:
        return self.sex if self.sex in {"female", "male"} else ""


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
