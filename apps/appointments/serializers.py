"""Appointments, holds, types and slots as the API reads and shows them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import serializers

from apps.appointments.models import VISIT_STATUSES, Appointment, AppointmentType, CancelReason, Source
from apps.appointments.transitions import Step, possible_steps
from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.core.api.schema import ProblemSerializer
from apps.organizations.models import Location
from apps.patients.serializers import PatientField
from apps.practitioners.models import Colour, Practitioner, Room

SEARCH_DAYS = 14
LONGEST_SEARCH_DAYS = 92


class AppointmentTypeSerializer(InUtc, serializers.ModelSerializer):
    """What can be booked. Times in minutes."""

    colour = serializers.ChoiceField(choices=[(colour.value, colour.label) for colour in Colour])
    practitioners = serializers.SerializerMethodField(help_text="who offers it")
    locations = serializers.SerializerMethodField(help_text="where it takes place; empty: everywhere")
    rooms = serializers.SerializerMethodField(help_text="which rooms it may use; empty: any")

    class Meta:
        model = AppointmentType
        fields = [
            "id",
            "name",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "step_minutes",
            "minimum_notice_minutes",
            "horizon_days",
            "colour",
            "needs_room",
            "capacity",
            "price",
            "shows_price",
            "online_bookable",
            "is_default",
            "keywords",
            "instructions",
            "sort_order",
            "is_active",
            "practitioners",
            "locations",
            "rooms",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_practitioners(self, appointment_type: AppointmentType) -> list[str]:
        return [str(offer.practitioner_id) for offer in appointment_type.offered_by.all()]

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_locations(self, appointment_type: AppointmentType) -> list[str]:
        return [str(one.location_id) for one in appointment_type.at_locations.all()]

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_rooms(self, appointment_type: AppointmentType) -> list[str]:
        return [str(one.room_id) for one in appointment_type.in_rooms.all()]


class AppointmentTypeWriteSerializer(InUtc, serializers.ModelSerializer):
    """What a type is made of; `practitioners`, `locations` and `rooms` replace what was said before."""

    colour = serializers.ChoiceField(choices=[(colour.value, colour.label) for colour in Colour], required=False)
    practitioners = TenantRelatedField(queryset=Practitioner.objects.all(), many=True, required=False)
    locations = TenantRelatedField(queryset=Location.objects.all(), many=True, required=False)
    rooms = TenantRelatedField(queryset=Room.objects.all(), many=True, required=False)

    class Meta:
        model = AppointmentType
        fields = [
            "name",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "step_minutes",
            "minimum_notice_minutes",
            "horizon_days",
            "colour",
            "needs_room",
            "capacity",
            "price",
            "shows_price",
            "online_bookable",
            "is_default",
            "keywords",
            "instructions",
            "sort_order",
            "is_active",
            "practitioners",
            "locations",
            "rooms",
        ]


class SlotSerializer(serializers.Serializer):
    """A free time; `room` is the one to book when the type needs one."""

    practitioner = serializers.UUIDField()
    practitioner_name = serializers.CharField()
    location = serializers.UUIDField()
    location_name = serializers.CharField()
    room = serializers.UUIDField(allow_null=True)
    start = InstantField()
    end = InstantField()
    timezone = serializers.CharField(help_text="IANA zone of the location")


class SlotListSerializer(serializers.Serializer):
    """Free times, earliest first."""

    results = SlotSerializer(many=True)


class SlotQuerySerializer(serializers.Serializer):
    """What to search for."""

    appointment_type = TenantRelatedField(queryset=AppointmentType.objects.all())
    practitioner = TenantRelatedField(
        queryset=Practitioner.objects.all(), many=True, required=False, help_text="repeat for several; default: all"
    )
    location = TenantRelatedField(queryset=Location.objects.all(), required=False)
    room = TenantRelatedField(queryset=Room.objects.all(), required=False, help_text="only while this room is free")
    start = InstantField(required=False, help_text="default: now")
    end = InstantField(required=False, help_text=f"default: {SEARCH_DAYS} days after start")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    per_practitioner = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    online = serializers.BooleanField(default=False, help_text="true: only what patients may book themselves")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start = attrs.setdefault("start", timezone.now())
        end = attrs.setdefault("end", start + dt.timedelta(days=SEARCH_DAYS))
        if end <= start:
            raise serializers.ValidationError({"end": "Choose a time after start."})
        if end - start > dt.timedelta(days=LONGEST_SEARCH_DAYS):
            raise serializers.ValidationError({"end": f"At most {LONGEST_SEARCH_DAYS} days after start."})
        return attrs


class ConflictSerializer(serializers.Serializer):
    """One reason against a booking."""

    code = serializers.CharField(help_text="practitioner_taken, patient_taken, room_taken, outside_hours, …")
    message = serializers.CharField()
    hard = serializers.BooleanField(help_text="false: `override` may set it aside")
    until = InstantField(allow_null=True)


class SlotUnavailableSerializer(ProblemSerializer):
    """Why the time can't be had, and what can."""

    conflicts = ConflictSerializer(many=True)
    alternatives = SlotSerializer(many=True)


UNAVAILABLE = OpenApiResponse(
    SlotUnavailableSerializer, description='`code: "slot_unavailable"`: every reason at once, free times nearby'
)


class AppointmentSerializer(InUtc, serializers.ModelSerializer):
    """A visit."""

    patient_name = serializers.CharField(source="patient.full_name")
    practitioner_name = serializers.CharField(source="practitioner.display_name")
    location_name = serializers.CharField(source="location.name")
    timezone = serializers.CharField(source="location.timezone")
    room_name = serializers.SerializerMethodField()
    appointment_type_name = serializers.CharField(source="appointment_type.name")
    status = serializers.ChoiceField(choices=VISIT_STATUSES)
    source = serializers.ChoiceField(choices=Source.choices)
    cancel_reason = serializers.ChoiceField(choices=[("", "None"), *CancelReason.choices])
    possible_steps = serializers.SerializerMethodField(help_text="what can be done with it now")

    class Meta:
        model = Appointment
        fields = [
            "id",
            "status",
            "version",
            "patient",
            "patient_name",
            "practitioner",
            "practitioner_name",
            "location",
            "location_name",
            "timezone",
            "room",
            "room_name",
            "appointment_type",
            "appointment_type_name",
            "start",
            "end",
            "lane",
            "session",
            "seat",
            "series",
            "source",
            "reason",
            "note",
            "override_reason",
            "confirmed_at",
            "confirmed_by",
            "arrived_at",
            "started_at",
            "completed_at",
            "cancelled_at",
            "cancel_reason",
            "cancel_note",
            "possible_steps",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_room_name(self, appointment: Appointment) -> str:
        return appointment.room.name if appointment.room else ""

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=[step.value for step in Step])))
    def get_possible_steps(self, appointment: Appointment) -> list[str]:
        return [step.value for step in possible_steps(appointment)]


class OverrideSerializer(serializers.Serializer):
    """Why the clinic's own rules are set aside; needs `appointments.override`, and is kept."""

    reason = serializers.CharField(max_length=300)
    overbook = serializers.BooleanField(
        default=False, help_text="also book beside what takes the practitioner's time, in a lane of its own"
    )


class _WantedSerializer(serializers.Serializer):
    appointment_type = TenantRelatedField(queryset=AppointmentType.objects.all())
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    location = TenantRelatedField(queryset=Location.objects.all())
    start = InstantField()
    room = TenantRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)


class AppointmentWriteSerializer(_WantedSerializer):
    """A visit to book; `hold` is the id of a hold, which becomes the appointment."""

    patient = PatientField()
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    note = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    hold = serializers.UUIDField(required=False, allow_null=True)
    override = OverrideSerializer(required=False, allow_null=True)


class AppointmentUpdateSerializer(serializers.Serializer):
    """What is written about a visit; `reschedule` moves it."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    note = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    version = serializers.IntegerField(min_value=1, required=False)


class CheckBookingSerializer(_WantedSerializer):
    """A booking, or with `appointment` a move, that is only asked about."""

    patient = PatientField(required=False, allow_null=True)
    duration_minutes = serializers.IntegerField(min_value=5, max_value=600, required=False)
    overbook = serializers.BooleanField(default=False, help_text="as in `override`")
    appointment = TenantRelatedField(queryset=Appointment.objects.all(), required=False, allow_null=True)


class CheckedBookingSerializer(serializers.Serializer):
    """Every reason against it at once, and what is free nearby."""

    bookable = serializers.BooleanField()
    overridable = serializers.BooleanField(help_text="all reasons are soft")
    conflicts = ConflictSerializer(many=True)
    alternatives = SlotSerializer(many=True)


class ConfirmAppointmentSerializer(serializers.Serializer):
    """How the patient confirmed."""

    by = serializers.CharField(max_length=20, default="api")


class CancelAppointmentSerializer(serializers.Serializer):
    """Why it is cancelled."""

    reason = serializers.ChoiceField(choices=CancelReason.choices)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    tell_patient = serializers.BooleanField(default=True)


class RescheduleSerializer(serializers.Serializer):
    """Where it is moved; what is not named stays."""

    start = InstantField()
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all(), required=False)
    location = TenantRelatedField(queryset=Location.objects.all(), required=False)
    room = TenantRelatedField(queryset=Room.objects.all(), required=False)
    duration_minutes = serializers.IntegerField(min_value=5, max_value=600, required=False)
    override = OverrideSerializer(required=False, allow_null=True)
    tell_patient = serializers.BooleanField(default=True, help_text="reminders of the new time go out either way")
    version = serializers.IntegerField(min_value=1, required=False)


class HoldWriteSerializer(_WantedSerializer):
    """A time to keep free. `held_for` names the holder, who has one hold at most; by default each hold is its own."""

    patient = PatientField(required=False, allow_null=True)
    minutes = serializers.IntegerField(min_value=1, max_value=60, default=5)
    held_for = serializers.UUIDField(required=False)


class HoldSerializer(InUtc, serializers.ModelSerializer):
    """A time kept free until `held_until`."""

    class Meta:
        model = Appointment
        fields = [
            "id",
            "appointment_type",
            "practitioner",
            "location",
            "room",
            "patient",
            "start",
            "end",
            "held_for",
            "held_until",
        ]
        read_only_fields = fields
