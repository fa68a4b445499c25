"""Reading a PATCH: fields that are left out stay as they are, rows that are given are whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.fields import empty
from rest_framework.serializers import BaseSerializer, Serializer


def read_partly(
    serializer_class: type[BaseSerializer], data: Any, *, instance: Any = None, context: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what was given of the fields. Raise the 422 that names each wrong one.

    REST framework's own `partial` reaches into the rows of lists, too: a half-written one would count as empty, and the
    list that it stands in would be replaced by nothing.
    """
    serializer = serializer_class(instance, data=data, context=dict(context or {}))
    if isinstance(serializer, Serializer):
        for field in serializer.fields.values():
            if not field.read_only:
                field.required, field.default, field.default_empty_html = False, empty, empty
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
