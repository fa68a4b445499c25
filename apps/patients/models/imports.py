"""Files of patients from another system: what was uploaded, what each row amounts to, what became of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel
from apps.organizations.models import User


class ImportStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Choose the columns")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    STOPPED = "stopped", _("Stopped")


class ImportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    FHIR = "fhir", "FHIR R4"


class OnMatch(models.TextChoices):
    """What happens to a row whose person is here already."""

    LEAVE = "leave", _("Leave the record as it is")
    FILL = "fill", _("Fill in what is missing")
    ADD = "add", _("Add a new record all the same")


AT_WORK = (ImportStatus.CHECKING, ImportStatus.IMPORTING)


class PatientImport(TenantModel):
    """A file of patients. Its rows are checked first; only then those that can be had are imported.

    `header` are a CSV file's column names, `mapping` says which of our fields a column is: {field: position}.
    `skipped` counts what a FHIR file holds beside patients, by resource type. `system` names where the file's own ids
    are from. The work goes on behind the page, and after a crash where it stood: what is left are the rows' states.
    """

    file_name = models.CharField(max_length=120)
    format = models.CharField(max_length=4, choices=ImportFormat, default=ImportFormat.CSV)
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    system = models.CharField(max_length=200, default="import", help_text="the kind of the file's own ids")
    on_match = models.CharField(max_length=5, choices=OnMatch, default=OnMatch.LEAVE)
    skipped = models.JSONField(default=dict, help_text="what is not modelled, counted by resource type")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    problem = models.CharField(max_length=300, blank=True, help_text="why it was stopped")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="patient_import_for_list"),
            models.Index(
                fields=["created_at"], name="patient_import_at_work", condition=Q(status__in=("checking", "importing"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_status_display()})"

    @property
    def is_at_work(self) -> bool:
        return self.status in AT_WORK


class RowState(models.TextChoices):
    WAITING = "waiting", _("Not checked yet")
    READY = "ready", _("Can be imported")
    KNOWN = "known", _("Already here")
    REFUSED = "refused", _("Can’t be imported")
    DONE = "done", _("Imported")


class PatientImportRow(TenantModel):
    """A row of such a file, or a patient of a bundle. `line` is its line in the file, or its place among the patients.

    `cells` are its texts (CSV), or the resource (FHIR), until it has been imported. `column`, `code` and `message` say
    what is wrong and what to do. `keys` are what the same person would have in common, so that rows of one file are
    checked against each other. `patient` is who it became, or who is here already.
    """

    batch = models.ForeignKey(PatientImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=RowState, default=RowState.WAITING)
    column = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    keys = ArrayField(models.CharField(max_length=64), default=list)
    patient = models.ForeignKey("patients.Patient", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="patient_import_row_has_its_line_once")]
        indexes = [
            models.Index(fields=["organization", "batch", "state", "line"], name="patient_import_row_by_state"),
            GinIndex(fields=["keys"], name="patient_import_row_by_keys"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.get_state_display()}"

    @property
    def in_one_line(self) -> str:
        """Return what the row says, as pages show it."""
        if isinstance(self.cells, list):
            return " · ".join(cell for cell in self.cells if cell)
        names = self.cells.get("name") if isinstance(self.cells.get("name"), list) else []
        first = names[0] if names and isinstance(names[0], dict) else {}
        given = first.get("given") if isinstance(first.get("given"), list) else []
        parts = [*given, first.get("family"), first.get("text") if not given else "", self.cells.get("birthDate")]
        return " ".join(str(part) for part in parts if part)
