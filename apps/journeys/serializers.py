"""Journeys and their runs as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.appointments.models import Appointment
from apps.core.api.fields import InUtc, TenantRelatedField
from apps.journeys.models import Definition, Instance, InstanceStatus, Stage, StageState, StageStatus
from apps.journeys.services import StageInput
from apps.journeys.services.definitions import current_version
from apps.patients.serializers import PatientField


class StageSerializer(InUtc, serializers.ModelSerializer):
    """A stage. It ends on an event, after a delay, or by hand; delays are in minutes."""

    advance_when = serializers.JSONField(help_text="payload values the event must carry; a list means any of them")
    return_on = serializers.ListField(child=serializers.CharField())
    cancel_on = serializers.ListField(child=serializers.CharField())
    actions = serializers.JSONField(help_text='run on entry, in order: [{"action": "send_message", "template": "…"}]')

    class Meta:
        model = Stage
        fields = [
            "id",
            "position",
            "key",
            "name",
            "advance_on",
            "advance_when",
            "advance_after_minutes",
            "overdue_after_minutes",
            "return_on",
            "cancel_on",
            "actions",
        ]
        read_only_fields = fields


class StageListSerializer(serializers.Serializer):
    """The stages of the present edition, in order."""

    results = StageSerializer(many=True)


class StageWriteSerializer(serializers.Serializer):
    """What a stage is made of."""

    shown_by = StageSerializer

    name = serializers.CharField(max_length=60)
    key = serializers.SlugField(
        max_length=40, required=False, allow_blank=True, help_text="made from the name unless given"
    )
    position = serializers.IntegerField(required=False, min_value=1, help_text="1 is first; the end unless given")
    advance_on = serializers.CharField(max_length=60, required=False, allow_blank=True)
    advance_when = serializers.DictField(required=False)
    advance_after_minutes = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    overdue_after_minutes = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    return_on = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    cancel_on = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    actions = serializers.ListField(child=serializers.DictField(), required=False)


class StageUpdateSerializer(StageWriteSerializer):
    """The settings to change, or a new position."""

    name = serializers.CharField(max_length=60, required=False)
    key = None  # type: ignore[assignment]


def stage_input(data: dict[str, Any]) -> StageInput:
    """Return a stage for the service from a validated body; a change of a journey may leave out its name, which the service refuses."""
    return StageInput(**{"name": "", **{name: value for name, value in data.items() if name != "position"}})


class DefinitionSerializer(InUtc, serializers.ModelSerializer):
    """A journey with the stages of its present edition."""

    version = serializers.IntegerField(source="lock_version", help_text="counts saves, for `If-Match`")
    edition = serializers.SerializerMethodField(help_text="number of the present edition of its stages")
    stages = serializers.SerializerMethodField()
    starts_when = serializers.JSONField()

    class Meta:
        model = Definition
        fields = [
            "id",
            "key",
            "name",
            "description",
            "starts_on",
            "starts_when",
            "is_active",
            "edition",
            "stages",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_edition(self, definition: Definition) -> int:
        return self._present(definition).number

    @extend_schema_field(StageSerializer(many=True))
    def get_stages(self, definition: Definition) -> Any:
        return StageSerializer(self._present(definition).stages.all(), many=True).data

    @staticmethod
    def _present(definition: Definition) -> Any:
        loaded = getattr(definition, "_prefetched_objects_cache", {}).get("versions")
        return max(loaded, key=lambda version: version.number) if loaded else current_version(definition)


class DefinitionWriteSerializer(serializers.Serializer):
    """What a journey is made of; `stages` may follow later."""

    name = serializers.CharField(max_length=80)
    key = serializers.SlugField(max_length=60, required=False, allow_blank=True)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    starts_on = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="event type; empty: by hand"
    )
    starts_when = serializers.DictField(required=False)
    is_active = serializers.BooleanField(required=False)
    stages = StageWriteSerializer(many=True, required=False)


class DefinitionUpdateSerializer(DefinitionWriteSerializer):
    """The fields to change; `stages` replaces the whole ordered list."""

    name = serializers.CharField(max_length=80, required=False)
    key = None  # type: ignore[assignment]
    version = serializers.IntegerField(required=False, min_value=1)


class DryActionSerializer(serializers.Serializer):
    """Something a stage would do by itself."""

    after_minutes = serializers.IntegerField(help_text="after the stage began")
    text = serializers.CharField()


class DryStepSerializer(serializers.Serializer):
    """A stage of a dry run."""

    stage = serializers.CharField()
    name = serializers.CharField()
    ends = serializers.CharField(help_text="in words")
    earliest_minutes = serializers.IntegerField(
        allow_null=True, help_text="after the start; null: an event or a person decides"
    )
    actions = DryActionSerializer(many=True)


class DryRunSerializer(serializers.Serializer):
    """What a run started now would do."""

    results = DryStepSerializer(many=True)


class StageStatusSerializer(InUtc, serializers.ModelSerializer):
    """Where a run stands with one stage."""

    stage = serializers.CharField(source="stage.key")
    name = serializers.CharField(source="stage.name")
    state = serializers.ChoiceField(choices=StageState.choices)

    class Meta:
        model = StageStatus
        fields = ["stage", "name", "state", "entered_at", "left_at", "by", "note"]
        read_only_fields = fields


class InstanceSerializer(InUtc, serializers.ModelSerializer):
    """A patient's run through a journey."""

    journey = serializers.UUIDField(source="definition_id")
    journey_name = serializers.CharField(source="definition.name")
    edition = serializers.IntegerField(source="version.number")
    patient = serializers.UUIDField(source="patient_id", allow_null=True)
    conversation = serializers.UUIDField(source="conversation_id", allow_null=True)
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    status = serializers.ChoiceField(choices=InstanceStatus.choices)
    stage = serializers.CharField(source="current_stage.key", default=None, allow_null=True)
    stage_name = serializers.CharField(source="current_stage.name", default=None, allow_null=True)
    version = serializers.IntegerField(source="lock_version")

    class Meta:
        model = Instance
        fields = [
            "id",
            "journey",
            "journey_name",
            "edition",
            "patient",
            "conversation",
            "appointment",
            "label",
            "status",
            "stage",
            "stage_name",
            "stage_entered_at",
            "advance_due_at",
            "overdue_at",
            "started_at",
            "ended_at",
            "end_reason",
            "version",
        ]
        read_only_fields = fields


class InstanceDetailSerializer(InstanceSerializer):
    """A run with every stage on its way."""

    stages = serializers.SerializerMethodField()

    class Meta(InstanceSerializer.Meta):
        fields = [*InstanceSerializer.Meta.fields, "stages"]
        read_only_fields = fields

    @extend_schema_field(StageStatusSerializer(many=True))
    def get_stages(self, run: Instance) -> Any:
        marks = StageStatus.objects.filter(instance=run).select_related("stage").order_by("stage__position")
        return StageStatusSerializer(marks, many=True).data


class StartSerializer(serializers.Serializer):
    """Start a journey for a patient."""

    journey = TenantRelatedField(queryset=Definition.objects.all())
    patient = PatientField()
    appointment = TenantRelatedField(queryset=Appointment.objects.all(), required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        appointment = attrs.get("appointment")
        if appointment is not None and appointment.patient_id != attrs["patient"].pk:
            raise serializers.ValidationError({"appointment": [_("This is no appointment of this patient.")]})
        return attrs


class MoveSerializer(serializers.Serializer):
    """`version`: what was read; a stale one is refused with 409."""

    version = serializers.IntegerField(required=False, min_value=1)


class AdvanceSerializer(MoveSerializer):
    """Complete the present stage. Stages are named by key or id."""

    from_stage = serializers.CharField(
        required=False, help_text="where you believe the run stands; refused when it went on"
    )
    to_stage = serializers.CharField(required=False, help_text="a later stage; what lies between is skipped")


class SkipSerializer(MoveSerializer):
    """Leave the present stage undone."""

    stage = serializers.CharField(required=False, help_text="must be the present one")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ReasonSerializer(MoveSerializer):
    """Say why."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
