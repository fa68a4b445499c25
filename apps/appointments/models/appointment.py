"""Appointments and holds: one table, so that one set of exclusion constraints guards every door."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.appointments.models.series import AppointmentSeries
from apps.appointments.models.types import AppointmentType
from apps.core.models import TenantModel, TenantQuerySet
from apps.organizations.models import Location
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner, Room

# No busy period begins or ends further than this from its visit's start: longest visit, longest buffer on each side.
LONGEST = dt.timedelta(minutes=600 + 240 + 240)
UNDO_WINDOW = dt.timedelta(minutes=10)
# Lane 0 is the ordinary one; deliberate overbooking may add this many beside it.
MOST_EXTRA_LANES = 3


class Status(models.TextChoices):
    """FHIR AppointmentStatus, plus `held` (FHIR: pending) and `in_progress` (the patient is in the room)."""

    HELD = "held", _("Held")
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Waiting")
    IN_PROGRESS = "in_progress", _("In room")
    FULFILLED = "fulfilled", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "noshow", _("No-show")


VISIT_STATUSES = [choice for choice in Status.choices if choice[0] != Status.HELD]
BUSY_STATUSES = (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.IN_PROGRESS, Status.FULFILLED)
# Both as arguments of the database's functions (migrations 0009, 0011, 0012).
WHAT_IS_BUSY = f"reach => '{LONGEST}'::interval, busy => '{{{','.join(BUSY_STATUSES)}}}'::text[]"
OPEN_STATUSES = (Status.BOOKED, Status.ARRIVED, Status.IN_PROGRESS)


class Source(models.TextChoices):
    STAFF = "staff", _("Front desk")
    BOT = "bot", _("Bot")
    API = "api", _("API")
    LINK = "link", _("Patient link")
    WAITLIST = "waitlist", _("Waitlist")
    IMPORT = "import", _("Import")


class CancelReason(models.TextChoices):
    PATIENT = "patient", _("Patient asked")
    PRACTITIONER = "practitioner", _("Practitioner unavailable")
    CLINIC = "clinic", _("Clinic closed")
    MISTAKE = "mistake", _("Booked by mistake")
    OTHER = "other", _("Other")


class AppointmentQuerySet(TenantQuerySet):
    def real(self) -> AppointmentQuerySet:
        """Leave out holds: they are not appointments yet."""
        return self.exclude(status=Status.HELD)

    def held(self) -> AppointmentQuerySet:
        """Keep holds, expired ones that were not swept yet included."""
        return self.filter(status=Status.HELD)

    def busy(self) -> AppointmentQuerySet:
        """Keep what takes the practitioner's and the room's time."""
        return self.filter(status__in=BUSY_STATUSES)

    def open(self) -> AppointmentQuerySet:
        """Keep appointments that are still to happen or happening."""
        return self.filter(status__in=OPEN_STATUSES)

    def between(self, start: dt.datetime, end: dt.datetime) -> AppointmentQuerySet:
        """Keep what overlaps [start, end), using the btree on start (nothing lasts longer than a day)."""
        return self.filter(start__lt=end, start__gt=start - dt.timedelta(days=1), end__gt=start)

    def for_list(self) -> AppointmentQuerySet:
        """Load what every list shows, in one query."""
        return self.select_related("patient", "practitioner", "location", "room", "appointment_type")


class TimeRange(Func):
    """tstzrange(start, end): half-open, as every period here."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class Session(Coalesce):
    """The group of a visit; one that belongs to none is a group of its own."""

    output_field = models.UUIDField()


class Appointment(TenantModel):
    """A patient's time with a practitioner, or (status `held`) a time kept free while somebody decides.

    `busy_period` is [start - buffer before, end + buffer after), UTC. `lane` 0 is the ordinary one; a deliberate
    overbooking takes another. Patients of one group have the same `session` and each their own `seat` in it: visits of
    one session may overlap, everything else of the practitioner and the room may not. `version` counts reschedules and
    cancellations: reminders and invites key on it. A visit of a series keeps as `recurrence_id` (RFC 5545) the UTC
    start that the rule gave it, wherever it was moved. `link_version` is part of the patient's signed link: a new one
    makes the old links worthless.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="appointments")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    busy_period = DateTimeRangeField()
    lane = models.PositiveSmallIntegerField(default=0)
    session = models.UUIDField(null=True, blank=True, help_text="the group that the visit belongs to")
    seat = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status, default=Status.BOOKED)
    version = models.PositiveIntegerField(default=1)
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF)
    reason = models.CharField(max_length=500, blank=True, help_text="in the patient's words")
    note = models.TextField(blank=True, help_text="for staff only")
    override_reason = models.CharField(max_length=300, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    held_for = models.UUIDField(null=True, blank=True, help_text="the conversation, key or person that holds it")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=20, blank=True, help_text="whatsapp, sms, link, phone, …")
    arrived_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=14, choices=CancelReason, blank=True)
    cancel_note = models.CharField(max_length=300, blank=True)
    previous_status = models.CharField(max_length=12, blank=True, help_text="what undo returns to")
    status_changed_at = models.DateTimeField(null=True, blank=True)
    series = models.ForeignKey(
        AppointmentSeries, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    recurrence_id = models.DateTimeField(null=True, blank=True)
    link_version = models.PositiveSmallIntegerField(default=1)
    external_id = models.CharField(max_length=120, blank=True, help_text="its id in the file that it was imported from")

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="appointment_starts_before_it_ends"),
            models.CheckConstraint(
                condition=Q(busy_period__contains=TimeRange(F("start"), F("end"))),
                name="appointment_busy_period_covers_it",
            ),
            models.CheckConstraint(
                condition=Q(patient__isnull=False) | Q(status="held"), name="appointment_has_a_patient_unless_held"
            ),
            models.CheckConstraint(
                condition=Q(status="held", held_until__isnull=False) | ~Q(status="held"),
                name="appointment_hold_expires",
            ),
            models.UniqueConstraint(
                fields=["organization", "held_for"],
                condition=Q(status="held", held_for__isnull=False),
                name="appointment_holder_has_one_hold",
            ),
            ExclusionConstraint(
                name="appointment_practitioner_not_double_booked",
                expressions=[
                    ("practitioner", RangeOperators.EQUAL),
                    ("lane", RangeOperators.EQUAL),
                    ("busy_period", RangeOperators.OVERLAPS),
                    (Session("session", "id"), RangeOperators.NOT_EQUAL),
                ],
                condition=Q(status__in=BUSY_STATUSES),
            ),
            ExclusionConstraint(
                name="appointment_room_not_double_booked",
                expressions=[
                    ("room", RangeOperators.EQUAL),
                    ("busy_period", RangeOperators.OVERLAPS),
                    (Session("session", "id"), RangeOperators.NOT_EQUAL),
                ],
                condition=Q(status__in=BUSY_STATUSES, room__isnull=False),
            ),
            ExclusionConstraint(
                name="appointment_patient_not_double_booked",
                expressions=[("patient", RangeOperators.EQUAL), (TimeRange("start", "end"), RangeOperators.OVERLAPS)],
                condition=Q(status__in=BUSY_STATUSES, patient__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["organization", "session", "seat"],
                condition=Q(status__in=BUSY_STATUSES, session__isnull=False),
                name="appointment_seat_not_double_booked",
            ),
            models.CheckConstraint(
                condition=Q(series__isnull=True, recurrence_id__isnull=True)
                | Q(series__isnull=False, recurrence_id__isnull=False),
                name="appointment_of_a_series_knows_its_occurrence",
            ),
            models.UniqueConstraint(
                fields=["series", "recurrence_id"],
                condition=Q(series__isnull=False),
                name="appointment_occurrence_is_unique_in_series",
            ),
            models.UniqueConstraint(
                fields=["organization", "external_id"],
                condition=~Q(external_id=""),
                name="appointment_is_imported_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "start", "id"], name="appointment_by_start"),
            models.Index(fields=["organization", "practitioner", "start"], name="appointment_by_practitioner"),
            models.Index(fields=["organization", "patient", "-start"], name="appointment_by_patient"),
            models.Index(
                fields=["organization", "room", "start"], name="appointment_by_room", condition=Q(room__isnull=False)
            ),
            models.Index(fields=["held_until"], name="appointment_holds", condition=Q(status="held")),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_type_id} {self.start:%Y-%m-%d %H:%M} ({self.get_status_display()})"

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to happen or happening."""
        return self.status in OPEN_STATUSES

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def undo_until(self) -> dt.datetime | None:
        """Return until when (UTC) the last change of status can be taken back; None when there is none."""
        if not self.previous_status or self.status_changed_at is None:
            return None
        return self.status_changed_at + UNDO_WINDOW

    @property
    def minutes(self) -> int:
        """Return how long it lasts, without buffers."""
        return int((self.end - self.start).total_seconds()) // 60

    @property
    def local_start(self) -> dt.datetime:
        """Return the start on the location's wall clock (reads the location: select it with the row)."""
        return self.start.astimezone(self.location.zone)

    @property
    def local_end(self) -> dt.datetime:
        return self.end.astimezone(self.location.zone)
