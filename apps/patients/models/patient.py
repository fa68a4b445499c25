"""The people a clinic cares for (FHIR: Patient)."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, OuterRef, Q

from apps.core.models import TenantModel, TenantQuerySet
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.models.consent import PreferredChannel


class PatientQuerySet(TenantQuerySet):
    def active(self) -> PatientQuerySet:
        """Keep patients that were not archived or merged away."""
        return self.filter(archived_at__isnull=True)

    def archived(self) -> PatientQuerySet:
        """Keep patients in the archive; a record that was merged away is none."""
        return self.filter(archived_at__isnull=False, merged_into__isnull=True)

    def with_merged_ids(self) -> PatientQuerySet:
        """Load with each patient the ids of the records that were merged into theirs, as `merged_ids`."""
        return self.annotate(merged_ids=ArraySubquery(Patient.objects.filter(merged_into=OuterRef("pk")).values("pk")))


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
    lists in an order that people of any script find their way in, whatever the database's locale. `merged_into` is the
    record that this one became a part of: always one that was not merged itself.
    """

    number = models.PositiveIntegerField(help_text="counts up per organization; shown as the record number")
    given_name = models.CharField(max_length=120, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    preferred_name = models.CharField(max_length=80, blank=True)
    name_latin = models.CharField(max_length=160, blank=True)
    birth_date = models.DateField(null=True, blank=True, help_text="the first day of what is known")
    birth_precision = models.CharField(max_length=5, choices=BirthPrecision, default=BirthPrecision.DAY)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    gender_identity = models.CharField(max_length=60, blank=True, help_text="in the person's own words")
    language = models.CharField(max_length=8, default="en")
    alerts = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    preferred_channel = models.CharField(max_length=10, choices=PreferredChannel, blank=True)
    preferred_times = models.JSONField(
        default=dict,
        blank=True,
        help_text='when to be contacted: {"days": ["mon"], "parts": ["morning"]}; see times.py',
    )
    note = models.TextField(blank=True)
    search_text = models.TextField(blank=True, editable=False)
    sort_name = models.CharField(max_length=240, blank=True, editable=False, help_text="family and given name, folded")
    version = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")

    objects: ClassVar[models.Manager] = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="patient_number_is_unique_in_organization"),
            models.CheckConstraint(condition=~Q(given_name="", family_name=""), name="patient_has_a_name"),
            models.CheckConstraint(
                condition=Q(birth_date__isnull=True)
                | Q(birth_precision=BirthPrecision.DAY)
                | Q(birth_precision=BirthPrecision.MONTH, birth_date__day=1)
                | Q(birth_precision=BirthPrecision.YEAR, birth_date__day=1, birth_date__month=1),
                name="patient_birth_date_is_the_first_day_it_can_be",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(archived_at__isnull=False), name="patient_merged_is_archived"
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="patient_is_not_merged_into_itself"),
        ]
        indexes = [
            models.Index(fields=["organization", "sort_name", "id"], name="patient_for_list"),
            models.Index(fields=["organization", "birth_date"], name="patient_by_birth_date"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="patient_search_trigram"),
            GinIndex(
                fields=["search_text"],
                opclasses=["gin_trgm_ops"],
                condition=Q(archived_at__isnull=False),
                name="patient_search_archived",
            ),
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

    @property
    def born(self) -> PartialDate | None:
        """Return the birth date with what is known of it."""
        return PartialDate(self.birth_date, BirthPrecision(self.birth_precision)) if self.birth_date else None

    @born.setter
    def born(self, born: PartialDate | None) -> None:
        self.birth_date = born.first if born else None
        self.birth_precision = born.precision if born else BirthPrecision.DAY

    def is_born_on(self, date: dt.date) -> bool:
        """Tell whether this is the birth date, known to the day."""
        return self.birth_date == date and self.birth_precision == BirthPrecision.DAY

    def may_be_born_on(self, date: dt.date) -> bool:
        """Tell whether nothing that is known of the birth date contradicts this day."""
        return self.born is None or self.born.first <= date <= self.born.last

    def age(self, on: dt.date) -> int | None:
        """Return completed years on a date; None when the birth date, or too little of it, is known."""
        ages = self.born.ages(on) if self.born else None
        return ages[0] if ages and ages[0] == ages[1] else None

    def age_text(self, on: dt.date) -> str:
        """Return the completed years as pages show them: `42`, `41–42` when only the year is known, or nothing."""
        return self.born.ages_text(on) if self.born else ""


class NumberCounter(TenantModel):
    """The last record number that an organization gave out; its row lock makes numbers gapless in order of commit."""

    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="patient_number_counter_is_one_per_organization")
        ]

    def __str__(self) -> str:
        return str(self.last)
