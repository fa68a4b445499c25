"""Serializer fields that know about organizations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.relations import MANY_RELATION_KWARGS


class _ManyRelatedField(serializers.ManyRelatedField):
    """A list of ids: REST framework takes an object for one, and an empty one for "none of them"."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, Mapping):
            self.fail("not_a_list", input_type=type(data).__name__)
        found: list[Any] = super().to_internal_value(data)
        return found


class TenantRelatedField(serializers.PrimaryKeyRelatedField):
    """The id of an object of the caller's organization; an id of another one does not exist."""

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> _ManyRelatedField:
        """Return the field for `many=True`."""
        own = {name: value for name, value in kwargs.items() if name in MANY_RELATION_KWARGS}
        return _ManyRelatedField(child_relation=cls(*args, **kwargs), **own)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("pk_field", serializers.UUIDField())
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().for_organization(self.context["request"].organization)


def utc_text(moment: dt.datetime) -> str:
    """Return a moment as every answer shows it: UTC, ISO 8601, `2026-11-23T14:00:00Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


YEARS = range(1900, 2201)
"""Years that moments may lie in: further out, adding a duration or another zone runs off the calendar."""


def is_readable_instant(moment: dt.datetime) -> bool:
    """Tell whether a moment lies where the portal can reckon with it."""
    return moment.year in YEARS


class InstantField(serializers.DateTimeField):
    """A moment: shown in UTC; read with whatever offset it names, and refused without one."""

    default_error_messages = {
        "naive": "Say the offset from UTC as well, for example 2026-11-23T14:00:00Z.",
        "out_of_range": f"Choose a moment between the years {YEARS[0]} and {YEARS[-1]}.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **kwargs)

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            self.fail("naive")
        if not is_readable_instant(value):
            self.fail("out_of_range")
        return super().enforce_timezone(value)


class InUtc:
    """For model serializers: moments are `InstantField`s."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: InstantField,
    }
