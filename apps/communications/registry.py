"""What a message is about, and the guards that higher floors register: does its reason still hold at send time?"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.communications.models import Communication

Guard = Callable[["Communication"], str | None]
GroupGuard = Callable[[Sequence["Communication"]], Mapping[uuid.UUID, str]]

_guards: dict[str, Guard] = {}
_group_guards: dict[str, GroupGuard] = {}


@dataclass(frozen=True, slots=True)
class Context:
    """The object a message is about, and the version of it that the message speaks of."""

    type: str
    id: uuid.UUID
    version: int = 0


def register_guard(context_type: str, guard: Guard, *, together: GroupGuard | None = None) -> None:
    """Let `guard` decide, right before sending, whether messages about this type still make sense.

    It returns None, or in words why not: then the message is cancelled. It runs in the transaction of the
    organization that marks the row as `sending`, before that row is locked. A guard that locks what it reads
    (`select_for_update(no_key=True)`) makes it impossible that a change commits between its answer and the send.
    `together` answers for several rows of one organization at once (row id → why not), for types that thousands of
    messages are about. Two modules may not guard one type.
    """
    if context_type in _guards and _guards[context_type] is not guard:
        raise RuntimeError(f"two guards for {context_type}")
    _guards[context_type] = guard
    if together is not None:
        _group_guards[context_type] = together


def guard_for(context_type: str) -> Guard | None:
    """Return the guard of a context type, None when nobody registered one."""
    return _guards.get(context_type)


def group_guard_for(context_type: str) -> GroupGuard | None:
    """Return the guard that answers for several rows of a type at once, None when there is no such one."""
    return _group_guards.get(context_type)
