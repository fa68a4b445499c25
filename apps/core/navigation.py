"""What stands in the navigation, the settings, the palette and the "New" menu: each app registers its own lines at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

Text = str | Promise
View = TypeVar("View", bound=Callable[..., HttpResponse])


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
    """A line of the "New" menu; `modal` opens it in the dialog. `words` are others that the palette finds it by."""

    label: Text
    icon: str
    url_name: str
    permission: str
    order: int
    modal: bool = True
    shortcut: str = ""
    words: Text = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A page that the palette finds beside those of the navigation and the settings; `words` are others for it."""

    label: Text
    icon: str
    url_name: str
    permission: str
    words: Text = ""


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """A page of the settings; `hint` says in a few words what is decided there."""

    key: str
    label: Text
    icon: str
    url_name: str
    permission: str
    order: int
    hint: Text = ""


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
_places: dict[str, Place] = {}
_settings: dict[str, SettingsPage] = {}
_finders: list[tuple[int, str, str, Finder]] = []


def register(entry: Entry) -> None:
    """Add a page to the navigation."""
    _entries[entry.key] = entry


def register_settings_page(page: SettingsPage) -> None:
    """Add a page to the list of the settings; its views say `@in_settings(page.key)`."""
    _settings[page.key] = page


def in_settings(key: str) -> Callable[[View], View]:
    """Mark a view as part of a settings page: the navigation shows Settings, its list shows that page."""

    def decorate(view: View) -> View:
        view.navigation_key, view.settings_key = "settings", key  # type: ignore[attr-defined]
        return view

    return decorate


def register_action(action: NewAction) -> None:
    """Add a line to the "New" menu."""
    _actions.append(action)


def register_place(place: Place) -> None:
    """Let the palette find a page."""
    _places[place.url_name] = place


def register_finder(heading: str, permission: str, order: int, finder: Finder) -> None:
    """Let the palette ask `finder(request, text)` for at most a handful of answers under `heading`."""
    _finders.append((order, heading, permission, finder))


def entries() -> list[Entry]:
    """Return the navigation in its order."""
    return sorted(_entries.values(), key=lambda entry: entry.order)


def settings_pages() -> list[SettingsPage]:
    """Return the pages of the settings in their order."""
    return sorted(_settings.values(), key=lambda page: page.order)


def actions() -> list[NewAction]:
    """Return the "New" menu in its order."""
    return sorted(_actions, key=lambda action: action.order)


def places() -> list[Place]:
    """Return the further pages that the palette finds, as they were registered."""
    return list(_places.values())


def finders() -> list[tuple[int, str, str, Finder]]:
    """Return the palette's finders as (order, heading, permission, finder), in their order."""
    return sorted(_finders, key=lambda finder: finder[0])
