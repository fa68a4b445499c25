"""How to reach a patient, and where they live (FHIR: ContactPoint, Address)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel


class ContactSystem(models.TextChoices):
    PHONE = "phone", "Phone"
    EMAIL = "email", "E-mail"


class ContactUse(models.TextChoices):
    """What a phone or an e-mail is for. FHIR knows all but the last."""

    MOBILE = "mobile", _("Mobile")
    HOME = "home", _("Home")
    WORK = "work", _("Work")
    OTHER = "other", _("Other")


class ContactPoint(TenantModel):
    """A phone (E.164) or e-mail (lower case) of a patient; a household may share one. Rank 1 is tried first."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="contact_points")
    system = models.CharField(max_length=10, choices=ContactSystem)
    value = models.CharField(max_length=254)
    use = models.CharField(max_length=10, choices=ContactUse, default=ContactUse.MOBILE)
    label = models.CharField(max_length=40, blank=True, help_text="whose or where: daughter's, reception")
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


class AddressUse(models.TextChoices):
    """What an address is for, in FHIR's words."""

    HOME = "home", _("Home")
    WORK = "work", _("Work")
    BILLING = "billing", _("Billing")
    TEMP = "temp", _("Temporary")
    OLD = "old", _("Former")


class Address(TenantModel):
    """A postal address of a patient, as it stands on an envelope. Rank 1 is the one that letters go to."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="addresses")
    use = models.CharField(max_length=10, choices=AddressUse, default=AddressUse.HOME)
    lines = ArrayField(models.CharField(max_length=200), default=list, help_text="street, number, apartment")
    city = models.CharField(max_length=100, blank=True)
    district = models.CharField(max_length=100, blank=True, help_text="county")
    state = models.CharField(max_length=100, blank=True, help_text="state, province or region")
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["rank", "created_at"]
        indexes = [
            models.Index(fields=["organization", "patient", "rank"], name="address_by_patient"),
            models.Index(fields=["organization", "postal_code"], name="address_by_postal_code"),
        ]

    def __str__(self) -> str:
        return self.in_one_line

    @property
    def in_one_line(self) -> str:
        place = " ".join(part for part in (self.state, self.postal_code) if part)
        parts = (*self.lines, self.city, self.district, place, self.country)
        return ", ".join(part for part in parts if part)
