"""The lines of the list of patients: what each shows, in words, so that a line is rendered once for what it says."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from apps.core.dates import day_in_words
from apps.patients.contact import show_phone
from apps.patients.dates import BirthPrecision
from apps.patients.models import ContactSystem, Patient
from apps.patients.profile import first_of


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


def lines_of(found: Iterable[tuple[Patient, str]], *, today: dt.date, country: str) -> list[PatientLine]:
    """Return the lines of patients, each with the reason it was found; phones as people in the country read them."""
    languages = dict(settings.LANGUAGES)
    return [
        PatientLine(
            pk=patient.pk,
            name=patient.full_name,
            name_latin=patient.name_latin,
            preferred_name=patient.preferred_name,
            tags=", ".join(patient.tags),
            alerts=", ".join(patient.alerts),
            reason=reason,
            born=born_in_words(patient),
            age=patient.age_text(today) if patient.birth_date else "",
            phone=show_phone(phone.value, country=country) if (phone := first_of(patient, ContactSystem.PHONE)) else "",
            email=email.value if (email := first_of(patient, ContactSystem.EMAIL)) else "",
            language=str(languages.get(patient.language, patient.language)),
            number=patient.record_number,
        )
        for patient, reason in found
    ]


def born_in_words(patient: Patient) -> str:
    """Return the birth date as far as it is known; empty when it is not."""
    if patient.birth_date is None or patient.born is None:
        return ""
    known = patient.birth_precision == BirthPrecision.DAY
    return day_in_words(patient.birth_date, "j M Y") if known else str(patient.born.in_words())
