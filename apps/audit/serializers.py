"""Events and access records as the API shows them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from apps.audit.models import AccessRecord
from apps.core.actors import ActorKind
from apps.core.api.fields import InUtc
from apps.events.models import Event


class ActorSerializer(serializers.Serializer):
    """Who did it."""

    kind = serializers.ChoiceField(choices=ActorKind.choices, source="actor_kind")
    id = serializers.UUIDField(source="actor_id", allow_null=True)
    label = serializers.CharField(source="actor_label")


class EventSerializer(InUtc, serializers.ModelSerializer):
    """Something that happened."""

    actor = ActorSerializer(source="*")
    patient = serializers.UUIDField(source="patient_id", allow_null=True)
    changes = serializers.JSONField(help_text="field → [before, after]")
    payload = serializers.JSONField(help_text="ids and small facts; which ones depends on the type")

    class Meta:
        model = Event
        fields = [
            "id",
            "type",
            "subject_type",
            "subject_id",
            "patient",
            "actor",
            "changes",
            "payload",
            "request_id",
            "occurred_at",
        ]
        read_only_fields = fields


@extend_schema_serializer(many=False)
class EventFeedSerializer(serializers.Serializer):
    """Events in the order of their transactions."""

    results = EventSerializer(many=True)
    cursor = serializers.CharField(help_text="pass it as `after` next time")
    next = serializers.URLField(allow_null=True, help_text="null: nothing further is waiting")
    previous = serializers.URLField(allow_null=True, help_text="always null")


class AccessRecordSerializer(InUtc, serializers.ModelSerializer):
    """One look at a patient's record."""

    actor = ActorSerializer(source="*")
    patient = serializers.UUIDField(source="patient_id")

    class Meta:
        model = AccessRecord
        fields = ["id", "kind", "patient", "actor", "route", "request_id", "occurred_at"]
        read_only_fields = fields
