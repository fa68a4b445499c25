"""Registering many people in one transaction, table by table: what an import does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from apps.core.actors import Actor
from apps.events.services import Happening, emit_many
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import Consent, Identifier, Patient
from apps.patients.parts import Row
from apps.patients.services.consents import EVENTS, happening_of, take_answer
from apps.patients.services.parts import first_rows
from apps.patients.services.records import index_new, new_patient, take_numbers


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is not registered yet."""

    patient: Patient
    parts: Mapping[str, Sequence[Row]]
    consents: Sequence[Consent]
    is_archived: bool


def newcomer_of(
    given: Mapping[str, Any],
    *,
    answers: Mapping[str, Mapping[str, Any]],
    is_archived: bool,
    organization: Organization,
) -> Newcomer:
    """Return somebody by the fields that `create_patient` takes; asks the database nothing.

    `answers` are by purpose: the `status`, and the circumstances that `set_consent` takes. Raises
    InvalidInput that names every field it refuses.
    """
    patient, parts = new_patient(given, organization=organization)
    consents = []
    for purpose, answer in answers.items():
        consent = Consent(organization_id=organization.pk, patient=patient, purpose=purpose)
        take_answer(consent, **answer)
        consents.append(consent)
    return Newcomer(patient, parts, consents, is_archived)


@transaction.atomic
def register_newcomers(
    *, newcomers: Sequence[Newcomer], organization: Organization, imported_from: str, actor: Actor
) -> None:
    """Register people out of a file, as `create_patient` does with `imported_from`, and record their consents.

    The record numbers are taken late: whoever registers somebody meanwhile waits only for the insert of the patients
    and the commit. Raises IntegrityError when somebody has one of the numbers in other systems by now.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    people = [one.patient for one in newcomers]
    rows: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for one in newcomers:
        for row in first_rows(one.patient, one.parts):
            rows[type(row)].append(row)
    # Before the patients whom they belong to: the database looks at the commit.
    for model in rows.keys() - {Identifier}:
        model._default_manager.bulk_create(rows[model])
    happened = [Happening(one, one.pk, payload={"file": imported_from}) for one in people]
    emit_many("patient.imported", happened, actor=actor)
    _record_consents([consent for one in newcomers for consent in one.consents], actor=actor)
    archived = [one.patient for one in newcomers if one.is_archived]
    for patient in archived:
        patient.archived_at = timezone.now()
    emit_many("patient.archived", [Happening(one, one.pk) for one in archived], actor=actor)
    first = take_numbers(organization, len(people))
    # After the numbers, as everybody does it: two who register the same person must not wait for each other.
    Identifier._default_manager.bulk_create(rows[Identifier])  # type: ignore[arg-type]
    for number, one in enumerate(newcomers, start=first):
        one.patient.number = number
        index_new(one.patient, one.parts)
    Patient.objects.bulk_create(people)


def _record_consents(consents: Sequence[Consent], *, actor: Actor) -> None:
    Consent.objects.bulk_create(consents)
    for status, event in EVENTS.items():
        said = [consent for consent in consents if consent.status == status]
        emit_many(event, [happening_of(consent, before=None) for consent in said], actor=actor)
