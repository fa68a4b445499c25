"""Identifiers: UUIDv7 (RFC 9562), so that a primary key also sorts by the time the row was made."""

import uuid

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> uuid.UUID:
    """Return a new time-ordered UUID as the standard library's type."""
    return uuid.UUID(int=_uuid7().int)
