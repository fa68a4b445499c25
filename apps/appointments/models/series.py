"""Recurring visits: what a series was made with. Its visits are ordinary appointments that point to it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import models

from apps.appointments.models.types import AppointmentType
from apps.core.models import TenantModel
from apps.organizations.models import Location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

MOST_OCCURRENCES = 104


class AppointmentSeries(TenantModel):
    """A recurrence rule (RFC 5545, RRULE without the name) and what each of its visits is booked with.

    `start` (UTC) is the first occurrence (DTSTART); the rule is expanded on the wall clock of the location's zone. A
    series split by "this and following" ends with an UNTIL, and `continues` of the later one points to it.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointment_series")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    rule = models.CharField(max_length=200, help_text="RFC 5545, for example FREQ=WEEKLY;INTERVAL=2;COUNT=6")
    start = models.DateTimeField()
    duration_minutes = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    continues = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "appointment series"
        indexes = [models.Index(fields=["organization", "patient", "-start"], name="series_by_patient")]

    def __str__(self) -> str:
        return self.rule

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which the rule is expanded (reads the location)."""
        return self.location.zone

    @property
    def local_start(self) -> dt.datetime:
        return self.start.astimezone(self.zone)
