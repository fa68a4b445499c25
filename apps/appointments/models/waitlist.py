"""Who waits for an earlier or any time, and which freed times they were offered."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.appointments.models.appointment import Appointment
from apps.appointments.models.types import AppointmentType
from apps.core.models import TenantModel, TenantQuerySet
from apps.organizations.models import Location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room


class Urgency(models.IntegerChoices):
    ROUTINE = 0, _("Routine")
    SOON = 1, _("Soon")
    URGENT = 2, _("Urgent")


class WaitStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Offered a time")
    BOOKED = "booked", _("Booked")
    REMOVED = "removed", _("Removed")
    EXPIRED = "expired", _("Window over")


OPEN_WAITS = (WaitStatus.WAITING, WaitStatus.OFFERED)


class WaitlistQuerySet(TenantQuerySet):
    def open(self) -> WaitlistQuerySet:
        """Keep who still waits, an offer in their hands or not."""
        return self.filter(status__in=OPEN_WAITS)

    def for_list(self) -> WaitlistQuerySet:
        """Load what every list shows, in one query."""
        return self.select_related("patient", "appointment_type", "practitioner", "location", "moves")


class WaitlistEntry(TenantModel):
    """A patient waits for a type of visit within a window of dates.

    Dates, weekdays (0 is Monday; none means any) and times of day are on the wall of the location where a time gets
    free; both dates are inclusive, the times half-open. Without practitioner or location, any will do. With `moves`,
    the patient has a later visit, which taking an offer moves; without, taking one books a new visit.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waitlist_entries")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    earliest_date = models.DateField()
    latest_date = models.DateField()
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.ROUTINE)
    note = models.CharField(max_length=300, blank=True, help_text="for staff only")
    status = models.CharField(max_length=10, choices=WaitStatus, default=WaitStatus.WAITING)
    moves = models.ForeignKey(Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    booked = models.ForeignKey(Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = WaitlistQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(earliest_date__lte=F("latest_date")), name="waitlist_window_begins_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True) | Q(until_time__isnull=True) | Q(from_time__lt=F("until_time")),
                name="waitlist_hours_begin_before_they_end",
            ),
            models.UniqueConstraint(
                fields=["organization", "patient", "appointment_type"],
                condition=Q(status__in=OPEN_WAITS),
                name="waitlist_has_a_patient_once_per_type",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "appointment_type", "-urgency", "created_at"],
                name="waitlist_open",
                condition=Q(status__in=OPEN_WAITS),
            ),
            models.Index(fields=["organization", "patient"], name="waitlist_by_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_type_id} {self.earliest_date} to {self.latest_date} ({self.get_status_display()})"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_WAITS


class OfferStatus(models.TextChoices):
    OPEN = "open", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("No answer in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class WaitlistOffer(TenantModel):
    """A time that got free, held for one waiting patient until `expires_at` (UTC). The hold is an appointment row."""

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.CASCADE, related_name="offers")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    hold = models.ForeignKey(Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.OPEN)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=20, blank=True, help_text="whatsapp, sms, staff, …")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(status="open"), name="waitlist_entry_has_one_open_offer"
            ),
            models.UniqueConstraint(
                fields=["practitioner", "start"],
                condition=Q(status="open"),
                name="waitlist_time_is_offered_to_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "entry", "-created_at"], name="waitlist_offer_by_entry"),
            models.Index(fields=["expires_at"], name="waitlist_offers_due", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} ({self.get_status_display()})"

    @property
    def local_start(self) -> dt.datetime:
        """Return the start on the location's wall clock (reads the location: select it with the row)."""
        return self.start.astimezone(self.location.zone)
