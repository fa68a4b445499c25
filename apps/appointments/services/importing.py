"""Importing files of appointments: upload, check every row, import those that can be had. Steps that people take."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from apps.appointments.exchange.reading import FIELDS, guess_mapping, what_is_missing
from apps.appointments.models import AppointmentImport, ImportRow
from apps.core.actors import Actor
from apps.core.csv_files import read_csv
from apps.core.imports.steps import ImportSteps
from apps.events.services import emit
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission

TASK = "appointments.work_on_imports"
_NOBODY_S_TIME = ("practitioner", "patient", "room", "start", "end", "busy_from", "busy_until")
STEPS = ImportSteps(
    batches=AppointmentImport,
    rows=ImportRow,
    event="appointment_import",
    task=TASK,
    file_name="appointments.csv",
    permissions=(Permission.APPOINTMENTS_MANAGE, Permission.PRACTITIONERS_MANAGE),
    no_verdict={**dict.fromkeys(_NOBODY_S_TIME), "external_id": ""},
    fields=FIELDS,
    missing=lambda batch: what_is_missing(batch.mapping, needs_location=batch.location_id is None),
    emit=emit,
)
choose_columns_again, run_import, stop_import = STEPS.choose_columns_again, STEPS.run, STEPS.stop
discard_import, forget_old_imports, unfinished_imports = STEPS.discard, STEPS.forget_old, STEPS.unfinished


def upload_appointments(
    *,
    organization: Organization,
    file_name: str,
    content: bytes,
    location: Location | None = None,
    tells_patients: bool = False,
    sets_rules_aside: bool = False,
    actor: Actor,
) -> AppointmentImport:
    """Keep the rows of a CSV file until somebody says which column is what; how they are imported may be said by then.

    Raises InvalidInput for unreadable files, NotAllowed for setting rules aside without the permission.
    """
    STEPS.require(actor)
    if sets_rules_aside:
        actor.require(Permission.APPOINTMENTS_OVERRIDE)
    file = read_csv(content)
    batch = AppointmentImport(
        organization=organization,
        file_name=file_name,
        header=file.header,
        mapping=guess_mapping(file.header),
        location=location,
        tells_patients=tells_patients,
        sets_rules_aside=sets_rules_aside,
    )
    return STEPS.keep(batch, file.rows, actor=actor)


@transaction.atomic
def check_import(
    *,
    batch: AppointmentImport,
    mapping: Mapping[str, int],
    location: Location | None = None,
    tells_patients: bool = False,
    sets_rules_aside: bool = False,
    actor: Actor,
) -> AppointmentImport:
    """Say which column is what, and let every row be checked in the background; books nothing.

    What was checked before is checked anew. Raises InvalidInput for columns that leave something open, NotAllowed for
    setting rules aside without the permission, Conflict while it is imported or afterwards.
    """
    if sets_rules_aside:
        actor.require(Permission.APPOINTMENTS_OVERRIDE)
    locked = STEPS.open_for_check(batch, actor=actor)
    locked.location, locked.tells_patients, locked.sets_rules_aside = location, tells_patients, sets_rules_aside
    STEPS.set_columns(locked, mapping)
    return STEPS.begin_check(locked, actor=actor)
