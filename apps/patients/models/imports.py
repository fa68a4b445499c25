"""Files of patients from another system: what was uploaded, what each row amounts to, what became of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from apps.core.imports.models import FileImport, FileImportRow

MOST_SHOWN = 160


class ImportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    FHIR = "fhir", "FHIR R4"


class OnMatch(models.TextChoices):
    """What happens to a row whose person is here already."""

    LEAVE = "leave", _("Leave the record as it is")
    FILL = "fill", _("Fill in what is missing")
    ADD = "add", _("Add a new record all the same")


class PatientImport(FileImport):
    """A file of patients.

    `skipped` counts what a FHIR file holds beside patients, by resource type. `system` names where the file's own ids
    are from.
    """

    format = models.CharField(max_length=4, choices=ImportFormat, default=ImportFormat.CSV)
    system = models.CharField(max_length=200, default="import", help_text="the kind of the file's own ids")
    on_match = models.CharField(max_length=5, choices=OnMatch, default=OnMatch.LEAVE)
    skipped = models.JSONField(default=dict, help_text="what is not modelled, counted by resource type")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="patient_import_for_list"),
            models.Index(
                fields=["created_at"], name="patient_import_at_work", condition=Q(status__in=("checking", "importing"))
            ),
        ]


class PatientImportRow(FileImportRow):
    """A row of such a file, or a patient of a bundle: `line` is then its place among the patients, `cells` the resource.

    `keys` are what the same person would have in common, so that rows of one file are checked against each other.
    `patient` is who it became, or who is here already.
    """

    batch = models.ForeignKey(PatientImport, on_delete=models.CASCADE, related_name="rows")
    keys = ArrayField(models.CharField(max_length=64), default=list)
    patient = models.ForeignKey("patients.Patient", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="patient_import_row_has_its_line_once")]
        indexes = [
            models.Index(fields=["organization", "batch", "state", "line"], name="patient_import_row_by_state"),
            GinIndex(fields=["keys"], name="patient_import_row_by_keys"),
        ]

    @property
    def in_one_line(self) -> str:
        """Return what the row says, in one text."""
        if isinstance(self.cells, list):
            return " · ".join(cell for cell in self.cells if cell)
        names = self.cells.get("name") if isinstance(self.cells.get("name"), list) else []
        first = names[0] if names and isinstance(names[0], dict) else {}
        given = first.get("given") if isinstance(first.get("given"), list) else []
        parts = [*given, first.get("family"), first.get("text") if not given else "", self.cells.get("birthDate")]
        return " ".join(str(part) for part in parts if part)

    @property
    def excerpt(self) -> list[str]:
        """Return the first MOST_SHOWN characters of what the row says, cell by cell: each has its own direction."""
        shown, room = [], MOST_SHOWN
        for text in self.texts:
            if text and room > 0:
                shown.append(Truncator(text).chars(room))
                room -= len(text)
        return shown

    @property
    def texts(self) -> list[str]:
        return self.cells if isinstance(self.cells, list) else [self.in_one_line]
