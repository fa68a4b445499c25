"""Practitioners, rooms, hours and absences as the API reads and shows them."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.organizations.models import Location
from apps.practitioners.models import BusyTime, Closure, Colour, Practitioner, Room, TimeOff, WeeklyHours

COLOURS = [(colour.value, colour.label) for colour in Colour]


class LocationSerializer(InUtc, serializers.ModelSerializer):
    """A place where patients are seen; wall-clock rules are read in its zone."""

    address_line = serializers.CharField()

    class Meta:
        model = Location
        fields = [
            "id",
            "name",
            "timezone",
            "address",
            "city",
            "region",
            "postal_code",
            "country",
            "address_line",
            "phone",
            "directions",
            "observes_holidays",
            "holiday_subdivision",
            "is_active",
        ]
        read_only_fields = fields


class LocationWriteSerializer(serializers.ModelSerializer):
    """What a location is made of; zone and country are the organization's unless given."""

    class Meta:
        model = Location
        fields = [
            "name",
            "timezone",
            "address",
            "city",
            "region",
            "postal_code",
            "country",
            "phone",
            "directions",
            "observes_holidays",
            "holiday_subdivision",
        ]
        extra_kwargs = {"timezone": {"required": False}}


class LocationUpdateSerializer(LocationWriteSerializer):
    """What may be changed; a location that closes for good is made inactive, never deleted."""

    class Meta(LocationWriteSerializer.Meta):
        fields = [*LocationWriteSerializer.Meta.fields, "is_active"]


class PractitionerSerializer(InUtc, serializers.ModelSerializer):
    """A person who sees patients."""

    display_name = serializers.CharField()
    colour = serializers.ChoiceField(choices=COLOURS)
    languages = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Practitioner
        fields = [
            "id",
            "prefix",
            "given_name",
            "family_name",
            "display_name",
            "specialty",
            "languages",
            "colour",
            "sort_order",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class PractitionerWriteSerializer(serializers.Serializer):
    """What a practitioner is made of."""

    given_name = serializers.CharField(max_length=80)
    family_name = serializers.CharField(max_length=80)
    prefix = serializers.CharField(max_length=20, required=False, allow_blank=True)
    specialty = serializers.CharField(max_length=80, required=False, allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField(max_length=8), max_length=20, required=False)
    colour = serializers.ChoiceField(choices=COLOURS, required=False)
    sort_order = serializers.IntegerField(min_value=0, max_value=32767, required=False)


class PractitionerUpdateSerializer(PractitionerWriteSerializer):
    """What may be changed; a practitioner who leaves is made inactive, never deleted."""

    is_active = serializers.BooleanField(required=False)


class RoomSerializer(InUtc, serializers.ModelSerializer):
    """A room at a location."""

    class Meta:
        model = Room
        fields = ["id", "location", "name", "is_active"]
        read_only_fields = fields


class RoomWriteSerializer(serializers.Serializer):
    """What a room is made of."""

    location = TenantRelatedField(queryset=Location.objects.all())
    name = serializers.CharField(max_length=60)


class RoomUpdateSerializer(serializers.Serializer):
    """What may be changed."""

    name = serializers.CharField(max_length=60, required=False)
    is_active = serializers.BooleanField(required=False)


class WeeklyHoursSerializer(InUtc, serializers.ModelSerializer):
    """A stretch of a weekday (0 is Monday) in the location's wall time; a break is the gap between two."""

    class Meta:
        model = WeeklyHours
        fields = [
            "id",
            "practitioner",
            "location",
            "room",
            "weekday",
            "start_time",
            "end_time",
            "valid_from",
            "valid_until",
        ]
        read_only_fields = fields


class WeeklyHoursWriteSerializer(serializers.Serializer):
    """A stretch to add."""

    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    location = TenantRelatedField(queryset=Location.objects.all())
    room = TenantRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)
    weekday = serializers.IntegerField(min_value=0, max_value=6, help_text="0 is Monday")
    start_time = serializers.TimeField()
    end_time = serializers.TimeField()
    valid_from = serializers.DateField(required=False, allow_null=True)
    valid_until = serializers.DateField(required=False, allow_null=True)


class _Period(metaclass=serializers.SerializerMetaclass):
    start = InstantField(source="period.lower")
    end = InstantField(source="period.upper")


class TimeOffSerializer(_Period, InUtc, serializers.ModelSerializer):
    """An absence of a practitioner, [start, end)."""

    class Meta:
        model = TimeOff
        fields = ["id", "practitioner", "start", "end", "reason"]
        read_only_fields = fields


class TimeOffUpdateSerializer(serializers.Serializer):
    """What may be changed about an absence."""

    start = InstantField(required=False)
    end = InstantField(required=False)
    reason = serializers.CharField(max_length=120, required=False, allow_blank=True)


class TimeOffWriteSerializer(serializers.Serializer):
    """An absence to note."""

    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    start = InstantField()
    end = InstantField()
    reason = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class BusyTimeSerializer(_Period, InUtc, serializers.ModelSerializer):
    """A time, [start, end), in which another calendar says that the practitioner is taken."""

    class Meta:
        model = BusyTime
        fields = ["id", "practitioner", "calendar", "uid", "start", "end", "summary"]
        read_only_fields = fields


class BusyPeriodSerializer(serializers.Serializer):
    """An event of another calendar; one that repeats is sent once per occurrence, with the same `uid`."""

    uid = serializers.CharField(max_length=255)
    start = InstantField()
    end = InstantField()
    summary = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class BusyTimesWriteSerializer(serializers.Serializer):
    """All that a calendar says from now on: what was imported under its name before goes."""

    calendar = serializers.CharField(max_length=80)
    events = serializers.ListField(child=BusyPeriodSerializer(), max_length=5000)


class ClosureSerializer(_Period, InUtc, serializers.ModelSerializer):
    """A time when a location, or with null every location, is closed, [start, end).

    `holiday_on` is the date of a public holiday; one on which the clinic works is not active, and closes nothing.
    """

    class Meta:
        model = Closure
        fields = ["id", "location", "start", "end", "reason", "holiday_on", "is_active"]
        read_only_fields = fields


class ClosureWriteSerializer(serializers.Serializer):
    """A closure to add; without a location the whole clinic is closed."""

    location = TenantRelatedField(queryset=Location.objects.all(), required=False, allow_null=True, default=None)
    start = InstantField()
    end = InstantField()
    reason = serializers.CharField(max_length=120)


class ClosureUpdateSerializer(serializers.Serializer):
    """What may be changed about a closure; about a public holiday only whether it is active."""

    start = InstantField(required=False)
    end = InstantField(required=False)
    reason = serializers.CharField(max_length=120, required=False)
    is_active = serializers.BooleanField(required=False)
