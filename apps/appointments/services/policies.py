"""What a clinic decided about its appointment book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.appointments.house_rules import settings_for
from apps.appointments.models import AppointmentSettings
from apps.core.actors import Actor
from apps.core.saving import change, insert, refuse_unknown
from apps.events.services import emit
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

SETTINGS_FIELDS = frozenset(
    {
        "no_show_after_minutes",
        "no_shows_block_online",
        "no_show_message",
        "waitlist_fills_automatically",
        "waitlist_offer_minutes",
        "self_service_notice_hours",
        "feeds_show_patients",
    }
)


@transaction.atomic
def update_appointment_settings(
    *, organization: Organization, changes: Mapping[str, Any], seen: dt.datetime | None = None, actor: Actor
) -> AppointmentSettings:
    """Save what differs, in the clinic's one row. Locks the organization, so that there never are two.

    `seen` is the row's `updated_at` as the caller read it, None where there was none. Raises InvalidInput, StaleVersion.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    refuse_unknown(changes, SETTINGS_FIELDS)
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    row = settings_for(organization)
    if row._state.adding:
        differing = {
            name: [getattr(row, name), value] for name, value in changes.items() if getattr(row, name) != value
        }
        if not differing:
            return row
        for name, (_before, after) in differing.items():
            setattr(row, name, after)
        insert(row)
    else:
        differing = change(row, changes, editable=SETTINGS_FIELDS, seen=seen)
    if differing:
        emit("appointment_settings.updated", subject=row, actor=actor, changes=differing)
    return row
