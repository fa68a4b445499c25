"""Who is asking: look-ups that come before an organization is known, hence across all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from apps.core.actors import Actor
from apps.core.tenancy import all_organizations
from apps.organizations.models import ApiKey, Membership, Organization, User
from apps.organizations.services import actor_for_key, actor_for_membership, hash_key

LAST_USED_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """One caller in one organization; `organizations` are all that a person may switch to, this one included."""

    organization: Organization
    membership: Membership
    actor: Actor
    organizations: tuple[Organization, ...] = ()


def access_for_user(user: User, organization_id: str | uuid.UUID | None) -> Access | None:
    """Return the person's access in the wanted organization, else in their first one; one query."""
    with all_organizations():
        memberships = list(
            Membership.objects.filter(user=user, is_active=True, organization__is_active=True)
            .select_related("organization")
            .order_by("created_at")
        )
    chosen = next((m for m in memberships if str(m.organization_id) == str(organization_id)), None) or next(
        iter(memberships), None
    )
    if chosen is None:
        return None
    chosen.user = user
    return Access(
        organization=chosen.organization,
        membership=chosen,
        actor=actor_for_membership(chosen),
        organizations=tuple(membership.organization for membership in memberships),
    )


def access_for_key(plain: str) -> Access | None:
    """Return the access an API key gives, or None when it is unknown, revoked, expired or its user left."""
    now = timezone.now()
    with all_organizations():
        key = ApiKey.objects.filter(digest=hash_key(plain)).select_related("organization", "user").first()
        if key is None or not key.is_usable(now) or not key.organization.is_active or not key.user.is_active:
            return None
        membership = Membership.objects.filter(
            organization_id=key.organization_id, user_id=key.user_id, is_active=True
        ).first()
        if membership is None:
            return None
        if key.last_used_at is None or now - key.last_used_at > LAST_USED_RESOLUTION:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    membership.user = key.user
    return Access(organization=key.organization, membership=membership, actor=actor_for_key(key, membership))
