"""Invented people for B11: households, twins and namesakes among them, and one in twenty with a second record.

The second record has the errors of a front desk: typos, nicknames, names swapped or hyphenated, dates with a wrong
digit or with day and month exchanged, new and missing phones, moves. Who is who stands in the note, which nobody
compares. The same seed gives the same people.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate

from apps.organizations.models import Organization
from apps.patients.folding import index_text, sort_text
from apps.patients.matching.nicknames import LINES, forms_of
from apps.patients.models import Address, ContactPoint, ContactSystem, Patient
from apps.portal.demo.copying import copy
from apps.portal.demo.people import FAMILY, GIVEN
from benchmarks.environment import Scale

SEED, SLUG, DUPLICATED = 11, "many-people", 0.05
FAMILY_NAMES, STREETS, TOWNS = 12_000, 900, 60
_SYLLABLES = ("ba", "ber", "cas", "den", "do", "el", "fer", "gar", "han", "il", "ka", "lo", "mar", "nes", "or", "pa",
              "quin", "ro", "san", "ter", "ul", "vas", "wic", "yar", "zo")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A record to be; `who` is the person that it is of."""

    who: int
    given: str
    family: str
    born: dt.date | None
    sex: str
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True)
class Inventor:
    """Draws names as they are spread in a register: few are common, most are rare."""

    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    given: dict[str, list[str]] = field(init=False)
    families: list[str] = field(init=False)
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        extra = sorted({form.title() for form in LINES if len(form) > 4})
        half = len(extra) // 2
        names = {"female": [*GIVEN["female"], *extra[:half]], "male": [*GIVEN["male"], *extra[half:]]}
        made = {"".join(self.rng.choices(_SYLLABLES, k=self.rng.choice((2, 3, 3, 4)))).title() for _ in range(20_000)}
        families = [*FAMILY, *sorted(made)][:FAMILY_NAMES]
        object.__setattr__(self, "given", names)
        object.__setattr__(self, "families", families)
        object.__setattr__(self, "weights", list(accumulate(1 / (rank + 8) for rank in range(len(families)))))

    def people(self, count: int) -> Iterator[Person]:
        """Yield records until there are so many: households one after the other, duplicates at once behind their own."""
        made, who = 0, 0
        while made < count:
            for person in self._household():
                one = replace(person, who=who)
                for record in (one, self.corrupted(one)) if self.rng.random() < DUPLICATED else (one,):
                    if made < count:
                        made += 1
                        yield record
                who += 1

    def _household(self) -> list[Person]:
        rng = self.rng
        family, phone, address = self._family(), self._phone(), self._address()
        first = self._person(family, phone, address, rng.randint(20, 85))
        members = [first]
        for _ in range(rng.choice((0, 0, 1, 2, 3))):
            name = family if rng.random() < 0.85 else self._family()
            own = phone if rng.random() < 0.5 else self._phone()
            members.append(self._person(name, own, address, rng.randint(0, 60)))
        if len(members) > 2 and rng.random() < 0.03:
            members.append(replace(self._person(family, phone, address, 10), born=members[-1].born))  # a twin
        if len(members) > 1 and rng.random() < 0.03:
            members[-1] = replace(members[-1], given=first.given, sex=first.sex, family=family)  # named after a parent
        return members

    def _person(self, family: str, phone: str, address: str, age: int) -> Person:
        rng = self.rng
        sex = rng.choice(("female", "male"))
        names = self.given[sex]
        given = names[min(int(rng.expovariate(4 / len(names))), len(names) - 1)]
        born = dt.date(2026 - age, 1, 1) + dt.timedelta(days=rng.randint(0, 364))
        email = f"{given}.{family}{rng.randint(1, 999)}@example.org".lower().replace(" ", "")
        return Person(0, given, family, born, sex, phone, email if rng.random() < 0.6 else "", address)

    def _family(self) -> str:
        return self.rng.choices(self.families, cum_weights=self.weights)[0]

    def _phone(self) -> str:
        return f"+1{self.rng.randint(2_000_000_000, 9_999_999_999)}"

    def _address(self) -> str:
        rng = self.rng
        town = rng.randrange(TOWNS)
        street = self.families[rng.randrange(STREETS)]
        return f"{rng.randint(1, 220)} {street} Street, Town {chr(65 + town % 26)}{town} {20_000 + town}"

    def corrupted(self, person: Person) -> Person:
        """Return the second record of a person, with the errors of a front desk."""
        rng = self.rng
        chance = rng.random
        given, family, born = person.given, person.family, person.born
        if chance() < 0.12:
            given = self._typo(given)
        elif chance() < 0.06 and forms_of(given.casefold()):
            given = rng.choice(forms_of(given.casefold())).title()
        elif chance() < 0.04:
            given = f"{given} {rng.choice(self.given['female'])}"
        if chance() < 0.10:
            family = self._typo(family)
        elif chance() < 0.04:
            family = f"{family}-{self._family()}" if chance() < 0.5 else self._family()
        if chance() < 0.03:
            given, family = family, given
        return Person(
            who=person.who,
            given=given,
            family=family,
            born=self._born(born) if born else None,
            sex=person.sex if chance() > 0.05 else "unknown",
            phone=self._other(person.phone, lost=0.08, changed=0.25, fresh=self._phone),
            email=self._other(person.email, lost=0.35, changed=0.15, fresh=lambda: ""),
            address=self._other(person.address, lost=0.15, changed=0.15, fresh=self._address),
        )

    def _born(self, born: dt.date) -> dt.date | None:
        chance = self.rng.random()
        if chance < 0.05:
            return None
        if chance < 0.07 and born.day <= 12:
            return born.replace(month=born.day, day=born.month)
        if chance < 0.12:
            return born + dt.timedelta(days=self.rng.choice((-1, 1, 10, -10, 365, -365)))
        return born

    def _other(self, value: str, *, lost: float, changed: float, fresh) -> str:  # type: ignore[no-untyped-def]
        chance = self.rng.random()
        if chance < lost or not value:
            return ""
        if chance < lost + changed:
            return str(fresh())
        return self._typo(value) if self.rng.random() < 0.06 and " " in value else value

    def _typo(self, word: str) -> str:
        """Return the word with one slip of a finger: a letter left out, doubled, exchanged or replaced."""
        rng = self.rng
        place = rng.randrange(1, max(2, len(word) - 1))
        kind = rng.randrange(4)
        if kind == 0:
            return word[:place] + word[place + 1 :]
        if kind == 1:
            return word[:place] + word[place - 1] + word[place:]
        if kind == 2 and place + 1 < len(word):
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        return word[:place] + rng.choice("abcdefghijklmnoprstuvwyz") + word[place + 1 :]


def fill_people(scale: Scale) -> None:
    """Write an organization of invented people, index them and count their values, as a run over everybody would."""
    organization = Organization.objects.create(name="Many people", slug=SLUG, timezone="America/New_York")
    people = list(Inventor().people(scale.people))
    patients = [_patient(organization, number, person) for number, person in enumerate(people, start=1)]
    copy(patients)
    pairs = list(zip(patients, people, strict=True))
    copy(point for patient, person in pairs for point in _points(patient, person))
    copy(_address(patient, person) for patient, person in pairs if person.address)


def _patient(organization: Organization, number: int, person: Person) -> Patient:
    return Patient(
        organization=organization,
        number=number,
        given_name=person.given,
        family_name=person.family,
        birth_date=person.born,
        sex=person.sex,
        note=str(person.who),
        sort_name=sort_text(given_name=person.given, family_name=person.family),
        search_text=index_text(
            names=(person.given, person.family),
            number=f"{number:06d}",
            phones=(person.phone,),
            emails=(person.email,) if person.email else (),
        ),
    )


def _address(patient: Patient, person: Person) -> Address:
    return Address(organization_id=patient.organization_id, patient=patient, lines=[person.address])


def _points(patient: Patient, person: Person) -> Iterator[ContactPoint]:
    for system, value in ((ContactSystem.PHONE, person.phone), (ContactSystem.EMAIL, person.email)):
        if value:
            yield ContactPoint(organization_id=patient.organization_id, patient=patient, system=system, value=value)
