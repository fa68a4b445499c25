"""Messages that a run sends: what they may say, and whether their reason still holds when they go out."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.communications.models import Communication
from apps.communications.registry import register_guard
from apps.journeys.models import Instance, InstanceStatus

CONTEXT = "journey"


def still_wanted(communication: Communication) -> str | None:
    """Refuse messages of a run that was cancelled or paused. Locks the run until the message is marked as sending."""
    run = Instance.objects.select_for_update(no_key=True).filter(pk=communication.context_id).only("status").first()
    if run is None or run.status == InstanceStatus.CANCELLED:
        return _("The journey was cancelled")
    if run.status == InstanceStatus.PAUSED:
        return _("The journey is paused")
    return None


register_guard(CONTEXT, still_wanted)
