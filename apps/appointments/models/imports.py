"""Files of appointments from another system: what was uploaded, what each row amounts to, what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.appointments.models.appointment import Appointment
from apps.core.models import TenantModel
from apps.organizations.models import ApiKey, Location, User
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


class ImportStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Choose the columns")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    STOPPED = "stopped", _("Stopped")


AT_WORK = (ImportStatus.CHECKING, ImportStatus.IMPORTING)


class AppointmentImport(TenantModel):
    """A CSV file of appointments. Its rows are checked first; only then those that can be had are imported.

    `header` are the file's column names, `mapping` says which of our fields a column is: {field: position}.
    `location` is where visits take place whose row names none. A person or an API key started it last, and the worker
    may do what that one may do by then. The work goes on behind the page, row by row, and
    after a crash where it stood: what is left to do are the rows' states.
    """

    file_name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    location = models.ForeignKey(Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    tells_patients = models.BooleanField(default=False, help_text="patients get a confirmation of visits to come")
    sets_rules_aside = models.BooleanField(default=False, help_text="hours, notice and horizon don't count")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_by_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    problem = models.CharField(max_length=300, blank=True, help_text="why it was stopped")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="appointment_import_for_list"),
            models.Index(
                fields=["created_at"],
                name="appointment_import_at_work",
                condition=Q(status__in=("checking", "importing")),
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


class ImportRow(TenantModel):
    """A row of such a file. `line` is its line in the file; `cells` are its texts until it has been imported.

    `column`, `code` and `message` say what is wrong and what to do. A row that is ready remembers whose time it will
    take: practitioner, patient, the named room or the one that is free, [start, end), and with buffers
    [busy_from, busy_until), UTC; so that rows of one file are checked against each other.
    """

    batch = models.ForeignKey(AppointmentImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=RowState, default=RowState.WAITING)
    column = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    practitioner = models.ForeignKey(Practitioner, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    busy_from = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    appointment = models.ForeignKey(Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="import_row_has_its_line_once")]
        indexes = [
            models.Index(fields=["organization", "batch", "state", "line"], name="import_row_by_state"),
            models.Index(fields=["batch", "practitioner", "busy_from"], name="import_row_by_practitioner"),
            models.Index(fields=["batch", "patient", "start"], name="import_row_by_patient"),
            models.Index(fields=["batch", "busy_from"], name="import_row_by_room", condition=Q(room__isnull=False)),
            models.Index(fields=["batch", "external_id"], name="import_row_by_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.get_state_display()}"
