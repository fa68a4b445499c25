"""What can be booked, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.appointments.availability import require_same_organization
from apps.appointments.models import AppointmentType, PractitionerType
from apps.core.actors import Actor
from apps.core.errors import InvalidInput
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner

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
    _refuse_unknown(fields)
    created = AppointmentType(organization=organization, **fields)
    _clean(created)
    created.save(force_insert=True)
    _keep_one_default(created)
    emit("appointment_type.created", subject=created, actor=actor)
    return created


@transaction.atomic
def update_appointment_type(
    *, appointment_type: AppointmentType, changes: Mapping[str, Any], actor: Actor
) -> AppointmentType:
    """Save the changed fields; visits that are booked keep the length and buffers that they were booked with."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    _refuse_unknown(changes)
    locked: AppointmentType = AppointmentType.objects.select_for_update(no_key=True).get(pk=appointment_type.pk)
    differing = {
        name: [getattr(locked, name), value] for name, value in changes.items() if getattr(locked, name) != value
    }
    if not differing:
        return locked
    for name, (_before, after) in differing.items():
        setattr(locked, name, after)
    _clean(locked)
    locked.save()
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


def _refuse_unknown(fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - EDITABLE_FIELDS)
    if unknown:
        raise InvalidInput(
            _("These can't be changed: %(fields)s.") % {"fields": ", ".join(unknown)},
            errors={field: [_("Can't be changed.")] for field in unknown},
        )


def _clean(row: AppointmentType) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        messages = error.message_dict
        raise InvalidInput(next(iter(messages.values()))[0], errors=messages) from error


def _keep_one_default(chosen: AppointmentType) -> None:
    if chosen.is_default:
        others = AppointmentType.objects.filter(organization_id=chosen.organization_id, is_default=True)
        others.exclude(pk=chosen.pk).update(is_default=False)
