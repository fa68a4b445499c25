"""People who see patients, their rooms, weekly hours and absences."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from apps.core.models import TenantModel
from apps.organizations.models import Location, User

NO_PLACE = 999
"""The place in lists of who was given none: behind those that have one, by name."""


class Colour(models.TextChoices):
    """The calendar's type colours (tokens --k1 … --k6): type of visit, never status."""

    K1 = "k1", "Teal"
    K2 = "k2", "Blue"
    K3 = "k3", "Violet"
    K4 = "k4", "Amber"
    K5 = "k5", "Rose"
    K6 = "k6", "Green"


def short_name(prefix: str, given_name: str, family_name: str) -> str:
    """Return a practitioner's name for tight places: `Dr Okonkwo`, or `H. Lindqvist` without a prefix."""
    return f"{prefix} {family_name}" if prefix else f"{given_name[:1]}. {family_name}"


class Practitioner(TenantModel):
    """A person who sees patients. `user` is set when the person also signs in."""

    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    prefix = models.CharField(max_length=20, blank=True, help_text="Dr, Prof, …")
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    specialty = models.CharField(max_length=80, blank=True)
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    colour = models.CharField(max_length=2, choices=Colour, default=Colour.K1)
    sort_order = models.PositiveSmallIntegerField(default=NO_PLACE)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["sort_order", "family_name", "given_name"]
        indexes = [models.Index(fields=["organization", "sort_order", "family_name"], name="practitioner_for_list")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return " ".join(part for part in (self.prefix, self.given_name, self.family_name) if part)

    @property
    def short_name(self) -> str:
        return short_name(self.prefix, self.given_name, self.family_name)

    @property
    def initials(self) -> str:
        return (self.given_name[:1] + self.family_name[:1]).upper()


class Room(TenantModel):
    """A room at a location; taken by at most one appointment at a time when an appointment names it."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["location", "name"], name="room_name_is_unique_at_location")]

    def __str__(self) -> str:
        return self.name


class WallRange(Func):
    """Two times of day as a range (of some fixed date: PostgreSQL has no range of times)."""

    template = "tsrange('2000-01-01'::date + %(expressions)s)"
    arg_joiner = ", '2000-01-01'::date + "
    output_field = DateTimeRangeField()


class ValidityRange(Func):
    """Two inclusive dates as a range; null is open."""

    template = "daterange(%(expressions)s, '[]')"
    output_field = DateRangeField()


class WeeklyHours(TenantModel):
    """A stretch of a weekday on which a practitioner sees patients at a location, in the location's wall time.

    A break is the gap between two rows. Both dates of validity are inclusive; an open end is null. What happens on days
    when the clocks change is in `hours.py`.
    """

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="weekly_hours")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(
        Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="usual room"
    )
    weekday = models.PositiveSmallIntegerField(
        choices=list(enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
    )
    start_time = models.TimeField()
    end_time = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "weekly hours"
        ordering = ["weekday", "start_time"]
        constraints = [
            models.CheckConstraint(condition=Q(start_time__lt=F("end_time")), name="weekly_hours_start_before_end"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekly_hours_weekday_is_monday_0_to_sunday_6"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_from__lte=F("valid_until")),
                name="weekly_hours_valid_from_before_until",
            ),
            ExclusionConstraint(
                name="weekly_hours_do_not_overlap",
                expressions=[
                    ("practitioner", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (WallRange("start_time", "end_time"), RangeOperators.OVERLAPS),
                    (ValidityRange("valid_from", "valid_until"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="These hours overlap others of the same person on that weekday. Change one of the two.",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "practitioner", "weekday"], name="weekly_hours_by_practitioner")
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start_time:%H:%M} to {self.end_time:%H:%M}"


class TimeOff(TenantModel):
    """A practitioner's absence; no slot is offered inside it. `period` is half-open, UTC."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="time_off")
    period = DateTimeRangeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name_plural = "time off"
        ordering = ["period"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="time_off_has_start_and_end",
            ),
            ExclusionConstraint(
                name="time_off_does_not_overlap_itself",
                expressions=[("practitioner", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
        ]
        indexes = [models.Index(fields=["organization", "practitioner"], name="time_off_by_practitioner")]

    def __str__(self) -> str:
        return f"{self.practitioner}: {self.reason or 'time off'}"


class BusyTime(TenantModel):
    """A time in which a practitioner is taken according to another calendar, imported from iCalendar; half-open, UTC.

    Never edited here: an import replaces all rows of its `calendar`. Unlike time off it may overlap itself.
    """

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="busy_times")
    calendar = models.CharField(max_length=80, help_text="which calendar it came from")
    uid = models.CharField(max_length=255, help_text="the event's UID there")
    period = DateTimeRangeField()
    summary = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["period"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="busy_time_has_start_and_end",
            )
        ]
        indexes = [models.Index(fields=["organization", "practitioner", "calendar"], name="busy_time_by_practitioner")]

    def __str__(self) -> str:
        return f"{self.practitioner}: {self.calendar}"


class Closure(TenantModel):
    """A time when a location (or, without one, every location) is closed. `period` is half-open, UTC.

    A public holiday carries its date as `holiday_on`; one on which the clinic works all the same stays as an inactive
    row, so that it is not added again. Inactive closures close nothing.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    period = DateTimeRangeField()
    reason = models.CharField(max_length=120)
    holiday_on = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["period"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="closure_has_start_and_end",
            ),
            models.UniqueConstraint(
                fields=["location", "holiday_on"],
                condition=Q(holiday_on__isnull=False),
                name="closure_has_a_holiday_once_per_location",
            ),
        ]
        indexes = [models.Index(fields=["organization", "location"], name="closure_by_location")]

    def __str__(self) -> str:
        return f"{self.location or 'All locations'}: {self.reason}"
