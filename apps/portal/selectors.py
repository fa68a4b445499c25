"""Reads that only the frame needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.core.tenancy import all_organizations
from apps.organizations.models import Membership


def other_organizations(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the organizations that the person may switch to, their current one included; one query a page."""
    with all_organizations():
        memberships = list(
            Membership.objects.filter(user_id=request.user.pk, is_active=True, organization__is_active=True)
            .select_related("organization")
            .order_by("organization__name")
        )
    return [
        {"id": m.organization_id, "name": m.organization.name, "current": m.organization_id == request.organization.pk}  # type: ignore[attr-defined]
        for m in memberships
    ]
