"""What an import is: a file with where it stands, and its rows with their verdicts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel


class ImportStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Choose the columns")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    STOPPED = "stopped", _("Stopped")


AT_WORK = (ImportStatus.CHECKING, ImportStatus.IMPORTING)


class FileImport(TenantModel):
    """A file. Its rows are checked first; only then those that can be had are imported.

    `header` are a CSV file's column names, `mapping` says which of our fields a column is: {field: position}.
    A person or an API key started it last, and the worker may do what that one may do by then. The work goes on behind
    the page, and after a crash where it stood: what is left to do are the rows' states.
    """

    file_name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    started_by = models.ForeignKey(
        "organizations.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_by_key = models.ForeignKey(
        "organizations.ApiKey", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    problem = models.CharField(max_length=300, blank=True, help_text="why it was stopped")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_status_display()})"

    @property
    def is_at_work(self) -> bool:
        return self.status in AT_WORK

    @property
    def has_begun(self) -> bool:
        """Tell whether rows may have been imported."""
        return self.status in {ImportStatus.IMPORTING, ImportStatus.DONE, ImportStatus.STOPPED}


class RowState(models.TextChoices):
    WAITING = "waiting", _("Not checked yet")
    READY = "ready", _("Can be imported")
    KNOWN = "known", _("Already here")
    REFUSED = "refused", _("Can’t be imported")
    DONE = "done", _("Imported")


class FileImportRow(TenantModel):
    """A row of a file. `line` is its line in the file; `cells` are its texts until it has been imported.

    `column`, `code` and `message` say what is wrong and what to do: the first thing, then a line for each further one
    that begins with its column. The model adds `batch`, its file (`rows` there).
    """

    line = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=RowState, default=RowState.WAITING)
    column = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.line}: {self.get_state_display()}"

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return each thing that is wrong: its column ("" for the whole row) and the words."""
        first, *others = self.message.split("\n")
        return [(self.column, first), *_with_columns(others)]

    @property
    def texts(self) -> list[str]:
        """Return what the row says, cell by cell, as people download it."""
        cells: list[str] = self.cells
        return cells


def _with_columns(lines: list[str]) -> list[tuple[str, str]]:
    parts = [line.partition(": ") for line in lines]
    return [(column, words) if words else ("", column) for column, _colon, words in parts]
