"""What can be booked, and with whom."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.models import AppointmentType, PractitionerType, TypeLocation, TypeRoom
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.core.saving import change, insert, refuse_unknown
from apps.events.services import emit
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, Room

EDITABLE_FIELDS = frozenset(
    {
        "name",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "step_minutes",
        "minimum_notice_minutes",
        "horizon_days",
        "colour",
        "needs_room",
        "capacity",
        "price",
        "shows_price",
        "online_bookable",
        "is_default",
        "keywords",
        "instructions",
        "sort_order",
        "is_active",
    }
)


@transaction.atomic
def create_appointment_type(*, organization: Organization, actor: Actor, **fields: Any) -> AppointmentType:
    """Add something that can be booked; nobody offers it yet. Raises InvalidInput that names each wrong field."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    refuse_unknown(fields, EDITABLE_FIELDS)
    created = AppointmentType(organization=organization, **fields)
    insert(created)
    _keep_one_default(created)
    emit("appointment_type.created", subject=created, actor=actor)
    return created


@transaction.atomic
def update_appointment_type(
    *, appointment_type: AppointmentType, changes: Mapping[str, Any], seen: dt.datetime | None = None, actor: Actor
) -> AppointmentType:
    """Save the changed fields; visits that are booked keep the length and buffers that they were booked with.

    `seen` is the row's `updated_at` as the caller read it. Locks the row. Raises InvalidInput, StaleVersion.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    locked: AppointmentType = AppointmentType.objects.select_for_update(no_key=True).get(pk=appointment_type.pk)
    differing = change(locked, changes, editable=EDITABLE_FIELDS, seen=seen)
    if differing:
        _keep_one_default(locked)
        emit("appointment_type.updated", subject=locked, actor=actor, changes=differing)
    return locked


@transaction.atomic
def set_offered_types(
    *, practitioner: Practitioner, appointment_types: Iterable[AppointmentType], actor: Actor
) -> list[AppointmentType]:
    """Say what a practitioner offers, replacing what was said before; booked visits stay."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    wanted = {one.pk: one for one in appointment_types}
    require_same_organization(practitioner.organization, *wanted.values())
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    offered = PractitionerType.objects.filter(practitioner=practitioner)
    before = set(offered.values_list("appointment_type_id", flat=True))
    offered.exclude(appointment_type_id__in=wanted).delete()
    _offer((practitioner, one) for one in wanted.values() if one.pk not in before)
    if before != set(wanted):
        changes = {"appointment_types": [sorted(map(str, before)), sorted(map(str, wanted))]}
        emit("practitioner.types_set", subject=practitioner, actor=actor, changes=changes)
    return list(wanted.values())


@transaction.atomic
def set_offering_practitioners(
    *, appointment_type: AppointmentType, practitioners: Iterable[Practitioner], actor: Actor
) -> list[Practitioner]:
    """Say who offers a type, replacing what was said before; booked visits stay."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    wanted = {one.pk: one for one in practitioners}
    require_same_organization(appointment_type.organization, *wanted.values())
    AppointmentType.objects.select_for_update(no_key=True).get(pk=appointment_type.pk)
    offering = PractitionerType.objects.filter(appointment_type=appointment_type)
    before = set(offering.values_list("practitioner_id", flat=True))
    offering.exclude(practitioner_id__in=wanted).delete()
    _offer((one, appointment_type) for one in wanted.values() if one.pk not in before)
    if before != set(wanted):
        changes = {"practitioners": [sorted(map(str, before)), sorted(map(str, wanted))]}
        emit("appointment_type.practitioners_set", subject=appointment_type, actor=actor, changes=changes)
    return list(wanted.values())


@transaction.atomic
def set_type_places(
    *, appointment_type: AppointmentType, locations: Iterable[Location], rooms: Iterable[Room], actor: Actor
) -> None:
    """Say where a type takes place and which rooms it may use, replacing what was said before; none means any.

    Booked visits stay. Raises InvalidInput when a room is at a location where the type does not take place.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    places, wanted = {one.pk: one for one in locations}, {one.pk: one for one in rooms}
    require_same_organization(appointment_type.organization, *places.values(), *wanted.values())
    elsewhere = [room.name for room in wanted.values() if places and room.location_id not in places]
    if elsewhere:
        message = _("%(rooms)s: at a location where this type does not take place. Choose the location as well.")
        text = message % {"rooms": ", ".join(elsewhere)}
        raise InvalidInput(text, errors={"rooms": [text]})
    AppointmentType.objects.select_for_update(no_key=True).get(pk=appointment_type.pk)
    changes = {
        "locations": _replace(TypeLocation, "location_id", appointment_type, places),
        "rooms": _replace(TypeRoom, "room_id", appointment_type, wanted),
    }
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        emit("appointment_type.places_set", subject=appointment_type, actor=actor, changes=changes)


def _replace(
    model: type[TypeLocation] | type[TypeRoom],
    column: str,
    appointment_type: AppointmentType,
    wanted: Collection[uuid.UUID],
) -> list[list[str]]:
    """Make these the type's rows; return what was and what is, as sorted ids."""
    rows = model.objects.filter(appointment_type=appointment_type)
    before = set(rows.values_list(column, flat=True))
    rows.exclude(**{f"{column}__in": list(wanted)}).delete()
    model.objects.bulk_create(
        model(organization_id=appointment_type.organization_id, appointment_type=appointment_type, **{column: pk})
        for pk in wanted
        if pk not in before
    )
    return [sorted(map(str, before)), sorted(map(str, wanted))]


def _offer(pairs: Iterable[tuple[Practitioner, AppointmentType]]) -> None:
    PractitionerType.objects.bulk_create(
        (
            PractitionerType(
                organization_id=practitioner.organization_id,
                practitioner=practitioner,
                appointment_type=appointment_type,
            )
            for practitioner, appointment_type in pairs
        ),
        ignore_conflicts=True,
    )


def _keep_one_default(chosen: AppointmentType) -> None:
    if chosen.is_default:
        others = AppointmentType.objects.filter(organization_id=chosen.organization_id, is_default=True)
        others.exclude(pk=chosen.pk).update(is_default=False)
