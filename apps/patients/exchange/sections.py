"""What one patient's export is made of. Apps register their sections at start: imports go down the floors only."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from apps.organizations.models import Organization
from apps.patients.merging.living import merged_ids_of
from apps.patients.models import Patient

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """Whose record leaves, when (UTC), and by whom in words. The patient is loaded as a whole, with consents and `merged_ids`."""

    organization: Organization
    patient: Patient
    at: dt.datetime
    by: str = ""

    @property
    def ids(self) -> list[uuid.UUID]:
        """Return the ids under which the person is known here: their own, and those of records merged into theirs."""
        return [self.patient.pk, *merged_ids_of(self.patient)]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an export. Both ways read in a number of queries that does not grow with the rows.

    `rows` gives what stands under `key` in JSON, oldest first; `resources` the FHIR R4 resources, which may be of several
    types and may repeat one that others brought (a location): the bundle keeps the first. Neither says anything about
    another patient, not even that somebody is one. `models` are the tables that the rows tell everything of.
    """

    key: str
    order: int
    rows: Callable[[Export], Iterable[Row]]
    models: tuple[type[models.Model], ...]
    resources: Callable[[Export], Iterable[Row]] | None = None


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Add a section; a second registration of the same key replaces the first."""
    _sections[section.key] = section


def all_sections() -> list[Section]:
    """Return the sections in their order."""
    return sorted(_sections.values(), key=lambda section: section.order)
