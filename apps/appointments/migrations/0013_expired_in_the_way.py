"""Of the holds that ran out, a booking clears those that are in its way; the others are the sweep's.

All of a practitioner's, a patient's and a place's rooms' were many rows to lock, which others may have for a reason of
their own; who places several visits at once locks what is in the way of any (`placing.lock_for`).
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("apps.appointments.migrations.0009_planned_once").FACTS
_ANY_TIME = "AND (e.practitioner_id = practitioner"
_IN_THE_WAY = f"AND lower(e.busy_period) < busy_until AND upper(e.busy_period) > busy_from\n      {_ANY_TIME}"


def replaced(function: str) -> str:
    """Return the statement that puts a function in place of the one of the same name and arguments."""
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("appointments", "0012_attempts")]
    operations = [migrations.RunSQL(replaced(BEFORE.replace(_ANY_TIME, _IN_THE_WAY)), replaced(BEFORE))]
