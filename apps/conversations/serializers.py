"""Conversations and their messages as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from apps.communications.models import Channel
from apps.conversations.models import Conversation, MessageKind
from apps.core.api.fields import InstantField, InUtc
from apps.media.models import MediaState


class OwnerSerializer(serializers.Serializer):
    """The person who answers."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ConversationSerializer(InUtc, serializers.ModelSerializer):
    """A thread with one address on one channel. `patient` is null until somebody verified who writes."""

    patient: serializers.PrimaryKeyRelatedField = serializers.PrimaryKeyRelatedField(
        read_only=True, pk_field=serializers.UUIDField(), allow_null=True
    )
    owner = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = [
            "id",
            "channel",
            "address",
            "clinic_address",
            "display_name",
            "patient",
            "language",
            "status",
            "owner_kind",
            "owner",
            "state",
            "attention",
            "summary",
            "unread_count",
            "message_count",
            "last_message_at",
            "last_message_text",
            "last_inbound_at",
            "waiting_since",
            "snoozed_until",
            "closed_at",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(OwnerSerializer(allow_null=True))
    def get_owner(self, thread: Conversation) -> dict[str, Any] | None:
        if thread.owner is None:
            return None
        return {"id": str(thread.owner.pk), "name": str(thread.owner)}


class AttachmentSerializer(serializers.Serializer):
    """A file as the provider named it."""

    url = serializers.CharField()
    content_type = serializers.CharField()
    sid = serializers.CharField()


class MessageFileSerializer(serializers.Serializer):
    """A file of a message: `media/{id}/` has the rest. `pending` until it has been fetched from the provider."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=MediaState.choices)
    reason = serializers.CharField(help_text="why it could not be kept")


class MessageSerializer(serializers.Serializer):
    """One line of a thread. An outbound one has its delivery: `status`, its time, and what went wrong in words."""

    id = serializers.UUIDField()
    sequence = serializers.IntegerField()
    kind = serializers.CharField(help_text="text, note or mark")
    author = serializers.CharField(help_text="contact, bot, person or system")
    by = serializers.CharField()
    text = serializers.CharField()
    media = AttachmentSerializer(many=True)
    files = MessageFileSerializer(many=True)
    at = InstantField()
    is_outbound = serializers.BooleanField()
    channel = serializers.CharField()
    status = serializers.CharField()
    status_at = InstantField(allow_null=True)
    error = serializers.CharField()
    legal_at = InstantField(allow_null=True, help_text="when a blocked message would be allowed")
    communication = serializers.UUIDField(source="communication_id", allow_null=True)


@extend_schema_serializer(many=False)
class MessageListSerializer(serializers.Serializer):
    """A page of a thread, newest first; `next` leads to what was said before."""

    results = MessageSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class MessageWriteSerializer(serializers.Serializer):
    """A reply to the contact in free words or from a template, or an internal note."""

    body = serializers.CharField(trim_whitespace=False, required=False)
    template = serializers.SlugField(required=False, help_text="key of a template, instead of `body`")
    kind = serializers.ChoiceField(
        choices=[MessageKind.TEXT.value, MessageKind.NOTE.value],
        default=MessageKind.TEXT.value,
        help_text="a note stays inside the clinic",
    )
    via = serializers.ChoiceField(
        choices=[Channel.WHATSAPP.value, Channel.SMS.value],
        required=False,
        help_text="another channel to the same number",
    )
    version = serializers.IntegerField(min_value=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("body" in attrs) == ("template" in attrs):
            raise serializers.ValidationError({"body": ["Say either `body` or `template`."]})
        if "template" in attrs and attrs["kind"] == MessageKind.NOTE:
            raise serializers.ValidationError({"template": ["A note has a `body`."]})
        return attrs


class DecisionSerializer(serializers.Serializer):
    """What a decision about a thread takes: which version the caller saw (or `If-Match`)."""

    version = serializers.IntegerField(min_value=1, required=False)


class AssignSerializer(DecisionSerializer):
    """Whom to give a thread to; null for nobody."""

    user = serializers.UUIDField(allow_null=True)


class SnoozeSerializer(DecisionSerializer):
    """Until when."""

    until = InstantField()
