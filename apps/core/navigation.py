"""What stands in the navigation, the palette and the "New" menu: each app registers its own lines at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Badge:
    """A live number at a navigation entry: how many `rows` there are, none for zero.

    `tone` is "hot", "bad" or "" (quiet); `label` says it in words. All badges of a page are counted by one query, up
    to a cap (`core/counting.py`). Keep the rows to what one index finds.
    """

    rows: QuerySet
    tone: str = ""
    label: Text = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the left navigation. `badge` says which rows its number counts; it runs on every page."""

    key: str
    label: Text
    icon: str
    url_name: str
    permission: str
    order: int
    badge: Callable[[HttpRequest], Badge] | None = None


@dataclass(frozen=True, slots=True)
class NewAction:
    """A line of the "New" menu; `modal` opens it in the dialog."""

    label: Text
    icon: str
    url_name: str
    permission: str
    order: int
    modal: bool = True
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of the palette."""

    label: str
    detail: str
    icon: str
    url: str


Finder = Callable[[HttpRequest, str], list[Found]]

_entries: dict[str, Entry] = {}
_actions: list[NewAction] = []
_finders: list[tuple[int, str, str, Finder]] = []


def register(entry: Entry) -> None:
    """Add a page to the navigation."""
    _entries[entry.key] = entry


def register_action(action: NewAction) -> None:
    """Add a line to the "New" menu."""
    _actions.append(action)


def register_finder(heading: str, permission: str, order: int, finder: Finder) -> None:
    """Let the palette ask `finder(request, text)` for at most a handful of answers under `heading`."""
    _finders.append((order, heading, permission, finder))


def entries() -> list[Entry]:
    """Return the navigation in its order."""
    return sorted(_entries.values(), key=lambda entry: entry.order)


def actions() -> list[NewAction]:
    """Return the "New" menu in its order."""
    return sorted(_actions, key=lambda action: action.order)


def finders() -> list[tuple[int, str, str, Finder]]:
    """Return the palette's finders as (order, heading, permission, finder), in their order."""
    return sorted(_finders, key=lambda finder: finder[0])
