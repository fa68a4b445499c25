"""What a clinic decided about its appointment book, and what follows for single patients and calendars."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from apps.core.models import TenantModel
from apps.organizations.models import User
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner


class AppointmentSettings(TenantModel):
    """One row per organization; an organization without one lives by the defaults (`settings_for`)."""

    no_show_after_minutes = models.PositiveSmallIntegerField(
        default=20,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text="minutes after the start when Today suggests to mark a no-show",
    )
    no_shows_block_online = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text="no-shows within a year after which a patient books by phone only; empty: never",
    )
    no_show_message = models.BooleanField(
        default=False, help_text="write to a patient who missed a visit, once the marking can't be undone any more"
    )
    waitlist_fills_automatically = models.BooleanField(default=True)
    waitlist_offer_minutes = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(60)],
        help_text="how long an offered time is held",
    )
    self_service_notice_hours = models.PositiveSmallIntegerField(
        default=2,
        validators=[MaxValueValidator(168)],
        help_text="hours before the start until which patients cancel and move visits themselves",
    )
    feeds_show_patients = models.BooleanField(
        default=False, help_text="calendar feeds name the patient; otherwise they show the type of visit only"
    )

    class Meta:
        verbose_name_plural = "appointment settings"
        constraints = [models.UniqueConstraint(fields=["organization"], name="appointment_settings_are_one_row")]

    def __str__(self) -> str:
        return "Appointment settings"


class OnlineBookingBlock(TenantModel):
    """A patient who may not book by themselves (bot, link) until somebody of the clinic lifts it."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="online_booking_blocks")
    reason = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(lifted_at__isnull=True), name="patient_is_blocked_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "patient"], name="online_block_by_patient")]

    def __str__(self) -> str:
        return self.reason


class CalendarFeed(TenantModel):
    """A secret address from which a calendar program reads a practitioner's visits; only its SHA-256 is kept."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="calendar_feeds")
    name = models.CharField(max_length=80, help_text="where it is used, for example “My phone”")
    digest = models.CharField(max_length=64, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "organization"], name="calendar_feed_digest_is_unique")
        ]
        indexes = [models.Index(fields=["organization", "practitioner"], name="calendar_feed_by_practitioner")]

    def __str__(self) -> str:
        return self.name
