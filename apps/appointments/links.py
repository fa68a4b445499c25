"""The patient's link to one appointment: signed, for this purpose only, expiring, revocable; nothing is stored.

`/a/<token>/` where the token is base64url of the appointment's id (16 bytes), its `link_version` (2 bytes) and a MAC
(16 bytes of HMAC-SHA-256, keyed by SECRET_KEY and the purpose). A link works until a day after the visit's end; a new
`link_version` makes all earlier links worthless. The token names nobody.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.appointments.models import Appointment
from apps.core.tenancy import all_organizations

PURPOSE = "appointments.link"
WORKS_AFTER_END = dt.timedelta(days=1)
_ID, _VERSION, _MAC = 16, 2, 16


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link that works leads to."""

    organization_id: uuid.UUID
    appointment_id: uuid.UUID


def link_token(appointment: Appointment) -> str:
    """Return the token of the appointment's present link; no query."""
    payload = appointment.pk.bytes + appointment.link_version.to_bytes(_VERSION, "big")
    return base64.urlsafe_b64encode(payload + _mac(payload, settings.SECRET_KEY)).decode().rstrip("=")


def link_address(appointment: Appointment) -> str:
    """Return the link as patients get it."""
    return f"{settings.PUBLIC_BASE_URL}/a/{link_token(appointment)}/"


def open_link(token: str) -> Opened | None:
    """Return what a token leads to; None when it is forged, expired, revoked, or for another purpose. One query."""
    read = _read(token)
    if read is None:
        return None
    appointment_id, version = read
    with all_organizations():
        found = (
            Appointment.objects.real()
            .filter(pk=appointment_id, link_version=version, end__gt=timezone.now() - WORKS_AFTER_END)
            .filter(patient__isnull=False, organization__is_active=True)
            .values_list("organization_id", flat=True)
            .first()
        )
    return Opened(found, appointment_id) if found is not None else None


def _read(token: str) -> tuple[uuid.UUID, int] | None:
    """Return appointment id and link version of a token with a right signature; no query."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID + _VERSION + _MAC:
        return None
    payload, mac = raw[: _ID + _VERSION], raw[_ID + _VERSION :]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # Every key is tried, so that the time taken says nothing about which one fits.
    if True not in [constant_time_compare(_mac(payload, key), mac) for key in keys]:
        return None
    return uuid.UUID(bytes=payload[:_ID]), int.from_bytes(payload[_ID:], "big")


def _mac(payload: bytes, key: str) -> bytes:
    return salted_hmac(PURPOSE, payload, secret=key, algorithm="sha256").digest()[:_MAC]
