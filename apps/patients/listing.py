"""The list of patients: its pages, and what a line of it says, in words, so that a line is rendered once for them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from apps.core.dates import day_in_words
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.models import ContactPoint, ContactSystem, Patient, full_name
from apps.patients.profile import first_of

PAGE = 50


class Listed(NamedTuple):
    """What the list knows of a patient; `phone` (E.164) and `email` are those tried first, None without."""

    pk: uuid.UUID
    given_name: str
    family_name: str
    preferred_name: str
    name_latin: str
    birth_date: dt.date | None
    birth_precision: str
    language: str
    number: int
    tags: list[str]
    alerts: list[str]
    phone: str | None
    email: str | None

    @classmethod
    def of(cls, patient: Patient) -> Listed:
        """Return it of a record that is loaded with its contact points."""
        points = [first_of(patient, system) for system in (ContactSystem.PHONE, ContactSystem.EMAIL)]
        own = (getattr(patient, field) for field in OF_PATIENT)
        return cls._make((*own, *(point.value if point else None for point in points)))


@dataclass(frozen=True, slots=True)
class PatientPage:
    """A page of a list; `next_after` is the id to ask the next one with, None on the last."""

    patients: list[Listed]
    next_after: uuid.UUID | None


def _first(system: str) -> Subquery:
    points = ContactPoint.objects.filter(patient=OuterRef("pk"), system=system).order_by("rank", "created_at")
    return Subquery(points.values("value")[:1])


OF_PATIENT = Listed._fields[:-2]
FIRST = (_first(ContactSystem.PHONE), _first(ContactSystem.EMAIL))


def listed_patients(*, organization: Organization, archived: bool = False, language: str = "") -> QuerySet[Patient]:
    """Return the rows that the list's filters keep, in no order."""
    patients = Patient.objects.for_organization(organization)
    rows: QuerySet[Patient] = patients.archived() if archived else patients.active()
    return rows.filter(language=language) if language else rows


def list_patients(
    *,
    organization: Organization,
    archived: bool = False,
    language: str = "",
    after: uuid.UUID | None = None,
    limit: int = PAGE,
) -> PatientPage:
    """Return a page of patients by name; constant cost at any depth, at most two queries."""
    rows = listed_patients(organization=organization, archived=archived, language=language)
    last = Patient.objects.for_organization(organization).filter(pk=after).only("sort_name").first() if after else None
    if last is not None:
        # As a row comparison the index finds the place; as AND and OR it would read everything before it.
        rows = rows.extra(where=["(sort_name, patients_patient.id) > (%s, %s)"], params=[last.sort_name, last.pk])
    page = [Listed._make(row) for row in rows.order_by("sort_name", "id").values_list(*OF_PATIENT, *FIRST)[: limit + 1]]
    return PatientPage(page[:limit], page[limit - 1].pk if len(page) > limit else None)


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A line: `reason` is why a search found the person, `phone` and `email` are those tried first, `age` as read."""

    pk: uuid.UUID
    name: str
    name_latin: str
    preferred_name: str
    tags: str
    alerts: str
    reason: str
    born: str
    age: str
    phone: str
    email: str
    language: str
    number: str


def lines_of(found: Iterable[tuple[Listed, str]], *, today: dt.date, country: str) -> list[PatientLine]:
    """Return the lines of patients, each with the reason it was found; phones as people in the country read them."""
    languages = {code: str(name) for code, name in settings.LANGUAGES}
    return [
        PatientLine(
            pk=patient.pk,
            name=full_name(patient.given_name, patient.family_name),
            name_latin=patient.name_latin,
            preferred_name=patient.preferred_name,
            tags=", ".join(patient.tags),
            alerts=", ".join(patient.alerts),
            reason=reason,
            born=born_in_words(born) if born else "",
            age=born.ages_text(today) if born else "",
            phone=show_phone(patient.phone, country=country) if patient.phone else "",
            email=patient.email or "",
            language=languages.get(patient.language, patient.language),
            number=f"{patient.number:06d}",
        )
        for patient, reason in found
        for born in [
            PartialDate(patient.birth_date, BirthPrecision(patient.birth_precision)) if patient.birth_date else None
        ]
    ]


def born_in_words(born: PartialDate) -> str:
    """Return the birth date as far as it is known."""
    return day_in_words(born.first, "j M Y") if born.precision == BirthPrecision.DAY else born.in_words()
