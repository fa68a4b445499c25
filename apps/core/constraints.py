"""What the database refused a row for: a named constraint, whose name reads like a sentence, or a value it can't hold."""

from __future__ import annotations

import structlog
from django.db import DataError, IntegrityError

log = structlog.get_logger(__name__)

# Of what was given: too long, out of range, no date or time, no text of the database's encoding, no value of the type.
# The rest of its class, such as a division by zero, is a failure of ours.
_OF_VALUES = frozenset({"22001", "22003", "22007", "22008", "22021", "22P02", "22P05"})


def violated_constraint(error: IntegrityError) -> str:
    """Return the name of the constraint that was violated, "" when the driver does not say."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""


def is_unstorable(error: DataError) -> bool:
    """Tell whether a value was given that no column holds; the driver itself refuses a NUL, without a code.

    It is logged by its code, without the value: that is where a check is missing that would name the field.
    """
    code = getattr(error.__cause__, "sqlstate", None)
    if code is not None and code not in _OF_VALUES:
        return False
    log.warning("input.not_storable", code=code or "")
    return True
