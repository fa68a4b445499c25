"""Cursor pagination: stable under inserts, constant cost at any depth."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import CursorPagination as BasePagination
from rest_framework.request import Request

from apps.core.errors import InvalidInput


class CursorPagination(BasePagination):
    """Pages of `limit` rows (50, at most 200), newest first unless the view says otherwise.

    `orderings` are what callers may ask for with `ordering`, and the columns of each; the last one is unique.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering: str | tuple[str, ...] = "-id"
    orderings: ClassVar[dict[str, tuple[str, ...]]] = {"-created_at": ("-id",), "created_at": ("id",)}

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has; raise InvalidInput for a `limit` that is no number from 1 to the most."""
        text = request.query_params.get("limit", "")
        if not text:
            return self.page_size
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= self.max_page_size:
            message = _("`limit` must be a number from 1 to %(most)d.") % {"most": self.max_page_size}
            raise InvalidInput(message, errors={"limit": [message]})
        return int(text)

    def get_ordering(self, request: Request, queryset: QuerySet, view: Any) -> tuple[str, ...]:
        """Return the columns to order by; raise InvalidInput for an `ordering` that this list does not have."""
        wanted = request.query_params.get("ordering", "")
        if not wanted:
            return (self.ordering,) if isinstance(self.ordering, str) else tuple(self.ordering)
        if wanted not in self.orderings:
            message = _("Order by one of: %(names)s.") % {"names": ", ".join(self.orderings)}
            raise InvalidInput(message, errors={"ordering": [message]})
        return self.orderings[wanted]

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor`, `limit` and `ordering` for OpenAPI."""
        own = super().get_schema_operation_parameters(view)
        for parameter in own:
            if parameter["name"] == "limit":
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        schema = {"type": "string", "enum": list(self.orderings)}
        return [*own, {"name": "ordering", "in": "query", "required": False, "schema": schema}]
