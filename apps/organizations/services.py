"""Writes on organizations, people and keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor, ActorKind
from apps.core.announcements import announce
from apps.core.errors import InvalidInput
from apps.core.saving import change, insert, refuse_unknown
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import ApiKey, Location, Membership, Organization, User
from apps.organizations.permissions import Permission, Role

KEY_PREFIX = "clk_"
LOCATION_FIELDS = frozenset(
    {
        "name",
        "timezone",
        "address",
        "city",
        "region",
        "postal_code",
        "country",
        "phone",
        "directions",
        "observes_holidays",
        "holiday_subdivision",
        "is_active",
    }
)


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
            _("%(user)s is not a member of %(organization)s. Invite them first.")
            % {"user": user.email, "organization": organization}
        )
    plain = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        organization=organization,
        user=user,
        name=name,
        prefix=plain[:12],
        digest=hash_key(plain),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    row.full_clean()
    row.save(force_insert=True)
    announce(
        "api_key.issued",
        subject=row,
        actor=actor,
        organization_id=organization.pk,
        payload={"user_id": str(user.pk), "scopes": row.scopes},
    )
    return IssuedKey(row=row, plain=plain)


@transaction.atomic
def revoke_api_key(*, key: ApiKey, actor: Actor) -> ApiKey:
    """Close a key for good; a second call changes nothing."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at", "updated_at"])
        announce("api_key.revoked", subject=key, actor=actor, organization_id=key.organization_id)
    return key


@transaction.atomic
def invite_member(*, organization: Organization, email: str, name: str = "", role: str, actor: Actor) -> Membership:
    """Make a person a member, and a user first if nobody signs in with this address yet.

    A new user has no password: hand them `password_link(user)`. An address that already is a member raises
    InvalidInput; a former member comes back with the new role.
    """
    actor.require(Permission.ORGANIZATION_MANAGE)
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        user = User(email=email.strip().lower(), name=name)
        user.set_unusable_password()
        user.full_clean()
        user.save(force_insert=True)
    membership = Membership.objects.for_organization(organization).select_for_update().filter(user=user).first()
    if membership is not None and membership.is_active:
        raise InvalidInput(
            _("%(email)s is a member already. Change the role there.") % {"email": user.email},
            errors={"email": [_("is a member already")]},
        )
    membership = membership or Membership(organization=organization, user=user)
    membership.role, membership.is_active = role, True
    membership.full_clean()
    membership.save()
    announce(
        "member.invited",
        subject=membership,
        actor=actor,
        organization_id=organization.pk,
        payload={"user_id": str(user.pk), "role": role},
    )
    return membership


@transaction.atomic
def change_member(*, membership: Membership, role: str, is_active: bool, actor: Actor) -> Membership:
    """Change what a member may do; the last active administrator stays. Locks the organization's administrators."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    administrators = set(
        Membership.objects.filter(organization_id=membership.organization_id, role=Role.ADMIN, is_active=True)
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
    )
    if administrators == {membership.pk} and not (role == Role.ADMIN and is_active):
        raise InvalidInput(
            _("This is the last administrator. Make somebody else one first."), errors={"role": [_("is the last one")]}
        )
    before = Membership.objects.get(pk=membership.pk)
    membership.role, membership.is_active = role, is_active
    membership.full_clean()
    membership.save()
    announce(
        "member.changed",
        subject=membership,
        actor=actor,
        organization_id=membership.organization_id,
        payload={"role": [before.role, role], "is_active": [before.is_active, is_active]},
    )
    return membership


def password_link(user: User) -> str:
    """Return the address, good once and for three days, where the person sets a password. No mail is sent."""
    token = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})
    return settings.PUBLIC_BASE_URL + path


def is_member_elsewhere(membership: Membership) -> bool:
    """Tell whether the person also works for another organization, whose administrators guard the sign-in as well."""
    with all_organizations():
        return (
            Membership.objects.filter(user_id=membership.user_id, is_active=True)
            .exclude(organization_id=membership.organization_id)
            .exists()
        )


@transaction.atomic
def create_organization(
    *, name: str, slug: str, admin_email: str, timezone_name: str, actor: Actor
) -> tuple[Organization, Membership]:
    """Create a tenant and its first administrator, who sets a password by `password_link`."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    with all_organizations():
        organization = Organization(name=name, slug=slug, timezone=timezone_name)
        organization.full_clean()
        organization.save(force_insert=True)
    with organization_scope(organization.pk):
        announce("organization.created", subject=organization, actor=actor, organization_id=organization.pk)
        membership = invite_member(organization=organization, email=admin_email, role=Role.ADMIN, actor=actor)
    return organization, membership


@transaction.atomic
def create_location(*, organization: Organization, actor: Actor, **fields: Any) -> Location:
    """Add a place where patients are seen, in the organization's zone and country unless they are given.

    Its public holidays follow by event (`location.created`). Raises InvalidInput that names each wrong field.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    refuse_unknown(fields, LOCATION_FIELDS)
    usual = {"timezone": organization.timezone, "country": organization.country}
    given = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    location = Location(organization=organization, **(usual | given))
    insert(location)
    announce("location.created", subject=location, actor=actor, organization_id=organization.pk)
    return location


@transaction.atomic
def update_location(
    *, location: Location, changes: Mapping[str, Any], seen: datetime | None = None, actor: Actor
) -> Location:
    """Save the changed fields; a place that closes for good is made inactive, because its appointments stay.

    `seen` is its `updated_at` as the caller read it. Locks the row. Raises InvalidInput, StaleVersion.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Location = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    differing = change(locked, changes, editable=LOCATION_FIELDS, seen=seen)
    if differing:
        announce(
            "location.updated",
            subject=locked,
            actor=actor,
            organization_id=locked.organization_id,
            payload={"fields": sorted(differing)},
        )
    return locked
