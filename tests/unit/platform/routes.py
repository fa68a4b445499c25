"""Every route that the URL resolver knows, with what it asks for. Read by the access guards."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter
from django.urls.resolvers import RoutePattern

METHODS = ("get", "post", "put", "patch", "delete")

# An id that nothing has; the same in every process, because it stands in the names of tests.
NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Route:
    """One URL pattern: how to reach it and which permission each method needs (None: nobody says)."""

    pattern: str
    name: str
    view: Callable[..., Any] = field(repr=False)
    converters: dict[str, Any] = field(repr=False)

    @property
    def is_api(self) -> bool:
        return hasattr(self.view, "cls")

    @property
    def methods(self) -> list[str]:
        """Return the methods that it answers; of a plain view those that its decorators don't tell are tried too."""
        if not self.is_api:
            return ["get", "post"]
        actions = getattr(self.view, "actions", None)
        known = actions or {name: name for name in METHODS if hasattr(self.view.cls, name)}
        return [name for name in METHODS if name in known]

    def permission(self, method: str) -> str | None:
        """Return the permission that the method needs."""
        if not self.is_api:
            return getattr(self.view, "required_permission", None)
        actions = getattr(self.view, "actions", None) or {}
        return getattr(self.view.cls, "permissions", {}).get(actions.get(method, method))

    @property
    def module(self) -> str:
        return self.view.cls.__module__ if self.is_api else self.view.__module__

    def address(self, **ids: Any) -> str:
        """Return a path that leads here; ids that are not given are random."""
        path = "/" + self.pattern
        for name, converter in self.converters.items():
            value = ids.get(name, _any_value(converter))
            path = path.replace(f"<{_prefix(self.pattern, name)}{name}>", str(value))
        return path


def _prefix(pattern: str, name: str) -> str:
    head = pattern.split(f":{name}>", maxsplit=1)[0]
    return head.rsplit("<", 1)[1] + ":" if f":{name}>" in pattern else ""


def _any_value(converter: Any) -> Any:
    if isinstance(converter, UUIDConverter):
        return NOBODY
    return 987654 if isinstance(converter, IntConverter) else "x"


def all_routes() -> Iterator[Route]:
    """Yield every route with path converters; the regular-expression ones are allauth's and checked by module."""
    yield from _walk(get_resolver().url_patterns, "", {}, "")


def _walk(patterns: list[Any], before: str, converters: dict[str, Any], namespace: str) -> Iterator[Route]:
    for entry in patterns:
        where = before + str(entry.pattern)
        known = {**converters, **(entry.pattern.converters if isinstance(entry.pattern, RoutePattern) else {})}
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, where, known, inner)
        elif isinstance(entry, URLPattern):
            yield Route(where, f"{namespace}{entry.name or ''}", entry.callback, known)
