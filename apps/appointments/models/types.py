"""What can be booked, by whom, where, and in which rooms."""

from __future__ import annotations

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from apps.core.models import TenantModel
from apps.organizations.models import Location
from apps.practitioners.models import NO_PLACE, Colour, Practitioner, Room

MOST_SEATS = 50


class AppointmentType(TenantModel):
    """What can be booked: how long it takes, what it needs around it, and how it may be booked. Times in minutes."""

    name = models.CharField(max_length=80)
    duration_minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(5), MaxValueValidator(600)])
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])
    step_minutes = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text="slots start on this grid, counted from the start of the working hours",
    )
    minimum_notice_minutes = models.PositiveIntegerField(default=60)
    horizon_days = models.PositiveSmallIntegerField(default=60)
    colour = models.CharField(max_length=2, choices=Colour.choices, default=Colour.K1)
    needs_room = models.BooleanField(default=False)
    capacity = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SEATS)],
        help_text="patients who are seen together; more than 1 makes it a group",
    )
    price = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="in the organization's currency; empty: not stated",
    )
    shows_price = models.BooleanField(default=False, help_text="patients see the price where they choose a time")
    online_bookable = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False, help_text="what the bot books when nothing else fits the reason")
    keywords = models.CharField(
        max_length=300, blank=True, help_text="comma-separated words in a patient's reason that suggest this type"
    )
    instructions = models.CharField(max_length=300, blank=True, help_text="shown to the patient with the confirmation")
    sort_order = models.PositiveSmallIntegerField(default=NO_PLACE)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["sort_order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="appointment_type_name_is_unique_in_organization"
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=MOST_SEATS), name="appointment_type_has_1_to_50_seats"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def duration(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.duration_minutes)

    @property
    def is_group(self) -> bool:
        """Tell whether several patients may share one time."""
        return self.capacity > 1


class PractitionerType(TenantModel):
    """A practitioner offers an appointment type."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="offered_types")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="offered_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practitioner", "appointment_type"], name="practitioner_offers_a_type_once")
        ]

    def __str__(self) -> str:
        return f"{self.practitioner} · {self.appointment_type}"


class TypeLocation(TenantModel):
    """An appointment type takes place at a location; a type without such rows takes place at every one."""

    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="at_locations")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appointment_type", "location"], name="type_is_at_a_location_once")
        ]

    def __str__(self) -> str:
        return f"{self.appointment_type} · {self.location}"


class TypeRoom(TenantModel):
    """An appointment type that needs a room may use this one; without such rows it may use any room of the location."""

    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="in_rooms")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["appointment_type", "room"], name="type_uses_a_room_once")]

    def __str__(self) -> str:
        return f"{self.appointment_type} · {self.room}"
