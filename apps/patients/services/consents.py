"""What patients agree to: one present answer per purpose, its history in the events."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.events.services import Happening, emit_many
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.contact import comparable_address
from apps.patients.merging.living import require_living
from apps.patients.models import (
    CHANNEL_PURPOSES,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    ContactSystem,
    Patient,
)
from apps.patients.text import invalid, limited

EVENTS = {ConsentStatus.ACTIVE: "consent.given", ConsentStatus.WITHDRAWN: "consent.withdrawn"}


@transaction.atomic
def set_consent(
    *,
    patient: Patient,
    purpose: str,
    status: str,
    source: str,
    method: str = "",
    evidence: str = "",
    decided_at: dt.datetime | None = None,
    actor: Actor,
) -> Consent:
    """Record the patient's present answer for one purpose; repeating the same answer changes nothing.

    Locks the patient. `source` says where the answer came from ("front desk", "STOP keyword"), `method` how it was
    given (a ConsentMethod, or empty), `evidence` what proves it, in at most 500 characters; `decided_at` when it was
    given, now unless it is told to have been earlier.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    _require_known(purpose, status, method)
    require_living(Patient.objects.select_for_update().get(pk=patient.pk))
    known: Consent | None = Consent.objects.filter(patient_id=patient.pk, purpose=purpose).first()
    before = known.status if known else None
    if known is not None and before == status:
        return known
    consent = known or Consent(organization_id=patient.organization_id, patient_id=patient.pk, purpose=purpose)
    take_answer(consent, status=status, source=source, method=method, evidence=evidence, decided_at=decided_at)
    consent.save()
    emit_many(EVENTS[ConsentStatus(status)], [happening_of(consent, before=before)], actor=actor)
    return consent


def take_answer(
    consent: Consent,
    *,
    status: str,
    source: str,
    method: str = "",
    evidence: str = "",
    decided_at: dt.datetime | None = None,
) -> None:
    """Set the answer and its circumstances, as `set_consent` takes them; the caller saves."""
    _require_known(consent.purpose, status, method)
    consent.status = status
    consent.source = limited(source, 60) or _("front desk")
    consent.method = method
    consent.evidence = limited(evidence, 500)
    consent.decided_at = min(decided_at or timezone.now(), timezone.now())


def happening_of(consent: Consent, *, before: str | None) -> Happening:
    """Return what the event of an answer tells; `before` is the status until then."""
    changes: dict[str, list[str | None]] = {"status": [before, consent.status]}
    if consent.evidence:
        changes["evidence"] = [None, consent.evidence]
    payload = {"purpose": consent.purpose, "source": consent.source, "method": consent.method}
    return Happening(consent, consent.patient_id, changes, payload)


def _require_known(purpose: str, status: str, method: str) -> None:
    if purpose not in ConsentPurpose.values:
        raise invalid({"purpose": [_("Choose one of: %(list)s.") % {"list": ", ".join(ConsentPurpose.values)}]})
    if status not in ConsentStatus.values:
        raise invalid({"status": [_("Choose one of: %(list)s.") % {"list": ", ".join(ConsentStatus.values)}]})
    if method and method not in ConsentMethod.values:
        raise invalid({"method": [_("Choose one of: %(list)s.") % {"list": ", ".join(ConsentMethod.values)}]})


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
        raise invalid({"channel": [_("Choose one of: %(list)s.") % {"list": ", ".join(CHANNEL_PURPOSES)}]})
    system = ContactSystem.EMAIL if channel == ConsentPurpose.EMAIL else ContactSystem.PHONE
    value = comparable_address(system, address, country=organization.country)
    sharing = Patient.objects.for_organization(organization).filter(
        contact_points__system=system, contact_points__value=value
    )
    return [
        set_consent(patient=patient, purpose=channel, status=status, source=source, evidence=value, actor=actor)
        for patient in sharing.order_by("id").distinct()
    ]
