"""What the sign-in page offers in a demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def demo_sign_ins(request: HttpRequest) -> dict[str, Any]:
    """Return the demo's public sign-ins, so that one click fills the form; nothing outside demo mode."""
    if not settings.DEMO:
        return {}
    people = settings.DEMO_SIGN_INS.items()
    return {
        "demo_sign_ins": [{"email": email, "password": settings.DEMO_PASSWORD, "role": role} for email, role in people]
    }
