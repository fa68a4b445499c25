"""What patients agreed to (FHIR: Consent)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel


class ConsentPurpose(models.TextChoices):
    """What a person agrees to; the first four are channels, whose values equal communications.Channel."""

    WHATSAPP = "whatsapp", "WhatsApp messages"
    SMS = "sms", "SMS messages"
    EMAIL = "email", "E-mails"
    VOICE = "voice", "Phone calls"
    DATA_SHARING = "data_sharing", "Sharing data with other providers"
    AI_PROCESSING = "ai_processing", "Processing by AI"
    PHOTOS = "photos", "Photos"


class PreferredChannel(models.TextChoices):
    """How a person likes to be reached best; the values are those of the purposes with the same names."""

    WHATSAPP = "whatsapp", "WhatsApp messages"
    SMS = "sms", "SMS messages"
    EMAIL = "email", "E-mails"
    VOICE = "voice", "Phone calls"


CHANNEL_PURPOSES = tuple(ConsentPurpose(channel.value) for channel in PreferredChannel)


class ConsentStatus(models.TextChoices):
    """A yes, or one of the two noes: who never gave a consent can refuse it, but not withdraw it."""

    ACTIVE = "active", "Given"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


SAID_NO = (ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)


class ConsentMethod(models.TextChoices):
    """How an answer was given."""

    SPOKEN = "spoken", _("Said in person")
    PHONE = "phone", _("Said on the phone")
    SIGNED = "signed", _("Signed on paper")
    MESSAGE = "message", _("Written in a message")
    FORM = "form", _("Ticked in a form")


class Consent(TenantModel):
    """The present answer of a patient for one purpose, with where it came from.

    Who recorded it, and every answer before it, is in the events.
    """

    patient = models.ForeignKey("patients.Patient", on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=ConsentPurpose)
    status = models.CharField(max_length=10, choices=ConsentStatus)
    source = models.CharField(max_length=60, help_text="front desk, STOP keyword, intake form, …")
    method = models.CharField(max_length=10, choices=ConsentMethod, blank=True, help_text="empty when not known")
    evidence = models.CharField(max_length=500, blank=True, help_text="what proves it: words said, where the form lies")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "purpose"], name="consent_is_one_per_purpose")]
        indexes = [models.Index(fields=["organization", "patient"], name="consent_by_patient")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.get_status_display()}"
