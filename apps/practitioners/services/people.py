"""Writes on the people who see patients, and on rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.core.saving import change, insert
from apps.events.services import emit
from apps.organizations.models import Location, Membership, Organization, User
from apps.organizations.permissions import Permission
from apps.practitioners.models import NO_PLACE, Colour, Practitioner, Room

PRACTITIONER_FIELDS = frozenset(
    {
        "prefix",
        "given_name",
        "family_name",
        "specialty",
        "languages",
        "colour",
        "sort_order",
        "is_active",
        "user",
    }
)
ROOM_FIELDS = frozenset({"name", "is_active"})


@transaction.atomic
def create_practitioner(
    *,
    organization: Organization,
    given_name: str,
    family_name: str,
    prefix: str = "",
    specialty: str = "",
    languages: Sequence[str] = (),
    colour: str = Colour.K1,
    sort_order: int = NO_PLACE,
    user: User | None = None,
    actor: Actor,
) -> Practitioner:
    """Add a person who sees patients; `user` links the account of the same person. Raises InvalidInput."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    _require_member(organization, user)
    practitioner = Practitioner(
        organization=organization,
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        prefix=prefix.strip(),
        specialty=specialty.strip(),
        languages=list(languages),
        colour=colour,
        sort_order=sort_order,
        user=user,
    )
    insert(practitioner)
    emit("practitioner.created", subject=practitioner, actor=actor)
    return practitioner


@transaction.atomic
def update_practitioner(
    *, practitioner: Practitioner, changes: Mapping[str, Any], seen: dt.datetime | None = None, actor: Actor
) -> Practitioner:
    """Save the changed fields; a person who leaves is made inactive, because their appointments stay.

    `seen` is the row's `updated_at` as the caller read it. Locks the row. Raises InvalidInput, StaleVersion.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Practitioner = (
        Practitioner.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .get(pk=practitioner.pk)
    )
    if changes.get("user") is not None:
        _require_member(locked.organization, changes["user"])
    differing = change(locked, changes, editable=PRACTITIONER_FIELDS, seen=seen)
    if differing:
        emit("practitioner.updated", subject=locked, actor=actor, changes=differing)
    return locked


@transaction.atomic
def create_room(*, location: Location, name: str, actor: Actor) -> Room:
    """Add a room to a location; raise InvalidInput when the name is taken there."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    room = Room(organization_id=location.organization_id, location=location, name=name.strip())
    insert(room)
    emit("room.created", subject=room, actor=actor)
    return room


@transaction.atomic
def update_room(*, room: Room, changes: Mapping[str, Any], seen: dt.datetime | None = None, actor: Actor) -> Room:
    """Rename a room, or take it out of use: its appointments stay, no new one is put there.

    `seen` is the row's `updated_at` as the caller read it. Locks the row. Raises InvalidInput, StaleVersion.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: Room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    differing = change(locked, changes, editable=ROOM_FIELDS, seen=seen)
    if differing:
        emit("room.updated", subject=locked, actor=actor, changes=differing)
    return locked


def _require_member(organization: Organization, user: User | None) -> None:
    if (
        user is not None
        and not Membership.objects.for_organization(organization).filter(user=user, is_active=True).exists()
    ):
        raise InvalidInput(
            _("%(user)s is not a member of this clinic. Invite the person first.") % {"user": user.email},
            errors={"user": [_("Not a member.")]},
        )
