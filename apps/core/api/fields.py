"""Serializer fields that know about organizations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import QuerySet
from rest_framework import serializers


class TenantRelatedField(serializers.PrimaryKeyRelatedField):
    """The id of an object of the caller's organization; an id of another one does not exist."""

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
