"""What a request leaves behind whatever becomes of it: a refusal that shows a record, and an answer that is repeated, are looks at it.

A refusal undoes what its request wrote, and an answer kept for an `Idempotency-Key` is given again without asking
anybody. An app that leaves traces registers how they are written; who undoes or repeats leaves them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Trace = Mapping[str, Any]  # as JSON has it: it may be kept with an answer
_writers: dict[str, Callable[[Trace], None]] = {}
_left: ContextVar[list[tuple[str, Trace]] | None] = ContextVar("traces_left", default=None)


def register(kind: str, write: Callable[[Trace], None]) -> None:
    """Say how traces of a kind are written."""
    _writers[kind] = write


def leave(kind: str, trace: Trace) -> None:
    """Write a trace in the running transaction, and remember it for the rest of the request."""
    _writers[kind](trace)
    left = _left.get()
    if left is not None:
        left.append((kind, trace))


def leave_again(traces: Iterable[tuple[str, Trace]]) -> None:
    """Write traces that were undone, or that belong to an answer which is given once more."""
    for kind, trace in traces:
        leave(kind, trace)


def left() -> list[tuple[str, Trace]]:
    """Return what the request has left so far; nothing outside of requests."""
    return list(_left.get() or ())


@contextmanager
def remembered() -> Iterator[None]:
    """Remember what is left during the block: a request."""
    token = _left.set([])
    try:
        yield
    finally:
        _left.reset(token)
