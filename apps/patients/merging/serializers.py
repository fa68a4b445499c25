"""Merges as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.core.api.partly import read_partly
from apps.patients.merging.fields import FIELDS, Own
from apps.patients.models import Merge, Patient
from apps.patients.serializers import PatientUpdateSerializer

CHOICE = {
    "oneOf": [
        {"type": "string", "enum": ["survivor", "duplicate", "both"]},
        {"type": "object", "properties": {"value": {}}, "required": ["value"]},
    ]
}


@extend_schema_field(CHOICE)
class ChoiceField(serializers.Field):
    """Whose value a field takes, or a value of its own."""

    def to_internal_value(self, data: Any) -> str | Own:
        if isinstance(data, str):
            return data
        if isinstance(data, dict) and set(data) == {"value"}:
            return Own(data["value"])
        raise serializers.ValidationError(
            _('Write survivor, duplicate, both, or an object with a value: {"value": …}.')
        )

    def to_representation(self, value: Any) -> Any:
        return value


class MergeWriteSerializer(serializers.Serializer):
    """Which record becomes a part of which. Fields that are not named get the proposed value."""

    survivor = TenantRelatedField(queryset=Patient.objects.select_related("organization"))
    duplicate = TenantRelatedField(queryset=Patient.objects.select_related("organization"))
    fields = serializers.DictField(  # type: ignore[assignment]
        child=ChoiceField(),
        required=False,
        help_text=f"field → survivor, duplicate, both (alerts, tags, note) or {{value}}; fields: {', '.join(FIELDS)}",
    )
    survivor_version = serializers.IntegerField(
        required=False, min_value=1, help_text="what was read; a stale one is refused with 409"
    )
    duplicate_version = serializers.IntegerField(required=False, min_value=1)
    despite_doubts = serializers.BooleanField(
        required=False,
        default=False,
        help_text="somebody compared the two and is sure; without it, signs of two people are refused with 422",
    )

    def validate_fields(self, choices: dict[str, Any]) -> dict[str, Any]:
        """Read values of their own as a patient's fields are read."""
        own = {name: choice.value for name, choice in choices.items() if isinstance(choice, Own)}
        read = read_partly(PatientUpdateSerializer, own, context=self.context)
        return {name: Own(read[name]) if name in read else choice for name, choice in choices.items()}


class MergeSerializer(InUtc, serializers.ModelSerializer):
    """A merge. `fields` says whose value each field took."""

    survivor = serializers.UUIDField(source="survivor_id")
    duplicate = serializers.UUIDField(source="duplicate_id")
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]
    by = serializers.CharField(source="actor_label")
    undone_by = serializers.CharField(source="undone_by_label")

    class Meta:
        model = Merge
        fields = ["id", "survivor", "duplicate", "fields", "by", "created_at", "undone_at", "undone_by"]
        read_only_fields = fields


class StayingRowSerializer(serializers.Serializer):
    """A row that was made after the merge: it stays with the survivor."""

    model = serializers.CharField()
    id = serializers.UUIDField()
    at = InstantField()
    text = serializers.CharField()


class UnmergeReportSerializer(serializers.Serializer):
    """What undoing did. `exact` tells whether both records are what they were before the merge."""

    merge = MergeSerializer()
    exact = serializers.BooleanField(source="is_exact")
    returned = serializers.ListField(child=serializers.CharField(), help_text="went back to the duplicate")
    recreated = serializers.ListField(child=serializers.CharField(), help_text="had been dropped as equal")
    restored = serializers.ListField(child=serializers.CharField(), help_text="fields of the survivor, as before")
    kept = serializers.ListField(child=serializers.CharField(), help_text="changed since the merge, stays as it is")
    lost = serializers.ListField(child=serializers.CharField(), help_text="can't be restored")
    staying = serializers.ListField(child=serializers.CharField(), help_text="made since, stays with the survivor")
    stay = StayingRowSerializer(many=True, help_text="up to 20 of those per kind")


class LeftoverSerializer(serializers.Serializer):
    """A row that may be moved; `patient` is whose it is now."""

    id = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient_id")
    at = InstantField()
    text = serializers.CharField()


class LeftoverKindSerializer(serializers.Serializer):
    """The rows of one table, at most 100: the survivor's first, then the newest."""

    model = serializers.CharField(help_text="app_label.Model")
    name = serializers.CharField()
    has_more = serializers.BooleanField()
    rows = LeftoverSerializer(many=True)


class MoveLeftoversSerializer(serializers.Serializer):
    """Which rows go to which of the two patients."""

    to = serializers.UUIDField(help_text="the survivor's or the duplicate's id")
    rows = serializers.DictField(
        child=serializers.ListField(child=serializers.UUIDField(), max_length=500),
        help_text="ids by model, as leftovers/ names them",
    )


class MovedSerializer(serializers.Serializer):
    """How many rows moved, by model."""

    moved = serializers.DictField(child=serializers.IntegerField())
