"""Files of appointments from another system: what was uploaded, what each row amounts to, what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.appointments.models.appointment import Appointment
from apps.core.imports.models import FileImport, FileImportRow
from apps.organizations.models import Location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


class AppointmentImport(FileImport):
    """A CSV file of appointments; `location` is where visits take place whose row names none."""

    location = models.ForeignKey(Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    tells_patients = models.BooleanField(default=False, help_text="patients get a confirmation of visits to come")
    sets_rules_aside = models.BooleanField(default=False, help_text="hours, notice and horizon don't count")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="appointment_import_for_list"),
            models.Index(
                fields=["created_at"],
                name="appointment_import_at_work",
                condition=Q(status__in=("checking", "importing")),
            ),
        ]


class ImportRow(FileImportRow):
    """A row of such a file.

    A row that is ready remembers whose time it will take: practitioner, patient, the named room or the one that is
    free, [start, end), and with buffers [busy_from, busy_until), UTC; so that rows of one file are checked against
    each other.
    """

    batch = models.ForeignKey(AppointmentImport, on_delete=models.CASCADE, related_name="rows")
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
