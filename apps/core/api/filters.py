"""Query parameters that narrow a list: what can't be read is refused, never ignored or guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.filters import SearchFilter

from apps.core.api.fields import is_readable_instant

_WORDS = {"true": True, "1": True, "false": False, "0": False}


class InstantFormField(forms.Field):
    """A moment with its offset from UTC."""

    def to_python(self, value: Any) -> dt.datetime | None:
        """Return the moment; raise ValidationError for what is none, has no offset, or lies beyond all calendars."""
        if value in self.empty_values:
            return None
        try:
            moment = parse_datetime(str(value).replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not is_readable_instant(moment):
            raise forms.ValidationError(
                _("Write a moment with its offset from UTC, for example 2026-11-23T14:00:00Z."), code="invalid"
            )
        return moment


class TruthFormField(forms.Field):
    """`true` or `false`."""

    def to_python(self, value: Any) -> bool | None:
        """Return the truth; raise ValidationError for any other word."""
        if value in self.empty_values:
            return None
        word = str(value).lower()
        if word not in _WORDS:
            raise forms.ValidationError(_("Write true or false."), code="invalid")
        return _WORDS[word]


class InstantFilter(django_filters.IsoDateTimeFilter):
    """Compare with a moment."""

    field_class = InstantFormField


class TruthFilter(django_filters.BooleanFilter):
    """Keep what is so, or what is not."""

    field_class = TruthFormField


class FilterSet(django_filters.FilterSet):
    """The base of every list's filters."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **django_filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": TruthFilter},
        models.DateTimeField: {"filter_class": InstantFilter},
    }


class FilterBackend(DjangoFilterBackend):
    """Make what a view only names in `filterset_fields` strict too."""

    filterset_base = FilterSet

    def parameter_names(self, view: Any) -> Iterable[str]:
        """Return what a list of the view can be narrowed by."""
        filters = self.get_filterset_class(view, view.queryset)
        return filters.base_filters if filters is not None else ()


class SearchBackend(SearchFilter):
    """`search` in the fields that a view names in `search_fields`; a view without them has no search."""

    def parameter_names(self, view: Any) -> Iterable[str]:
        """Return `search`, where there is one."""
        return (self.search_param,) if getattr(view, "search_fields", None) else ()

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `search` for OpenAPI, where there is one."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        return parameters if self.parameter_names(view) else []
