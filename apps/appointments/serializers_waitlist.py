"""The waitlist as the API reads and shows it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.appointments.errors import slot_as_json
from apps.appointments.models import (
    Appointment,
    AppointmentType,
    OfferStatus,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.appointments.ranking import Candidate
from apps.appointments.serializers import SlotSerializer
from apps.appointments.waiting import window_in_words
from apps.appointments.waitlist_reading import open_offer_in
from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.organizations.models import Location
from apps.patients.serializers import PatientField
from apps.practitioners.models import Practitioner, Room

LONGEST_FREED = dt.timedelta(hours=12)


class WaitlistOfferSerializer(InUtc, serializers.ModelSerializer):
    """A time that was offered, held until `expires_at` while it is open."""

    practitioner_name = serializers.CharField(source="practitioner.display_name")
    location_name = serializers.CharField(source="location.name")
    timezone = serializers.CharField(source="location.timezone")
    status = serializers.ChoiceField(choices=OfferStatus.choices)

    class Meta:
        model = WaitlistOffer
        fields = [
            "id",
            "status",
            "practitioner",
            "practitioner_name",
            "location",
            "location_name",
            "timezone",
            "room",
            "start",
            "end",
            "expires_at",
            "answered_at",
            "answered_by",
            "created_at",
        ]
        read_only_fields = fields


class WaitlistEntrySerializer(InUtc, serializers.ModelSerializer):
    """Somebody who waits. Dates are inclusive, times half-open, both on the wall of the location that gets free."""

    patient_name = serializers.CharField(source="patient.full_name")
    appointment_type_name = serializers.CharField(source="appointment_type.name")
    status = serializers.ChoiceField(choices=WaitStatus.choices)
    urgency = serializers.ChoiceField(choices=Urgency.choices)
    weekdays = serializers.ListField(child=serializers.IntegerField(), help_text="0 is Monday; empty: any")
    window = serializers.SerializerMethodField(help_text="the window in words")
    offer = serializers.SerializerMethodField(help_text="the offer that waits for an answer")

    class Meta:
        model = WaitlistEntry
        fields = [
            "id",
            "status",
            "version",
            "patient",
            "patient_name",
            "appointment_type",
            "appointment_type_name",
            "practitioner",
            "location",
            "earliest_date",
            "latest_date",
            "weekdays",
            "from_time",
            "until_time",
            "window",
            "urgency",
            "note",
            "moves",
            "booked",
            "offer",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_window(self, entry: WaitlistEntry) -> str:
        return window_in_words(entry, entry.organization.today())

    @extend_schema_field(WaitlistOfferSerializer(allow_null=True))
    def get_offer(self, entry: WaitlistEntry) -> dict[str, Any] | None:
        offer = open_offer_in(entry)
        return dict(WaitlistOfferSerializer(offer, context=self.context).data) if offer is not None else None


class _WindowSerializer(serializers.Serializer):
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all(), required=False, allow_null=True)
    location = TenantRelatedField(queryset=Location.objects.all(), required=False, allow_null=True)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, required=False
    )
    from_time = serializers.TimeField(required=False, allow_null=True)
    until_time = serializers.TimeField(required=False, allow_null=True)
    urgency = serializers.ChoiceField(choices=Urgency.choices, required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    moves = TenantRelatedField(
        queryset=Appointment.objects.real(),
        required=False,
        allow_null=True,
        help_text="a later visit of the patient, which taking an offer moves",
    )


class WaitlistEntryWriteSerializer(_WindowSerializer):
    """Somebody to put on the list."""

    patient = PatientField()
    appointment_type = TenantRelatedField(queryset=AppointmentType.objects.all())
    earliest_date = serializers.DateField()
    latest_date = serializers.DateField()


class WaitlistEntryUpdateSerializer(_WindowSerializer):
    """What somebody waits for; patient and type stay."""

    earliest_date = serializers.DateField(required=False)
    latest_date = serializers.DateField(required=False)
    version = serializers.IntegerField(min_value=1, required=False)


class OfferSlotSerializer(serializers.Serializer):
    """The free time to offer."""

    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    location = TenantRelatedField(queryset=Location.objects.all())
    start = InstantField()
    room = TenantRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class FreedTimeSerializer(serializers.Serializer):
    """A time of a practitioner that got free."""

    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    location = TenantRelatedField(queryset=Location.objects.all())
    start = InstantField()
    end = InstantField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["start"] < attrs["end"] <= attrs["start"] + LONGEST_FREED:
            raise serializers.ValidationError({"end": "Choose a time after start, at most 12 hours later."})
        return attrs


class CandidateSerializer(serializers.Serializer):
    """Somebody who waits for that time, with the reasons for their place."""

    entry = serializers.UUIDField(source="entry.pk")
    patient = serializers.UUIDField(source="entry.patient_id")
    patient_name = serializers.CharField(source="entry.patient.full_name")
    slot = serializers.SerializerMethodField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="the weightiest first")
    can_be_offered = serializers.BooleanField()
    hindrance = serializers.CharField(help_text="why not; empty when it can be offered")
    message_at = InstantField(allow_null=True, help_text="when quiet hours end; null: at once")

    @extend_schema_field(SlotSerializer)
    def get_slot(self, candidate: Candidate) -> dict[str, Any]:
        return slot_as_json(candidate.slot)


class CandidateListSerializer(serializers.Serializer):
    """Everybody who waits for it, best first."""

    results = CandidateSerializer(many=True)
