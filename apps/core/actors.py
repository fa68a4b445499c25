"""Who acts: a person, an API key, the bot, the patient, or the system itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext as _

from apps.core.errors import NotAllowed


class ActorKind(models.TextChoices):
    USER = "user", "Person"
    API_KEY = "api_key", "API key"
    BOT = "bot", "Bot"
    PATIENT = "patient", "Patient"
    SYSTEM = "system", "System"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and what that one may do. Services take it keyword-only; events and logs record it.

    `permissions` holds values of `organizations.permissions.Permission`. The bot, the patient and the system
    act for the product itself: they may do what the calling flow does, hence `trusted`.
    """

    kind: ActorKind
    id: uuid.UUID | None = None
    label: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    trusted: bool = False

    def may(self, permission: str) -> bool:
        """Tell whether this actor holds the permission."""
        return self.trusted or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise NotAllowed unless this actor holds the permission."""
        if not self.may(permission):
            raise NotAllowed(
                _("Your role does not allow this. Ask a manager or an administrator."),
                extra={"permission": str(permission)},
            )


SYSTEM = Actor(kind=ActorKind.SYSTEM, label="System", trusted=True)
BOT = Actor(kind=ActorKind.BOT, label="Bot", trusted=True)


def patient_actor(patient_id: uuid.UUID | None) -> Actor:
    """Return the actor for something a patient did (by message, by link)."""
    return Actor(kind=ActorKind.PATIENT, id=patient_id, label="Patient", trusted=True)
