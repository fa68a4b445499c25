"""What the frame and the patient page count of conversations."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Conversation, ConversationStatus
from apps.core.navigation import Badge
from apps.patients.models import Patient

CAP = 1000


def waiting_badge(request: HttpRequest) -> Badge | None:
    """Count the threads in which somebody waits for a person; one indexed, capped query."""
    waiting = (
        Conversation.objects.for_organization(request.organization)  # type: ignore[attr-defined]
        .filter(waiting_since__isnull=False)
        .exclude(status=ConversationStatus.CLOSED)
    )
    return Badge(waiting[:CAP].count(), tone="hot", label=_("waiting"))


def count_threads_of_patient(patient: Patient) -> int:
    """Count a patient's threads, at most a hundred; one query."""
    rows = Conversation.objects.filter(organization_id=patient.organization_id, patient=patient)
    return rows[:100].count()
