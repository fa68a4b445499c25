"""What the frame and the patient page count of conversations."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Conversation, ConversationStatus
from apps.core.navigation import Badge
from apps.patients.models import Patient


def waiting_badge(request: HttpRequest) -> Badge:
    """Return the badge of the threads in which somebody waits for a person."""
    waiting = (
        Conversation.objects.for_organization(request.organization)  # type: ignore[attr-defined]
        .filter(waiting_since__isnull=False)
        .exclude(status=ConversationStatus.CLOSED)
    )
    return Badge(waiting, tone="hot", label=_("waiting"))


def threads_of(patient: Patient) -> QuerySet:
    """Return the threads that the patient page counts; no query yet."""
    return Conversation.objects.filter(organization_id=patient.organization_id, patient=patient)
