"""People around a patient (FHIR: RelatedPerson)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel


class Relationship(models.TextChoices):
    """What the person is to the patient."""

    PARENT = "parent", _("Parent")
    CHILD = "child", _("Child")
    PARTNER = "partner", _("Partner or spouse")
    SIBLING = "sibling", _("Brother or sister")
    GRANDPARENT = "grandparent", _("Grandparent")
    GUARDIAN = "guardian", _("Legal guardian")
    CAREGIVER = "caregiver", _("Caregiver")
    FRIEND = "friend", _("Friend")
    OTHER = "other", _("Other")


class RelatedPerson(TenantModel):
    """Somebody to call in an emergency, who decides for the patient, or who is family. Rank 1 is called first.

    `linked_patient` says that the person is a patient here as well; the name is kept beside it, as it was written.
    """

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="related_persons")
    linked_patient = models.ForeignKey(
        "patients.Patient", null=True, blank=True, on_delete=models.SET_NULL, related_name="relations"
    )
    relationship = models.CharField(max_length=20, choices=Relationship, default=Relationship.OTHER)
    name = models.CharField(max_length=160)
    phone = models.CharField(max_length=20, blank=True, help_text="E.164")
    email = models.CharField(max_length=254, blank=True)
    is_emergency_contact = models.BooleanField(default=False)
    is_guardian = models.BooleanField(default=False, help_text="decides for the patient, by law or by proxy")
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["rank", "created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="related_person_has_a_name"),
            models.CheckConstraint(
                condition=Q(linked_patient__isnull=True) | ~Q(linked_patient=F("patient")),
                name="related_person_is_somebody_else",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "patient", "rank"], name="related_person_by_patient"),
            models.Index(fields=["organization", "linked_patient"], name="related_person_by_link"),
            models.Index(fields=["organization", "phone"], name="related_person_by_phone"),
        ]

    def __str__(self) -> str:
        return self.name
