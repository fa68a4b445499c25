"""Templates and rules as the API reads and shows them."""

from __future__ import annotations

from rest_framework import serializers

from apps.communications.models import Category, Channel
from apps.core.api.fields import InUtc
from apps.notifications.models import Rule, Template
from apps.patients.serializers import PatientField

VERSION = {"required": False, "min_value": 1, "help_text": "what was read; a stale one is refused with 409"}


class TemplateSerializer(InUtc, serializers.ModelSerializer):
    """The text of a message for one channel in one language."""

    channel = serializers.ChoiceField(choices=Channel.choices)

    class Meta:
        model = Template
        fields = [
            "id",
            "key",
            "channel",
            "language",
            "subject",
            "body",
            "content_sid",
            "is_active",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class TemplateWriteSerializer(serializers.Serializer):
    """What a template is made of; its texts are Liquid and checked before they are saved."""

    key = serializers.SlugField(max_length=60)
    channel = serializers.ChoiceField(choices=Channel.choices)
    language = serializers.CharField(max_length=8, help_text="en, es, hi …")
    subject = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="e-mail only; names no patient"
    )
    body = serializers.CharField()
    content_sid = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="WhatsApp's approved template at Twilio"
    )
    is_active = serializers.BooleanField(required=False)


class TemplateUpdateSerializer(TemplateWriteSerializer):
    """The fields to change."""

    version = serializers.IntegerField(**VERSION)


class PreviewRequestSerializer(serializers.Serializer):
    """What to fill the text with: a real object, or examples, with a patient's own name if one is given."""

    patient = PatientField(required=False, allow_null=True)
    context_type = serializers.CharField(required=False, max_length=60, help_text="appointments.Appointment …")
    subject = serializers.UUIDField(required=False, help_text="id of the object")


class PreviewSerializer(serializers.Serializer):
    """A filled text."""

    subject = serializers.CharField()
    body = serializers.CharField()
    segments = serializers.IntegerField(allow_null=True, help_text="how many SMS it takes; null for other channels")
    content_variables = serializers.DictField(
        child=serializers.CharField(), help_text="what fills {{1}}, {{2}} … of the approved template"
    )


class RuleSerializer(InUtc, serializers.ModelSerializer):
    """When an event happens, which template goes out, how and when."""

    category = serializers.ChoiceField(choices=Category.choices)
    channels = serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices))
    also_channels = serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices))

    class Meta:
        model = Rule
        fields = [
            "id",
            "name",
            "event_type",
            "template_key",
            "category",
            "offset_minutes",
            "channels",
            "also_channels",
            "is_active",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class RuleWriteSerializer(serializers.Serializer):
    """What a rule is made of."""

    name = serializers.CharField(max_length=80)
    event_type = serializers.CharField(max_length=60, help_text="appointment.booked …")
    template_key = serializers.SlugField(max_length=60)
    category = serializers.ChoiceField(choices=Category.choices)
    offset_minutes = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=-525_600,
        max_value=525_600,
        help_text="minutes after the visit's start, negative before it; null at once",
    )
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices),
        min_length=1,
        help_text="the first that reaches the patient is used, the rest are its fallback",
    )
    also_channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), required=False, help_text="go out in addition"
    )
    is_active = serializers.BooleanField(required=False)


class RuleUpdateSerializer(RuleWriteSerializer):
    """The fields to change."""

    version = serializers.IntegerField(**VERSION)
