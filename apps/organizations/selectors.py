"""Who is asking: look-ups that come before an organization is known, hence across all of them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, models
from django.utils import timezone

from apps.core.actors import Actor
from apps.core.tenancy import all_organizations
from apps.organizations.models import ApiKey, Membership, Organization, User
from apps.organizations.services import actor_for_key, actor_for_membership, hash_key

M = TypeVar("M", bound=models.Model)
LAST_USED_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """One caller in one organization; `organizations` are all that a person may switch to, this one included."""

    organization: Organization
    membership: Membership
    actor: Actor
    organizations: tuple[Organization, ...] = ()


def access_for_user(user: User, organization_id: str | uuid.UUID | None) -> Access | None:
    """Return the person's access in the wanted organization, else in their first one.

    No query for a person whom the session brought (`person_with_memberships`), else one.
    """
    memberships: list[Membership] | None = getattr(user, "known_memberships", None)
    if memberships is None:
        known = person_with_memberships(user.pk)
        memberships = known.known_memberships if known else []  # type: ignore[attr-defined]
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


def person_with_memberships(user_id: object) -> User | None:
    """Return a person with `known_memberships`: the active ones, oldest first, with their organizations. One query.

    Every request begins with this, before an organization is open; so a function of the tables' owner answers what
    would else take a transaction of its own: begin, step out of row-level security, select, commit.
    """
    tables = {"person": User, "(place.membership)": Membership, "(place.organization)": Organization}
    columns = [f'{table}."{column}"' for table, model in tables.items() for column in _columns(model)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM organizations_user AS person "  # noqa: S608 - names of our columns
            "LEFT JOIN LATERAL organizations_memberships_of(person.id) AS place ON true "
            "WHERE person.id = %s ORDER BY (place.membership).created_at",
            [user_id],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    width = len(_columns(User))
    person = _instance(User, rows[0][:width])
    person.known_memberships = [_membership(row[width:]) for row in rows if row[width] is not None]  # type: ignore[attr-defined]
    return person


def _columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.concrete_fields]


def _instance(model: type[M], values: tuple[Any, ...]) -> M:
    return model.from_db(connection.alias, [field.attname for field in model._meta.concrete_fields], values)


def _membership(row: tuple[Any, ...]) -> Membership:
    width = len(_columns(Membership))
    membership = _instance(Membership, row[:width])
    membership.organization = _instance(Organization, row[width:])
    return membership


def access_for_key(plain: str) -> Access | None:
    """Return the access an API key gives, or None when it is unknown, revoked, expired or its user left."""
    now = timezone.now()
    with all_organizations():
        key = _keys().filter(digest=hash_key(plain)).first()
        membership = _membership_of_key(key, now) if key is not None else None
        if key is None or membership is None:
            return None
        if key.last_used_at is None or now - key.last_used_at > LAST_USED_RESOLUTION:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return Access(organization=key.organization, membership=membership, actor=actor_for_key(key, membership))


def actor_of_key(pk: uuid.UUID) -> Actor | None:
    """Return who acts by a key now, for work that goes on behind its request; None once the key opens nothing.

    Two queries; needs the key's organization open.
    """
    key = _keys().filter(pk=pk).first()
    membership = _membership_of_key(key, timezone.now()) if key is not None else None
    return actor_for_key(key, membership) if key is not None and membership is not None else None


def actor_of_starter(
    *, organization_id: uuid.UUID, user_id: uuid.UUID | None, key_id: uuid.UUID | None
) -> Actor | None:
    """Return who started work that goes on behind its request, with what they may do now; None when they left.

    At most two queries; needs the organization open.
    """
    if key_id is not None:
        return actor_of_key(key_id)
    rows = Membership.objects.filter(
        organization_id=organization_id, user_id=user_id, is_active=True, user__is_active=True
    )
    membership = rows.select_related("user").first()
    return actor_for_membership(membership) if membership is not None else None


def _keys() -> models.QuerySet[ApiKey]:
    return ApiKey.objects.select_related("organization", "user")


def _membership_of_key(key: ApiKey, now: dt.datetime) -> Membership | None:
    if not key.is_usable(now) or not key.organization.is_active or not key.user.is_active:
        return None
    rows = Membership.objects.filter(organization_id=key.organization_id, user_id=key.user_id, is_active=True)
    membership: Membership | None = rows.first()
    if membership is not None:
        membership.user = key.user
    return membership
