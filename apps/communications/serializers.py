"""The ledger as the API reads and shows it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.communications.models import URGENT_CATEGORIES, Category, Channel, Communication, Provider, Status
from apps.core.api.fields import InstantField, InUtc
from apps.patients.serializers import PatientField

COMPOSABLE = [(value, label) for value, label in Category.choices if value not in URGENT_CATEGORIES]


class MessageContextSerializer(serializers.Serializer):
    """What a message is about."""

    type = serializers.CharField(source="context_type")
    id = serializers.UUIDField(source="context_id")
    version = serializers.IntegerField(source="context_version")


class CommunicationSerializer(InUtc, serializers.ModelSerializer):
    """One outbound message on one channel. `reason` says in words why it was held back, cancelled or not delivered."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    category = serializers.ChoiceField(choices=Category.choices)
    status = serializers.ChoiceField(choices=Status.choices)
    provider = serializers.ChoiceField(choices=[("", "None yet"), *Provider.choices])
    context = serializers.SerializerMethodField()
    attachments = serializers.SerializerMethodField(help_text="file names")

    class Meta:
        model = Communication
        fields = [
            "id",
            "channel",
            "category",
            "status",
            "patient",
            "to_address",
            "from_address",
            "subject",
            "body",
            "language",
            "template_key",
            "attachments",
            "context",
            "conversation_id",
            "fallback_of",
            "planned_at",
            "due_at",
            "not_after",
            "attempts",
            "provider",
            "provider_id",
            "error_code",
            "reason",
            "legal_at",
            "sent_at",
            "delivered_at",
            "read_at",
            "failed_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageContextSerializer(allow_null=True))
    def get_context(self, row: Communication) -> dict | None:
        return MessageContextSerializer(row).data if row.context_id else None

    def get_attachments(self, row: Communication) -> list[str]:
        return [attachment["filename"] for attachment in row.attachments]


class CommunicationWriteSerializer(serializers.Serializer):
    """A message to write by hand: to a patient, or to an address."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    patient = PatientField(required=False, allow_null=True)
    to_address = serializers.CharField(
        required=False, max_length=254, help_text="E.164 or e-mail; else the patient's first one for the channel"
    )
    subject = serializers.CharField(required=False, max_length=200, help_text="e-mail only; names no patient")
    body = serializers.CharField()
    category = serializers.ChoiceField(choices=COMPOSABLE, default=Category.NOTICE)
    language = serializers.CharField(required=False, max_length=8)
    due_at = InstantField(required=False, help_text="now unless given")
    not_after = InstantField(required=False, help_text="cancelled instead of sent later than this")


class CancelSerializer(serializers.Serializer):
    """Why a message is taken back."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
