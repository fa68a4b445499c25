"""What the frame around every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context: demo mode and the caller's organization."""
    return {"demo_mode": settings.DEMO, "organization": getattr(request, "organization", None)}
