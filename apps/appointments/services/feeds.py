"""Calendar feeds: a secret address per practitioner and use, shown once, revocable at any time."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import CalendarFeed
from apps.core.actors import Actor, ActorKind
from apps.core.errors import InvalidInput
from apps.events.services import emit
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner

MOST_FEEDS = 10


def feed_digest(token: str) -> str:
    """Return what is kept of a feed's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_share(actor: Actor, practitioner: Practitioner) -> bool:
    """Tell whether the actor may make feeds of this practitioner: managers of anybody, practitioners of themselves."""
    own = actor.kind == ActorKind.USER and actor.id is not None and practitioner.user_id == actor.id
    return actor.may(Permission.PRACTITIONERS_MANAGE) or (own and actor.may(Permission.APPOINTMENTS_VIEW))


@transaction.atomic
def create_feed(*, practitioner: Practitioner, name: str, actor: Actor) -> tuple[CalendarFeed, str]:
    """Make a feed; return it and its secret, which nobody can read again. Raises NotAllowed, InvalidInput."""
    if not may_share(actor, practitioner):
        actor.require(Permission.PRACTITIONERS_MANAGE)
    name = name.strip()[:80]
    if not name:
        message = _("Say where the calendar will be used, for example “My phone”.")
        raise InvalidInput(message, errors={"name": [message]})
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    if CalendarFeed.objects.filter(practitioner=practitioner, revoked_at__isnull=True).count() >= MOST_FEEDS:
        message = _("There are %(n)d feeds already. Revoke one that is not used any more.") % {"n": MOST_FEEDS}
        raise InvalidInput(message, errors={"practitioner": [message]})
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        organization_id=practitioner.organization_id,
        practitioner=practitioner,
        name=name,
        digest=feed_digest(token),
        created_by_id=actor.id if actor.kind == ActorKind.USER else None,
    )
    emit("calendar_feed.created", subject=feed, actor=actor, payload={"practitioner_id": str(practitioner.pk)})
    return feed, token


@transaction.atomic
def revoke_feed(*, feed: CalendarFeed, actor: Actor) -> CalendarFeed:
    """End a feed at once; a second call changes nothing."""
    if not may_share(actor, feed.practitioner):
        actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: CalendarFeed = CalendarFeed.objects.select_for_update(no_key=True).get(pk=feed.pk)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at", "updated_at"])
        emit("calendar_feed.revoked", subject=locked, actor=actor)
    return locked
