"""What a message is about, and the guards that higher floors register: does its reason still hold at send time?"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.communications.models import Communication

Guard = Callable[["Communication"], str | None]

_guards: dict[str, Guard] = {}


@dataclass(frozen=True, slots=True)
class Context:
    """The object a message is about, and the version of it that the message speaks of."""

    type: str
    id: uuid.UUID
    version: int = 0


def register_guard(context_type: str, guard: Guard) -> None:
    """Let `guard` decide, right before sending, whether messages about this type still make sense.

    It returns None, or in words why not: then the message is cancelled. It runs in the transaction of the
    organization that marks the row as `sending`, before that row is locked. A guard that locks what it reads
    (`select_for_update(no_key=True)`) makes it impossible that a change commits between its answer and the send.
    Two modules may not guard one type.
    """
    if context_type in _guards and _guards[context_type] is not guard:
        raise RuntimeError(f"two guards for {context_type}")
    _guards[context_type] = guard


def guard_for(context_type: str) -> Guard | None:
    """Return the guard of a context type, None when nobody registered one."""
    return _guards.get(context_type)
