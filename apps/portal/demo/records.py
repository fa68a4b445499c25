"""Patients of the demo clinic with contact points and consents, written in bulk."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from apps.organizations.models import Organization
from apps.patients.folding import index_text, sort_text
from apps.patients.models import (
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    ContactPoint,
    ContactSystem,
    Patient,
)
from apps.portal.demo.copying import copy
from apps.portal.demo.particulars import (
    Particulars,
    addresses_of,
    further_points_of,
    identifiers_of,
    invent_particulars,
    offered_systems,
    related_to,
)
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
    today = now.astimezone(organization.zone).date()
    people = invent(rng, count, today)
    further = invent_particulars(people)
    both = zip(people, further, strict=True)
    patients = [_patient(organization, number, *of, rng, now) for number, of in enumerate(both, start=1)]
    copy(patients, done=done)
    pairs, known = list(zip(patients, people, strict=True)), list(zip(patients, further, strict=True))
    copy(point for patient, person in pairs for point in _points(patient, person))
    copy(point for patient, of in known for point in further_points_of(patient, of))
    copy(consent for patient, _person in pairs for consent in _consents(patient, rng, now))
    copy(offered_systems(organization))
    copy(address for patient, of in known for address in addresses_of(patient, of))
    copy(identifier for patient, of in known for identifier in identifiers_of(patient, of))
    copy(related_to(pairs, today))
    return pairs


def _patient(
    organization: Organization,
    number: int,
    person: Person,
    known: Particulars,
    rng: random.Random,
    now: dt.datetime,
) -> Patient:
    return Patient(
        organization=organization,
        number=number,
        created_at=now - dt.timedelta(days=rng.randint(620, 2600)),
        given_name=person.given_name,
        family_name=person.family_name,
        name_latin=person.name_latin,
        birth_date=known.born.first,
        birth_precision=known.born.precision,
        sex=person.sex,
        language=person.language,
        alerts=[rng.choice(ALERTS)] if rng.random() < 0.07 else [],
        sort_name=sort_text(given_name=person.given_name, family_name=person.family_name),
        search_text=index_text(
            names=(person.given_name, person.family_name, "", person.name_latin),
            number=f"{number:06d}",
            phones=(person.phone, *known.further_phones),
            emails=(person.email,) if person.email else (),
            identifiers=known.numbers.values(),
        ),
        **known.fields,
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
            method=ConsentMethod.SPOKEN,
            decided_at=decided,
        )
        for purpose, share in answers.items()
    ]
