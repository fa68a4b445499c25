"""Writes on organizations, people and keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor, ActorKind
from apps.core.errors import InvalidInput
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import ApiKey, Membership, Organization, User
from apps.organizations.permissions import Permission, Role

KEY_PREFIX = "clk_"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: the only moment its plain text exists."""

    row: ApiKey
    plain: str


def hash_key(plain: str) -> str:
    """Return the digest under which a key is stored; the key is 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(plain.encode()).hexdigest()


def actor_for_membership(membership: Membership) -> Actor:
    """Return the actor for a signed-in person in one organization; no query when the user is loaded."""
    return Actor(
        kind=ActorKind.USER,
        id=membership.user_id,
        label=str(membership.user),
        permissions=frozenset(membership.permissions),
    )


def actor_for_key(key: ApiKey, membership: Membership) -> Actor:
    """Return the actor for an API key: its user's permissions, narrowed to its scopes."""
    permissions = frozenset(membership.permissions)
    if key.scopes:
        permissions &= frozenset(key.scopes)
    return Actor(kind=ActorKind.API_KEY, id=key.pk, label=key.name, permissions=permissions)


@transaction.atomic
def issue_api_key(
    *,
    organization: Organization,
    user: User,
    name: str,
    scopes: Collection[str] = (),
    expires_at: datetime | None = None,
    actor: Actor,
) -> IssuedKey:
    """Create a key for a member of the organization; raise InvalidInput for an unknown scope or a non-member."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    unknown = sorted(set(scopes) - set(Permission))
    if unknown:
        raise InvalidInput(
            _("Unknown scope: %(scopes)s. Use permission names such as patients.view.")
            % {"scopes": ", ".join(unknown)},
            errors={"scopes": unknown},
        )
    if not Membership.objects.for_organization(organization).filter(user=user, is_active=True).exists():
        raise InvalidInput(
            _("%(user)s is not a member of %(organization)s.") % {"user": user.email, "organization": organization}
        )
    plain = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        organization=organization,
        user=user,
        name=name,
        prefix=plain[:12],
        digest=hash_key(plain),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    return IssuedKey(row=row, plain=plain)


@transaction.atomic
def revoke_api_key(*, key: ApiKey, actor: Actor) -> ApiKey:
    """Close a key for good; a second call changes nothing."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at", "updated_at"])
    return key


@transaction.atomic
def create_organization(
    *, name: str, slug: str, admin_email: str, timezone_name: str, actor: Actor
) -> tuple[Organization, Membership]:
    """Create a tenant and its first administrator, who sets a password by the reset link."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    with all_organizations():
        if Organization.objects.filter(slug=slug).exists():
            raise InvalidInput(
                _("An organization with the short name %(slug)s exists.") % {"slug": slug}, errors={"slug": [slug]}
            )
        organization = Organization(name=name, slug=slug, timezone=timezone_name)
        organization.full_clean()
        organization.save(force_insert=True)
    user = User.objects.filter(email__iexact=admin_email).first() or User.objects.create_user(admin_email)
    with organization_scope(organization.pk):
        membership = Membership.objects.create(organization=organization, user=user, role=Role.ADMIN)
    return organization, membership
