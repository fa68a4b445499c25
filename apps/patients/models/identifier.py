"""Numbers under which others know a patient (FHIR: Identifier)."""

from __future__ import annotations

from django.db import models

from apps.core.models import TenantModel


class IdentifierSystem(TenantModel):
    """A kind of number that an organization asks for. Others may be written all the same: this is what forms offer."""

    system = models.CharField(max_length=200, help_text="a short word, or the URI that FHIR uses")
    name = models.CharField(max_length=60, help_text="what pages call it: Passport")
    rank = models.PositiveSmallIntegerField(default=1)
    is_active = models.BooleanField(default=True, help_text="offered in forms")

    class Meta:
        ordering = ["rank", "name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "system"], name="identifier_system_is_listed_once")
        ]

    def __str__(self) -> str:
        return self.name


class Identifier(TenantModel):
    """A patient's number in one system: passport, national id, another clinic's record.

    A number belongs to one person: the same one at two records means that they are duplicates, or a slip. So the
    database refuses it, and whoever finds it is told whose it is.
    """

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="identifiers")
    system = models.CharField(max_length=200, help_text="a short word, or the URI that FHIR uses")
    value = models.CharField(max_length=100)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "system", "value"], name="identifier_belongs_to_one_patient"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "patient"], name="identifier_by_patient"),
            models.Index(fields=["organization", "value"], name="identifier_by_value"),
        ]

    def __str__(self) -> str:
        return self.value
