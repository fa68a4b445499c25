"""What the ledger does when something happens on a lower floor."""

from __future__ import annotations

from apps.communications.models import Channel
from apps.communications.policy import Code
from apps.communications.services import block_withdrawn, plan_what_a_no_blocked
from apps.events.models import Event
from apps.events.registry import on
from apps.organizations.models import Organization
from apps.patients.models import SAID_NO, Consent, ConsentStatus


@on("consent.withdrawn")
def block_what_was_planned(event: Event) -> None:
    """Show at once that planned messages won't go out; the dispatcher would find the same when they are due."""
    consent = (
        Consent.objects.select_related("organization")
        .filter(organization_id=event.organization_id, pk=event.subject_id)
        .first()
    )
    if consent is not None and consent.status in SAID_NO and consent.purpose in Channel.values:
        code = Code.CONSENT_REFUSED if consent.status == ConsentStatus.REFUSED else Code.CONSENT_WITHDRAWN
        block_withdrawn(
            organization=consent.organization, patient_id=consent.patient_id, channel=consent.purpose, code=code
        )


@on("consent.given", "consent.cleared")
def plan_what_a_no_had_blocked(event: Event) -> None:
    """Plan the reminders of coming visits again when a no is taken back: STOP by mistake, then START, or an undo."""
    purpose, patient_id = event.payload.get("purpose"), event.patient_id
    if purpose not in Channel.values or patient_id is None:
        return
    answers = Consent.objects.filter(organization_id=event.organization_id, patient_id=patient_id, purpose=purpose)
    if not answers.filter(status__in=SAID_NO).exists():
        organization = Organization.objects.get(pk=event.organization_id)
        plan_what_a_no_blocked(organization=organization, patient_id=patient_id, channel=purpose)
