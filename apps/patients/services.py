"""Every write on patients, their contact points and their consents."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.ids import uuid7
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.contact import comparable_address, normalise_email, normalise_phone
from apps.patients.dates import OLDEST
from apps.patients.folding import index_text
from apps.patients.models import (
    Consent,
    ConsentPurpose,
    ConsentStatus,
    ContactPoint,
    ContactSystem,
    ContactUse,
    Patient,
    Sex,
)

TEXT_FIELDS = (
    "given_name",
    "family_name",
    "preferred_name",
    "name_latin",
    "language",
    "address",
    "preferred_channel",
    "note",
)
LIST_FIELDS = {"alerts": 60, "tags": 40}
ADDRESS_FIELDS = ("phones", "emails")
EDITABLE_FIELDS = frozenset({*TEXT_FIELDS, *LIST_FIELDS, *ADDRESS_FIELDS, "birth_date", "sex"})
CHANNEL_PURPOSES = (ConsentPurpose.WHATSAPP, ConsentPurpose.SMS, ConsentPurpose.EMAIL, ConsentPurpose.VOICE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,4})?$")


@transaction.atomic
def create_patient(
    *,
    organization: Organization,
    given_name: str = "",
    family_name: str = "",
    birth_date: dt.date | None = None,
    sex: str = Sex.UNKNOWN,
    language: str = "en",
    phones: Sequence[str] = (),
    emails: Sequence[str] = (),
    actor: Actor,
    **optional: Any,
) -> Patient:
    """Register a person under the next record number; the first phone and e-mail are tried first.

    Locks the organization's counter until the commit. Raises InvalidInput that names every field it refuses.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    given = {
        "given_name": given_name,
        "family_name": family_name,
        "birth_date": birth_date,
        "sex": sex,
        "language": language,
        "phones": phones,
        "emails": emails,
        **optional,
    }
    clean = _clean(given, organization=organization)
    if not clean["given_name"] and not clean["family_name"]:
        raise _invalid({"given_name": [_("Enter a given name or a family name.")]})
    addresses = {field: clean.pop(field) for field in ADDRESS_FIELDS}
    patient = Patient(organization=organization, number=_next_number(organization), **clean)
    patient.search_text = _index(patient, addresses["phones"], addresses["emails"])
    patient.save(force_insert=True)
    _add_contact_points(patient, ContactSystem.PHONE, addresses["phones"])
    _add_contact_points(patient, ContactSystem.EMAIL, addresses["emails"])
    emit("patient.created", subject=patient, actor=actor, patient_id=patient.pk)
    return patient


@transaction.atomic
def update_patient(
    *, patient: Patient, changes: Mapping[str, Any], version: int | None = None, actor: Actor
) -> Patient:
    """Save the changed fields; `phones` and `emails` replace the whole list, in the order to try.

    Locks the patient. Raises StaleVersion with the fields that differ when somebody saved since `version`, and
    InvalidInput for values or field names that can't be. Nothing is written when nothing differs.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    clean = _clean(changes, organization=patient.organization)
    locked = _lock(patient)
    current = {field: _current(locked, field) for field in clean}
    differing = {field: (current[field], value) for field, value in clean.items() if current[field] != value}
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody else saved %(name)s meanwhile. Compare the fields, then save again.")
            % {"name": locked.full_name},
            current=locked.version,
            conflicts=[
                {"field": field, "current": _plain(theirs), "yours": _plain(yours)}
                for field, (theirs, yours) in differing.items()
            ],
        )
    if not differing:
        return locked
    for field in differing.keys() - set(ADDRESS_FIELDS):
        setattr(locked, field, clean[field])
    if not locked.given_name and not locked.family_name:
        raise _invalid({"given_name": [_("Enter a given name or a family name.")]})
    for system, field in ((ContactSystem.PHONE, "phones"), (ContactSystem.EMAIL, "emails")):
        if field in differing:
            _replace_contact_points(locked, system, clean[field])
    _save_edition(locked)
    emit(
        "patient.updated",
        subject=locked,
        actor=actor,
        patient_id=locked.pk,
        changes={field: [_plain(before), _plain(after)] for field, (before, after) in differing.items()},
    )
    return locked


@transaction.atomic
def add_contact_point(
    *, patient: Patient, system: str, value: str, use: str = ContactUse.MOBILE, verified: bool = False, actor: Actor
) -> ContactPoint:
    """Note one more phone or e-mail after the present ones; a known one is returned, and marked verified if it is."""
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(patient)
    address = _normalise(system, value, locked.organization)
    now = timezone.now()
    points: list[ContactPoint] = list(locked.contact_points.filter(system=system))
    known = next((point for point in points if point.value == address), None)
    if known is not None:
        if verified and known.verified_at is None:
            known.verified_at = now
            known.save(update_fields=["verified_at", "updated_at"])
        return known
    point: ContactPoint = ContactPoint.objects.create(
        organization=locked.organization,
        patient=locked,
        system=system,
        value=address,
        use=use,
        rank=max((p.rank for p in points), default=0) + 1,
        verified_at=now if verified else None,
    )
    _save_edition(locked)
    before = [p.value for p in points]
    field = "phones" if system == ContactSystem.PHONE else "emails"
    emit(
        "patient.updated",
        subject=locked,
        actor=actor,
        patient_id=locked.pk,
        changes={field: [before, [*before, address]]},
    )
    return point


@transaction.atomic
def archive_patient(*, patient: Patient, actor: Actor) -> Patient:
    """Take the patient out of lists and searches; nothing is deleted, and a second call changes nothing."""
    return _set_archived(patient, timezone.now(), "patient.archived", actor)


@transaction.atomic
def restore_patient(*, patient: Patient, actor: Actor) -> Patient:
    """Bring an archived patient back; a second call changes nothing."""
    return _set_archived(patient, None, "patient.restored", actor)


@transaction.atomic
def set_consent(
    *, patient: Patient, purpose: str, status: str, source: str, evidence: str = "", actor: Actor
) -> Consent:
    """Record the patient's present answer for one purpose; repeating the same answer changes nothing.

    Locks the patient. `source` says where the answer came from ("front desk", "STOP keyword").
    """
    actor.require(Permission.PATIENTS_MANAGE)
    if purpose not in ConsentPurpose.values:
        raise _invalid({"purpose": [_("Choose one of: %(list)s.") % {"list": ", ".join(ConsentPurpose.values)}]})
    if status not in ConsentStatus.values:
        raise _invalid({"status": [_("Choose one of: %(list)s.") % {"list": ", ".join(ConsentStatus.values)}]})
    Patient.objects.select_for_update().get(pk=patient.pk)
    consent: Consent | None = Consent.objects.filter(patient_id=patient.pk, purpose=purpose).first()
    before = consent.status if consent else None
    if consent is not None and before == status:
        return consent
    consent = consent or Consent(organization_id=patient.organization_id, patient_id=patient.pk, purpose=purpose)
    consent.status = status
    consent.source = _limit(source, 60) or _("front desk")
    consent.evidence = _limit(evidence, 200)
    consent.decided_at = timezone.now()
    consent.save()
    emit(
        "consent.given" if status == ConsentStatus.ACTIVE else "consent.withdrawn",
        subject=consent,
        actor=actor,
        patient_id=patient.pk,
        changes={"status": [before, status]},
        payload={"purpose": purpose, "source": consent.source},
    )
    return consent


@transaction.atomic
def withdraw_channel_consents(
    *, organization: Organization, channel: str, address: str, source: str, actor: Actor
) -> list[Consent]:
    """Withdraw the channel for every patient who shares this address (a household phone)."""
    return _answer_for_address(organization, channel, address, ConsentStatus.WITHDRAWN, source, actor)


@transaction.atomic
def give_channel_consents(
    *, organization: Organization, channel: str, address: str, source: str, actor: Actor
) -> list[Consent]:
    """Give the channel back for every patient who shares this address (a START keyword)."""
    return _answer_for_address(organization, channel, address, ConsentStatus.ACTIVE, source, actor)


def _answer_for_address(
    organization: Organization, channel: str, address: str, status: ConsentStatus, source: str, actor: Actor
) -> list[Consent]:
    if channel not in CHANNEL_PURPOSES:
        raise _invalid({"channel": [_("Choose one of: %(list)s.") % {"list": ", ".join(CHANNEL_PURPOSES)}]})
    system = ContactSystem.EMAIL if channel == ConsentPurpose.EMAIL else ContactSystem.PHONE
    value = comparable_address(system, address, country=organization.country)
    sharing = Patient.objects.for_organization(organization).filter(
        contact_points__system=system, contact_points__value=value
    )
    return [
        set_consent(patient=patient, purpose=channel, status=status, source=source, evidence=value, actor=actor)
        for patient in sharing.order_by("id").distinct()
    ]


def _set_archived(patient: Patient, at: dt.datetime | None, event: str, actor: Actor) -> Patient:
    actor.require(Permission.PATIENTS_MANAGE)
    locked = _lock(patient)
    if (locked.archived_at is None) == (at is None):
        return locked
    locked.archived_at = at
    _save_edition(locked)
    emit(event, subject=locked, actor=actor, patient_id=locked.pk)
    return locked


def _lock(patient: Patient) -> Patient:
    locked: Patient = Patient.objects.select_for_update(of=("self",)).select_related("organization").get(pk=patient.pk)
    return locked


def _next_number(organization: Organization) -> int:
    """Return the next record number; the counter starts above whatever numbers exist already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_numbercounter AS counter (id, created_at, updated_at, organization_id, last)
            VALUES (%(id)s, now(), now(), %(organization)s,
                    1 + coalesce((SELECT max(number) FROM patients_patient WHERE organization_id = %(organization)s), 0))
            ON CONFLICT (organization_id) DO UPDATE SET last = counter.last + 1, updated_at = now()
            RETURNING last
            """,
            {"id": uuid7(), "organization": organization.pk},
        )
        number: int = cursor.fetchone()[0]
    return number


def _save_edition(patient: Patient) -> None:
    points = list(patient.contact_points.all())
    patient.search_text = _index(
        patient,
        [p.value for p in points if p.system == ContactSystem.PHONE],
        [p.value for p in points if p.system == ContactSystem.EMAIL],
    )
    patient.version += 1
    patient.save()


def _index(patient: Patient, phones: Iterable[str], emails: Iterable[str]) -> str:
    names = (patient.given_name, patient.family_name, patient.preferred_name, patient.name_latin)
    return index_text(names=names, number=patient.record_number, phones=phones, emails=emails)


def _add_contact_points(patient: Patient, system: ContactSystem, values: Sequence[str]) -> None:
    ContactPoint.objects.bulk_create(
        ContactPoint(organization_id=patient.organization_id, patient=patient, system=system, value=value, rank=rank)
        for rank, value in enumerate(values, start=1)
    )


def _replace_contact_points(patient: Patient, system: ContactSystem, values: Sequence[str]) -> None:
    present = {point.value: point for point in patient.contact_points.filter(system=system)}
    gone = [point.pk for value, point in present.items() if value not in values]
    ContactPoint.objects.filter(pk__in=gone).delete()
    for rank, value in enumerate(values, start=1):
        if value in present:
            ContactPoint.objects.filter(pk=present[value].pk).update(rank=rank, updated_at=timezone.now())
        else:
            ContactPoint.objects.create(
                organization_id=patient.organization_id, patient=patient, system=system, value=value, rank=rank
            )


def _current(patient: Patient, field: str) -> Any:
    if field in ADDRESS_FIELDS:
        system = ContactSystem.PHONE if field == "phones" else ContactSystem.EMAIL
        return list(patient.contact_points.filter(system=system).values_list("value", flat=True))
    return getattr(patient, field)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _clean(given: Mapping[str, Any], *, organization: Organization) -> dict[str, Any]:
    """Return the given fields in stored form; collect every refusal before raising."""
    errors: dict[str, list[str]] = {field: [_("There is no such field.")] for field in given.keys() - EDITABLE_FIELDS}
    clean: dict[str, Any] = {}
    for field in (f for f in given if f in EDITABLE_FIELDS):
        try:
            clean[field] = _clean_field(field, given[field], organization)
        except InvalidInput as error:
            errors[field] = error.errors.get(field, [error.message])
    if errors:
        raise _invalid(errors)
    return clean


def _clean_field(field: str, value: Any, organization: Organization) -> Any:
    if field == "phones":
        return _distinct(_normalise(ContactSystem.PHONE, item, organization) for item in value if item.strip())
    if field == "emails":
        return _distinct(_normalise(ContactSystem.EMAIL, item, organization) for item in value if item.strip())
    if field in LIST_FIELDS:
        return _distinct(_text(field, item, LIST_FIELDS[field]) for item in value if item.strip())
    if field == "birth_date":
        return _birth_date(value, organization)
    if field == "sex":
        return _choice(field, value, Sex.values)
    text = _text(field, value or "", getattr(Patient._meta.get_field(field), "max_length", None))
    if field == "preferred_channel" and text:
        return _choice(field, text, [str(purpose) for purpose in CHANNEL_PURPOSES])
    if field == "language" and not _LANGUAGE.match(text):
        raise _invalid({field: [_("Use a language code such as en, es or hi.")]})
    return text


def _birth_date(value: dt.date | None, organization: Organization) -> dt.date | None:
    if value is None:
        return None
    today = organization.today()
    if value > today:
        raise _invalid({"birth_date": [_("The birth date lies in the future.")]})
    if value < today - OLDEST:
        raise _invalid({"birth_date": [_("The birth date is more than 130 years ago. Check the year.")]})
    return value


def _text(field: str, value: str, limit: int | None) -> str:
    if _CONTROL.search(value):
        raise _invalid({field: [_("Remove the control characters.")]})
    text = value.strip() if field == "note" else " ".join(value.split())
    if limit is not None and len(text) > limit:
        raise _invalid({field: [_("Use at most %(limit)d characters.") % {"limit": limit}]})
    return text


def _choice(field: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise _invalid({field: [_("Choose one of: %(list)s.") % {"list": ", ".join(allowed)}]})
    return value


def _normalise(system: str, value: str, organization: Organization) -> str:
    if system == ContactSystem.EMAIL:
        return normalise_email(value)
    return normalise_phone(value, country=organization.country)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _limit(text: str, length: int) -> str:
    return _CONTROL.sub("", text).strip()[:length]


def _invalid(errors: Mapping[str, list[str]]) -> InvalidInput:
    first = next(iter(errors.values()))[0]
    return InvalidInput(first if len(errors) == 1 else _("Some fields need another look."), errors=errors)
