"""The bell: what staff were told about."""

from __future__ import annotations

from django.http import HttpRequest

from apps.core.counting import Later, counts_of
from apps.notifications.models import StaffNotice

SHOWN = 20
CAP = 100


def unread_notices(request: HttpRequest) -> Later:
    """Return how many unread notices the person has, up to a cap; counted with the page's other numbers."""
    unread = StaffNotice.objects.for_organization(request.organization).filter(  # type: ignore[attr-defined]
        user_id=request.user.pk, read_at__isnull=True
    )
    return counts_of(request).ask(unread, cap=CAP)


def latest_notices(request: HttpRequest) -> list[StaffNotice]:
    """Return the person's latest notices, newest first."""
    return list(
        StaffNotice.objects.for_organization(request.organization)  # type: ignore[attr-defined]
        .filter(user_id=request.user.pk)
        .order_by("-created_at")[:SHOWN]
    )
