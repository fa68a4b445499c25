"""What an address may ask after its `?`: what a view does not take is refused, so that no typing error asks for all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.settings import api_settings

from apps.core.errors import InvalidInput

_KNOWN: dict[tuple[type, str, str], frozenset[str]] = {}
"""Worked out once per action: none of it depends on the request."""


class StrictQueryMixin:
    """Refuse, after permission and throttle, the parameters of a request that its description does not have."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method != "OPTIONS":
            refuse_unknown_parameters(request, known=known_parameters(self, request.method))


def known_parameters(view: Any, method: str) -> frozenset[str]:
    """Return the names that a view takes in the query: filters, search and pages of lists, and what its action declares."""
    action = getattr(view, "action", None) or method.lower()
    place = (type(view), action, method)
    if place not in _KNOWN:
        _KNOWN[place] = frozenset(_known_of(view, action, method))
    return _KNOWN[place]


def refuse_unknown_parameters(request: Request, *, known: frozenset[str]) -> None:
    """Raise the InvalidInput that names each parameter of the address that is not known, and those that are."""
    names = ", ".join(sorted(known))
    message = _("There is no such parameter here. Known: %(names)s.") % {"names": names}
    unknown = {name: [message] for name in request.query_params if name not in known}
    if unknown:
        given = ", ".join(f"`{name}`" for name in unknown)
        text = _("Unknown in this address: %(given)s. Known: %(names)s.") % {"given": given, "names": names}
        raise InvalidInput(text, code="unknown_parameter", errors=unknown)


def refuse_beside_search(request: Request, *, alone: frozenset[str]) -> None:
    """Raise the InvalidInput that names each parameter that a search can't be narrowed by; for views whose best come first."""
    message = _("`search` gives the best that fit, and is not combined with this. Leave one of the two out.")
    beside = {name: [message] for name in request.query_params if name in alone}
    if beside:
        raise InvalidInput(message, errors=beside)


def shows_rows(view: Any, method: str) -> bool:
    """Tell whether a view's filters narrow the answer: lists, and the exports of them."""
    return method == "GET" and (getattr(view, "action", None) == "list" or getattr(view, "detail", None) is False)


def _known_of(view: Any, action: str, method: str) -> Iterator[str]:
    yield api_settings.URL_FORMAT_OVERRIDE
    yield from _declared(view, action, method)
    if not shows_rows(view, method):
        return
    for backend in getattr(view, "filter_backends", ()):
        yield from backend().parameter_names(view)
    if getattr(view, "paginator", None) is not None:
        yield from (one["name"] for one in view.paginator.get_schema_operation_parameters(view))


def _declared(view: Any, action: str, method: str) -> Iterator[str]:
    """Yield the names that `extend_schema(parameters=…)` gives."""
    schema_class = getattr(getattr(view, action, None), "kwargs", {}).get("schema")
    if schema_class is None:
        return
    schema = schema_class()
    schema.view, schema.method = view, method
    for one in schema.get_override_parameters():
        if isinstance(one, OpenApiParameter):
            if one.location == OpenApiParameter.QUERY:
                yield one.name
        else:
            yield from (one() if isinstance(one, type) else one).fields
