"""`/api/v1/appointments/series/`: recurring visits, asked about first, booked, moved and cancelled together."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments import services
from apps.appointments.errors import occurrence_as_json
from apps.appointments.models import Appointment, AppointmentSeries, AppointmentType, CancelReason, Source
from apps.appointments.recurrence import Rule, describe, parse_rule
from apps.appointments.serializers import ConflictSerializer, OverrideSerializer, SlotSerializer
from apps.audit.services import record_access
from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.core.api.filters import FilterSet
from apps.core.api.schema import ProblemSerializer
from apps.core.api.viewsets import CreateMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.core.errors import InvalidInput, NotFound
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter
from apps.patients.serializers import PatientField
from apps.practitioners.models import Practitioner, Room

VIEW, MANAGE = Permission.APPOINTMENTS_VIEW, Permission.APPOINTMENTS_MANAGE
SCOPES = [("following", "This and following"), ("all", "All that are still ahead")]


class SeriesVisitSerializer(InUtc, serializers.ModelSerializer):
    """One visit of a series; `recurrence_id` is the start that the rule gave it."""

    class Meta:
        model = Appointment
        fields = ["id", "recurrence_id", "start", "end", "status", "practitioner", "location", "version"]
        read_only_fields = fields


class SeriesSerializer(InUtc, serializers.ModelSerializer):
    """A series and its visits."""

    description = serializers.SerializerMethodField(help_text="the rule in words")
    timezone = serializers.CharField(source="location.timezone", help_text="IANA zone in which the rule is expanded")
    appointments = serializers.SerializerMethodField()

    class Meta:
        model = AppointmentSeries
        fields = [
            "id",
            "version",
            "patient",
            "appointment_type",
            "practitioner",
            "location",
            "timezone",
            "room",
            "rule",
            "description",
            "start",
            "duration_minutes",
            "reason",
            "continues",
            "cancelled_at",
            "appointments",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_description(self, series: AppointmentSeries) -> str:
        return describe(parse_rule(series.rule))

    @extend_schema_field(SeriesVisitSerializer(many=True))
    def get_appointments(self, series: AppointmentSeries) -> list[Any]:
        visits = sorted(series.appointments.all(), key=lambda visit: visit.start)
        return list(SeriesVisitSerializer(visits, many=True).data)


class PlaceSerializer(serializers.Serializer):
    """Another time for one occurrence."""

    recurrence_id = InstantField(help_text="the start that the rule gives it")
    start = InstantField()
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all(), required=False)
    location = TenantRelatedField(queryset=Location.objects.all(), required=False)


class SeriesAskSerializer(serializers.Serializer):
    """A series that is only asked about."""

    patient = PatientField()
    appointment_type = TenantRelatedField(queryset=AppointmentType.objects.all())
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all())
    location = TenantRelatedField(queryset=Location.objects.all())
    start = InstantField(help_text="the first visit")
    rule = serializers.CharField(max_length=200, help_text="RFC 5545 RRULE: FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=6")
    room = TenantRelatedField(queryset=Room.objects.all(), required=False, allow_null=True)

    def validate_rule(self, value: str) -> Rule:
        """Return the rule; refuse what is none, with what is wrong."""
        try:
            return parse_rule(value)
        except InvalidInput as error:
            raise serializers.ValidationError(error.errors["rule"]) from error


class SeriesWriteSerializer(SeriesAskSerializer):
    """A series to book; `skip` and `instead` name occurrences by the start that the rule gives them."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    note = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    skip = serializers.ListField(child=InstantField(), required=False)
    instead = PlaceSerializer(many=True, required=False)
    override = OverrideSerializer(required=False, allow_null=True)


class SeriesChangeSerializer(serializers.Serializer):
    """Where one visit goes; those after it, or all, move by as many days to the same time of day."""

    appointment = TenantRelatedField(queryset=Appointment.objects.real())
    start = InstantField()
    scope = serializers.ChoiceField(choices=SCOPES, default="following")
    practitioner = TenantRelatedField(queryset=Practitioner.objects.all(), required=False)
    location = TenantRelatedField(queryset=Location.objects.all(), required=False)
    room = TenantRelatedField(queryset=Room.objects.all(), required=False)
    duration_minutes = serializers.IntegerField(min_value=5, max_value=600, required=False)


class SeriesRescheduleSerializer(SeriesChangeSerializer):
    """A change to make; `leave` names visits that stay where they are."""

    leave = serializers.ListField(child=serializers.UUIDField(), required=False)
    override = OverrideSerializer(required=False, allow_null=True)
    tell_patient = serializers.BooleanField(default=True)
    version = serializers.IntegerField(min_value=1, required=False, help_text="of the named appointment")


class SeriesCancelSerializer(serializers.Serializer):
    """From which visit on, or all that are still ahead, and why."""

    appointment = TenantRelatedField(queryset=Appointment.objects.real())
    scope = serializers.ChoiceField(choices=SCOPES, default="following")
    reason = serializers.ChoiceField(choices=CancelReason.choices)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    tell_patient = serializers.BooleanField(default=True)


class OccurrenceSerializer(serializers.Serializer):
    """One visit of a series before it is booked or moved."""

    recurrence_id = InstantField()
    start = InstantField()
    bookable = serializers.BooleanField()
    overridable = serializers.BooleanField(help_text="all reasons against it are soft")
    conflicts = ConflictSerializer(many=True)
    alternatives = SlotSerializer(many=True)


class OccurrencesSerializer(serializers.Serializer):
    """Every visit, with what is against it."""

    bookable = serializers.BooleanField(help_text="every one of them")
    occurrences = OccurrenceSerializer(many=True)


class SeriesUnavailableSerializer(ProblemSerializer):
    """Which visits can't be had, and why; none was booked or moved."""

    occurrences = OccurrenceSerializer(many=True)


UNAVAILABLE = OpenApiResponse(
    SeriesUnavailableSerializer, description='`code: "series_unavailable"`: nothing was changed'
)


class SeriesFilter(FilterSet):
    """Whose, and with whom."""

    patient = OfPatientFilter()

    class Meta:
        model = AppointmentSeries
        fields = ["practitioner"]


class SeriesViewSet(ListMixin, RetrieveMixin, CreateMixin, TenantViewSet):
    """Recurring visits. Single visits of a series are moved and cancelled under `appointments/`."""

    queryset = AppointmentSeries.objects.select_related("location").prefetch_related("appointments")
    serializer_class = SeriesSerializer
    write_serializer_class = SeriesWriteSerializer
    filterset_class = SeriesFilter
    permissions: ClassVar = {
        "list": VIEW,
        "retrieve": VIEW,
        "check": VIEW,
        "check_change": VIEW,
        "create": MANAGE,
        "reschedule": MANAGE,
        "cancel": MANAGE,
    }

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        series = self.get_object()
        self._note(series.patient_id)
        return self.answer(series)

    @extend_schema(responses={201: SeriesSerializer, 409: UNAVAILABLE})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Book all visits of a series, or none: 409 says what is against each that is refused."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, data: dict[str, Any]) -> AppointmentSeries:
        override = data.pop("override", None) or {}
        instead = {
            one["recurrence_id"]: services.Place(
                one["start"], one.get("practitioner", data["practitioner"]), one.get("location", data["location"])
            )
            for one in data.pop("instead", [])
        }
        series = services.book_series(
            organization=self.request.organization,
            source=Source.API,
            instead=instead,
            override_reason=override.get("reason", ""),
            actor=self.actor,
            **data,
        )
        return self.get_queryset().get(pk=series.pk)

    @extend_schema(request=SeriesAskSerializer, responses=OccurrencesSerializer)
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """Say for each visit of a series why it would be refused; changes nothing."""
        asked = self.read(SeriesAskSerializer)
        return self._occurrences(services.check_series(organization=request.organization, source=Source.API, **asked))

    @extend_schema(
        operation_id="appointments_series_check_change",
        request=SeriesChangeSerializer,
        responses=OccurrencesSerializer,
    )
    @action(detail=True, methods=["post"], url_path="check")
    def check_change(self, request: Request, pk: uuid.UUID) -> Response:
        """Say for each visit that would move why it can't; changes nothing."""
        return self._occurrences(services.check_change(services.plan_change(**self._change(SeriesChangeSerializer))))

    @extend_schema(request=SeriesRescheduleSerializer, responses={200: SeriesSerializer, 409: UNAVAILABLE})
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: uuid.UUID) -> Response:
        """Move a visit and those after it, or all, together or not at all; answers with the series they are now in."""
        data = self._change(SeriesRescheduleSerializer)
        override = data.pop("override", None) or {}
        series = services.change_series(override_reason=override.get("reason", ""), actor=self.actor, **data)
        return self.answer(self.get_queryset().get(pk=series.pk))

    @extend_schema(request=SeriesCancelSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: uuid.UUID) -> Response:
        """Cancel a visit and those after it, or all that are still ahead."""
        data = self._change(SeriesCancelSerializer)
        services.cancel_series(actor=self.actor, **data)
        return self.answer(self.get_object())

    def _change(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        """Return the body as the services take it; the named appointment must be of this series."""
        series = self.get_object()
        data = self.read(serializer)
        visit = data.pop("appointment")
        if visit.series_id != series.pk:
            raise NotFound("There is no such appointment in this series.")
        everything = data.pop("scope") == "all"
        return {**data, "visit": visit, "everything": everything}

    def _occurrences(self, found: list[services.Occurrence]) -> Response:
        return Response(
            {
                "bookable": all(one.is_free for one in found),
                "occurrences": [occurrence_as_json(one) for one in found],
            }
        )

    def _note(self, patient_id: uuid.UUID) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=[patient_id],
            route=f"api:series-{self.action}",
        )


routes = [("appointments/series", SeriesViewSet, "series")]
