"""Who is asking: look-ups that come before an organization is known, hence across all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models
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
    """Return the person's access in the wanted organization, else in their first one; one query, no transaction."""
    memberships = _memberships_of(user)
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


def _memberships_of(user: User) -> list[Membership]:
    """Return the person's memberships, oldest first, with their organizations.

    Every request begins with this, so the database answers in one go what else would take a transaction of its own:
    begin, step out of row-level security, select, commit.
    """
    parts: dict[str, type[models.Model]] = {"membership": Membership, "organization": Organization}
    columns = [f'({part})."{field.column}"' for part, model in parts.items() for field in model._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM organizations_memberships_of(%s) ORDER BY (membership).created_at",  # noqa: S608 - names of our columns
            [user.pk],
        )
        rows = cursor.fetchall()
    return [_membership(row) for row in rows]


def _membership(row: tuple[Any, ...]) -> Membership:
    own = [field.attname for field in Membership._meta.concrete_fields]
    organizations = [field.attname for field in Organization._meta.concrete_fields]
    membership = Membership.from_db(connection.alias, own, row[: len(own)])
    membership.organization = Organization.from_db(connection.alias, organizations, row[len(own) :])
    return membership


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
