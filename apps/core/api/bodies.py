"""What a body may say: a field that is not read is refused, so that no typing error loses what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

MOST_NAMED = 20


def validated(
    serializer: serializers.BaseSerializer,
    *,
    shown: type[serializers.BaseSerializer] | None = None,
    also: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the validated body; raise the 422 that names each wrong field, and each that is not read here.

    `shown` is what the object is answered with: callers send back what they read, so its fields are known and, where
    they can't be written, have no effect. A serializer may name another one as `shown_by`. `also` are further names.
    """
    serializer.is_valid()
    unknown = islice(
        _unknown(serializer, serializer.initial_data, shown() if shown is not None else None, also), MOST_NAMED
    )
    errors: dict[str, Any] = dict(serializer.errors)
    errors.update(unknown)
    if errors:
        raise serializers.ValidationError(errors)
    return dict(serializer.validated_data)


def _unknown(
    field: Any, data: Any, shown: Any, also: frozenset[str] = frozenset(), path: str = ""
) -> Iterator[tuple[str, list[ErrorDetail]]]:
    """Yield path and error of each field, in rows too, that neither the serializer nor what is shown has."""
    if isinstance(field, serializers.Serializer) and isinstance(data, Mapping):
        seen = dict(shown.fields) if isinstance(shown, serializers.Serializer) else {}
        if (further := getattr(field, "shown_by", None)) is not None:
            seen |= further().fields
        for name, value in data.items():
            if name in field.fields:
                yield from _unknown(field.fields[name], value, seen.get(name), path=f"{path}{name}.")
            elif name not in seen and name not in also:
                yield f"{path}{name}", [_error(field)]
    elif isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(data, list):
        for position, row in enumerate(data):
            yield from _unknown(field.child, row, getattr(shown, "child", None), path=f"{path}{position}.")


def _error(serializer: serializers.Serializer) -> ErrorDetail:
    names = ", ".join(name for name, field in serializer.fields.items() if not field.read_only)
    text = _("There is no such field here. Known: %(names)s.") % {"names": names or _("none")}
    return ErrorDetail(text, code="unknown_field")
