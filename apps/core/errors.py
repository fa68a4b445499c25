"""One hierarchy of errors: each says what is wrong and what to do, and maps once to HTTP, pages and the command line.

API: RFC 9457 problem+json (`core/api/problems.py`). Pages: a toast or a field error (`core/middleware.py`).
Commands: the message on stderr and a non-zero exit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApplicationError(Exception):
    """A refusal that a person can act on.

    `message` is a plain sentence that ends in a next step; `code` is stable and machine-readable;
    `extra` goes into the API's answer as it is (JSON-serialisable).
    """

    status = 400
    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.extra: dict[str, Any] = dict(extra or {})


class InvalidInput(ApplicationError):
    """Input that can never be accepted; `errors` maps each field to its messages."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, *, errors: Mapping[str, list[str]] | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.errors: dict[str, list[str]] = dict(errors or {})


class NotAllowed(ApplicationError):
    """The actor lacks the permission that the action needs."""

    status = 403
    code = "forbidden"


class NotFound(ApplicationError):
    """No such object in this organization."""

    status = 404
    code = "not_found"


class Conflict(ApplicationError):
    """The request was fine, the present state of things refuses it."""

    status = 409
    code = "conflict"


class StaleVersion(Conflict):
    """Somebody else saved the object after it was read; `conflicts` lists the fields that differ."""

    code = "stale"

    def __init__(self, message: str, *, current: int, conflicts: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message, extra={"current": current, "conflicts": conflicts or []})


class InvalidTransition(Conflict):
    """A state machine has no such step from the present state."""

    code = "invalid_transition"
