"""What patients agree to: one present answer per purpose, its history in the events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import Conflict
from apps.events.models import Event
from apps.events.services import Happening, emit_many
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.contact import comparable_address
from apps.patients.merging.living import require_living
from apps.patients.models import (
    CHANNEL_PURPOSES,
    SAID_NO,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    ContactSystem,
    Patient,
)
from apps.patients.text import invalid, limited

# Both noes are one event, so that whoever listens for a no hears either; its `changes` say which it was.
EVENTS = {
    ConsentStatus.ACTIVE: "consent.given",
    ConsentStatus.REFUSED: "consent.withdrawn",
    ConsentStatus.WITHDRAWN: "consent.withdrawn",
}
CLEARED = "consent.cleared"
ANSWERS = (*dict.fromkeys(EVENTS.values()), CLEARED)


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
    given, now unless it is told to have been earlier. A no after a yes is a withdrawal, also when it says `refused`; a
    no after a no changes nothing.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    _require_known(purpose, status, method)
    require_living(Patient.objects.select_for_update().get(pk=patient.pk))
    known: Consent | None = Consent.objects.filter(patient_id=patient.pk, purpose=purpose).first()
    if known is not None and (known.status == status or {known.status, status} <= set(SAID_NO)):
        return known
    if known is not None and status == ConsentStatus.REFUSED:
        status = ConsentStatus.WITHDRAWN
    before = circumstances_of(known)
    consent = known or Consent(organization_id=patient.organization_id, patient_id=patient.pk, purpose=purpose)
    take_answer(consent, status=status, source=source, method=method, evidence=evidence, decided_at=decided_at)
    consent.save()
    emit_many(EVENTS[ConsentStatus(status)], [happening_of(consent, before=before)], actor=actor)
    return consent


@transaction.atomic
def take_back_answer(*, patient: Patient, purpose: str, status: str, actor: Actor) -> Consent | None:
    """Undo the patient's latest answer for one purpose, which was `status`; return the one before, None if there was none.

    Locks the patient. Raises Conflict when there is another answer by now.
    """
    actor.require(Permission.PATIENTS_MANAGE)
    require_living(Patient.objects.select_for_update().get(pk=patient.pk))
    consent: Consent | None = Consent.objects.filter(patient_id=patient.pk, purpose=purpose).first()
    events = Event.objects.filter(organization_id=patient.organization_id, patient_id=patient.pk, type__in=ANSWERS)
    latest: Event | None = events.filter(payload__purpose=purpose).order_by("-id").first()
    if consent is None or latest is None or consent.status != status or latest.changes["status"][1] != status:
        raise Conflict(_("There is another answer by now. Look at it before you change it."), code="answered_again")
    earlier = {name: values[0] for name, values in latest.changes.items()}
    before = circumstances_of(consent)
    if not earlier["status"]:
        changes: dict[str, list[str | None]] = {"status": [consent.status, None]}
        payload = {"purpose": purpose, "source": consent.source, "method": ""}
        emit_many(CLEARED, [Happening(consent, patient.pk, changes, payload)], actor=actor)
        consent.delete()
        return None
    decided_at = parse_datetime(earlier.get("decided_at") or "")
    said = {name: earlier.get(name) or "" for name in ("status", "source", "method", "evidence")}
    take_answer(consent, **said, decided_at=decided_at)
    consent.save()
    emit_many(EVENTS[ConsentStatus(consent.status)], [happening_of(consent, before=before)], actor=actor)
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


def circumstances_of(consent: Consent | None) -> dict[str, str]:
    """Return an answer as the event of the next one keeps it, without what is not known; nothing where none was given."""
    if consent is None:
        return {}
    names = ("status", "source", "method", "evidence")
    said = {name: str(getattr(consent, name)) for name in names if getattr(consent, name)}
    return said | {"decided_at": consent.decided_at.isoformat()}


def happening_of(consent: Consent, *, before: Mapping[str, str] | None) -> Happening:
    """Return what the event of an answer tells; `before` is the answer until then, as `circumstances_of` returns it.

    The event keeps that answer as a whole: the row loses it, and it may have been written without an event.
    """
    before, now = before or {}, circumstances_of(consent)
    if not before:
        now = {name: now[name] for name in ("status", "evidence") if name in now}
    changes: dict[str, list[str | None]] = {
        name: [before.get(name), now.get(name)]
        for name in ("status", "source", "method", "evidence", "decided_at")
        if name in before or name in now
    }
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
