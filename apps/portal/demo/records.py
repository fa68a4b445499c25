"""Patients of the demo clinic with contact points and consents, written in bulk."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from apps.organizations.models import Organization
from apps.patients.folding import index_text, sort_text
from apps.patients.models import Consent, ConsentPurpose, ConsentStatus, ContactPoint, ContactSystem, Patient
from apps.portal.demo.copying import copy
from apps.portal.demo.people import Person, invent

ALERTS = ["Penicillin allergy", "Needs ramp", "Interpreter: Mandarin", "Interpreter: Ukrainian", "Hard of hearing"]


def admit(
    *,
    organization: Organization,
    rng: random.Random,
    count: int,
    now: dt.datetime,
    done: Callable[[int], None] = lambda _count: None,
) -> list[tuple[Patient, Person]]:
    """Create `count` patients numbered from 1, and return each with the person it was made from."""
    people = invent(rng, count, now.astimezone(organization.zone).date())
    patients = [_patient(organization, number, person, rng, now) for number, person in enumerate(people, start=1)]
    copy(patients, done=done)
    pairs = list(zip(patients, people, strict=True))
    copy(point for patient, person in pairs for point in _points(patient, person))
    copy(consent for patient, _person in pairs for consent in _consents(patient, rng, now))
    return pairs


def _patient(organization: Organization, number: int, person: Person, rng: random.Random, now: dt.datetime) -> Patient:
    return Patient(
        organization=organization,
        number=number,
        created_at=now - dt.timedelta(days=rng.randint(620, 2600)),
        given_name=person.given_name,
        family_name=person.family_name,
        name_latin=person.name_latin,
        birth_date=person.birth_date,
        sex=person.sex,
        language=person.language,
        address=person.address,
        alerts=[rng.choice(ALERTS)] if rng.random() < 0.07 else [],
        sort_name=sort_text(given_name=person.given_name, family_name=person.family_name),
        search_text=index_text(
            names=(person.given_name, person.family_name, "", person.name_latin),
            number=f"{number:06d}",
            phones=(person.phone,),
            emails=(person.email,) if person.email else (),
        ),
    )


def _points(patient: Patient, person: Person) -> list[ContactPoint]:
    points = [
        ContactPoint(
            organization_id=patient.organization_id, patient=patient, system=ContactSystem.PHONE, value=person.phone
        )
    ]
    if person.email:
        points.append(
            ContactPoint(
                organization_id=patient.organization_id,
                patient=patient,
                system=ContactSystem.EMAIL,
                value=person.email,
                use="home",
            )
        )
    return points


def _consents(patient: Patient, rng: random.Random, now: dt.datetime) -> list[Consent]:
    decided = now - dt.timedelta(days=rng.randint(20, 600))
    answers = {ConsentPurpose.WHATSAPP: 0.97, ConsentPurpose.SMS: 0.94, ConsentPurpose.EMAIL: 0.97}
    return [
        Consent(
            organization_id=patient.organization_id,
            patient=patient,
            purpose=purpose,
            status=ConsentStatus.ACTIVE if rng.random() < share else ConsentStatus.WITHDRAWN,
            source="front desk",
            decided_at=decided,
        )
        for purpose, share in answers.items()
    ]
