"""Filters of lists that know about patients."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.patients.models import Patient


class OfPatientFilter(django_filters.UUIDFilter):
    """Keep a patient's rows. The id of a record that was merged asks for those of the record it became a part of.

    Merging moved its rows there; one query more.
    """

    def __init__(self, field_name: str = "patient_id", **kwargs: Any) -> None:
        kwargs.setdefault("label", "one that was merged stands for the record that it became a part of")
        super().__init__(field_name=field_name, **kwargs)

    def filter(self, qs: QuerySet, value: uuid.UUID | None) -> QuerySet:
        """Narrow the rows; raise InvalidInput for a patient that the organization does not have."""
        if not value:
            return qs
        known = Patient.objects.for_organization(self.parent.request.organization).filter(pk=value)
        found = known.values_list("pk", "merged_into_id").first()
        if found is None:
            message = _("There is no such patient here. Look for them in the list.")
            raise InvalidInput(message, errors={"patient": [message]})
        return super().filter(qs, found[1] or found[0])
