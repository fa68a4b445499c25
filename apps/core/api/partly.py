"""Reading a PATCH: fields that are left out stay as they are, rows that are given are whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.fields import empty
from rest_framework.serializers import BaseSerializer, Serializer

from apps.core.api.bodies import validated


def read_partly(
    serializer_class: type[BaseSerializer],
    data: Any,
    *,
    instance: Any = None,
    shown: type[BaseSerializer] | None = None,
    context: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what was given of the fields. Raise the 422 that names each wrong or unknown one (see `validated`).

    REST framework's own `partial` reaches into the rows of lists, too: a half-written one would count as empty, and the
    list that it stands in would be replaced by nothing.
    """
    serializer = serializer_class(instance, data=data, context=dict(context or {}))
    if isinstance(serializer, Serializer):
        for field in serializer.fields.values():
            if not field.read_only:
                field.required, field.default, field.default_empty_html = False, empty, empty
    return validated(serializer, shown=shown)
