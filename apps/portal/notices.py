"""The bell: what staff were told about."""

from __future__ import annotations

from django.http import HttpRequest

from apps.notifications.models import StaffNotice

SHOWN = 20
CAP = 100


def unread_notices(request: HttpRequest) -> int:
    """Count the person's unread notices, up to a cap; one indexed query."""
    return (
        StaffNotice.objects.for_organization(request.organization)  # type: ignore[attr-defined]
        .filter(user_id=request.user.pk, read_at__isnull=True)[:CAP]
        .count()
    )


def latest_notices(request: HttpRequest) -> list[StaffNotice]:
    """Return the person's latest notices, newest first."""
    return list(
        StaffNotice.objects.for_organization(request.organization)  # type: ignore[attr-defined]
        .filter(user_id=request.user.pk)
        .order_by("-created_at")[:SHOWN]
    )
