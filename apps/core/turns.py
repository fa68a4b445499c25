"""Long work in pieces, each in a transaction of its own: a task does them in turn for a while, then the next goes on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable

from apps.core.tenancy import organization_scope
from apps.core.wake import wake

SECONDS_PER_TASK = 20.0


def work_in_turn(
    waiting: Iterable[tuple[uuid.UUID, uuid.UUID]], work_on: Callable[[uuid.UUID], bool], *, task: str, queue: str
) -> None:
    """Do a piece of each in turn until nothing is left, or the time is over and the next task goes on.

    `waiting` are ids, each with its organization's; `work_on` does the next piece of one, with its organization open,
    and tells whether there is more.
    """
    until = time.monotonic() + SECONDS_PER_TASK
    left = list(waiting)
    while left:
        if time.monotonic() > until:
            wake(task, queue=queue)
            return
        left = [(pk, organization_id) for pk, organization_id in left if _has_more(pk, organization_id, work_on)]


def _has_more(pk: uuid.UUID, organization_id: uuid.UUID, work_on: Callable[[uuid.UUID], bool]) -> bool:
    with organization_scope(organization_id):
        return work_on(pk)
