"""Serializer fields that know about organizations."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers


class TenantRelatedField(serializers.PrimaryKeyRelatedField):
    """The id of an object of the caller's organization; an id of another one does not exist."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("pk_field", serializers.UUIDField())
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().for_organization(self.context["request"].organization)
