"""Identifiers: UUIDv7 (RFC 9562), so that a primary key also sorts by the time the row was made."""

import datetime as dt
import uuid

from uuid_utils.compat import uuid7 as _uuid7


def uuid7(at: dt.datetime | None = None) -> uuid.UUID:
    """Return a new time-ordered UUID as the standard library's type; of the moment `at` for rows that are written later."""
    made = _uuid7() if at is None else _uuid7(nanoseconds=int(at.timestamp() * 1_000_000_000))
    return uuid.UUID(int=made.int)


def as_uuid(text: str) -> uuid.UUID | None:
    """Read an id from an address, a form or a callback; None when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
