"""Patients, how to reach them, and what they agreed to (FHIR: Patient, ContactPoint, Consent)."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from apps.core.models import TenantModel, TenantQuerySet


class PatientQuerySet(TenantQuerySet):
    def active(self) -> PatientQuerySet:
        """Keep patients that were not archived or merged away."""
        return self.filter(archived_at__isnull=True)


class Sex(models.TextChoices):
    """FHIR administrative-gender."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


def full_name(given_name: str, family_name: str) -> str:
    """Return a patient's name as pages show it, also where only values were loaded."""
    return " ".join(part for part in (given_name, family_name) if part)


class Patient(TenantModel):
    """A person the clinic cares for.

    `name_latin` is the Latin spelling shown under a name in another script. `search_text` is maintained by the
    service: folded names, record number, digits of phones, e-mails; it has the trigram index. `sort_name` puts
    lists in an order that people of any script find their way in, whatever the database's locale.
    """

    number = models.PositiveIntegerField(help_text="counts up per organization; shown as the record number")
    given_name = models.CharField(max_length=120, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    preferred_name = models.CharField(max_length=80, blank=True)
    name_latin = models.CharField(max_length=160, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    language = models.CharField(max_length=8, default="en")
    address = models.CharField(max_length=200, blank=True)
    alerts = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    preferred_channel = models.CharField(max_length=10, blank=True)
    note = models.TextField(blank=True)
    search_text = models.TextField(blank=True, editable=False)
    sort_name = models.CharField(max_length=240, blank=True, editable=False, help_text="family and given name, folded")
    version = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager] = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="patient_number_is_unique_in_organization"),
            models.CheckConstraint(condition=~Q(given_name="", family_name=""), name="patient_has_a_name"),
        ]
        indexes = [
            models.Index(fields=["organization", "sort_name", "id"], name="patient_for_list"),
            models.Index(fields=["organization", "birth_date"], name="patient_by_birth_date"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="patient_search_trigram"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return full_name(self.given_name, self.family_name)

    @property
    def first_name(self) -> str:
        """Return what messages call the person."""
        return self.preferred_name or self.given_name or self.family_name

    @property
    def initials(self) -> str:
        return (self.given_name[:1] + self.family_name[:1]).upper()

    @property
    def record_number(self) -> str:
        return f"{self.number:06d}"

    def age(self, on: dt.date) -> int | None:
        """Return completed years on a date, None when the birth date is unknown."""
        if self.birth_date is None:
            return None
        return on.year - self.birth_date.year - ((on.month, on.day) < (self.birth_date.month, self.birth_date.day))


class ContactSystem(models.TextChoices):
    PHONE = "phone", "Phone"
    EMAIL = "email", "E-mail"


class ContactUse(models.TextChoices):
    MOBILE = "mobile", "Mobile"
    HOME = "home", "Home"
    WORK = "work", "Work"


class ContactPoint(TenantModel):
    """A phone (E.164) or e-mail (lower case) of a patient; a household may share one. Rank 1 is tried first."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contact_points")
    system = models.CharField(max_length=10, choices=ContactSystem)
    value = models.CharField(max_length=254)
    use = models.CharField(max_length=10, choices=ContactUse, default=ContactUse.MOBILE)
    rank = models.PositiveSmallIntegerField(default=1)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "created_at"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "system", "value"], name="contact_point_is_unique_per_patient")
        ]
        indexes = [
            models.Index(fields=["organization", "system", "value"], name="contact_point_by_value"),
            models.Index(fields=["organization", "patient", "system", "rank"], name="contact_point_by_patient"),
        ]

    def __str__(self) -> str:
        return self.value


class ConsentPurpose(models.TextChoices):
    """What a person agrees to; the first four are channels, whose values equal communications.Channel."""

    WHATSAPP = "whatsapp", "WhatsApp messages"
    SMS = "sms", "SMS messages"
    EMAIL = "email", "E-mails"
    VOICE = "voice", "Phone calls"
    DATA_SHARING = "data_sharing", "Sharing data with other providers"
    AI_PROCESSING = "ai_processing", "Processing by AI"
    PHOTOS = "photos", "Photos"


class ConsentStatus(models.TextChoices):
    ACTIVE = "active", "Given"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Consent(TenantModel):
    """The present answer of a patient for one purpose, with where it came from. History is in the events."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=ConsentPurpose)
    status = models.CharField(max_length=10, choices=ConsentStatus)
    source = models.CharField(max_length=60, help_text="front desk, STOP keyword, intake form, …")
    evidence = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "purpose"], name="consent_is_one_per_purpose")]
        indexes = [models.Index(fields=["organization", "patient"], name="consent_by_patient")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.get_status_display()}"


class NumberCounter(TenantModel):
    """The last record number that an organization gave out; its row lock makes numbers gapless in order of commit."""

    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="patient_number_counter_is_one_per_organization")
        ]

    def __str__(self) -> str:
        return str(self.last)
