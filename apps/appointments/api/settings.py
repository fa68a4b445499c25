"""`/api/v1/schedules/`, `time-off/`, `closures/` with the visits that a change affects; `appointments/outside/`,
`appointment-settings/`.

The base of the first three is in `practitioners.api`; they are routed here because only this floor knows the visits
(docs/decisions/0030-plans-change-where-visits-are-known.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.errors import conflict_as_json
from apps.appointments.models import AppointmentSettings
from apps.appointments.outside import Span, outside_visits
from apps.appointments.serializers import ConflictSerializer
from apps.appointments.services import change_plan, settings_for, update_appointment_settings
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.api.fields import InstantField, InUtc
from apps.core.api.partly import read_partly
from apps.core.api.viewsets import ApiView
from apps.core.errors import InvalidInput, NotFound
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.practitioners import api as plan
from apps.practitioners.models import Closure, Practitioner, TimeOff, WeeklyHours
from apps.practitioners.serializers import ClosureSerializer, TimeOffSerializer, WeeklyHoursSerializer


def _organization(request: Request) -> Organization:
    found: Organization = request.organization  # type: ignore[attr-defined]  # set by OrganizationMiddleware
    return found


AFFECTED = "booked visits that this put outside the plan: they stay booked until they are moved"


class _Affected(metaclass=serializers.SerializerMetaclass):
    """What a changed row answers besides itself."""

    affected = serializers.SerializerMethodField(help_text=AFFECTED)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_affected(self, row: Any) -> list[str]:
        return [str(one) for one in getattr(row, "affected", ())]


class PlannedHoursSerializer(_Affected, WeeklyHoursSerializer):
    """A stretch of a weekday, and whom adding it affected."""

    class Meta(WeeklyHoursSerializer.Meta):
        fields = [*WeeklyHoursSerializer.Meta.fields, "affected"]
        read_only_fields = fields


class PlannedTimeOffSerializer(_Affected, TimeOffSerializer):
    """An absence, and whom noting or changing it affected."""

    class Meta(TimeOffSerializer.Meta):
        fields = [*TimeOffSerializer.Meta.fields, "affected"]
        read_only_fields = fields


class PlannedClosureSerializer(_Affected, ClosureSerializer):
    """A closure, and whom adding or changing it affected."""

    class Meta(ClosureSerializer.Meta):
        fields = [*ClosureSerializer.Meta.fields, "affected"]
        read_only_fields = fields


class AffectedSerializer(serializers.Serializer):
    """Whom a removal affected."""

    affected = serializers.ListField(child=serializers.UUIDField(), help_text=AFFECTED)


class _ChangesThePlan:
    """Runs a change and notes on the row which visits it put outside."""

    def changed(self: Any, change: Callable[[], Any], *, answers: bool = True, **narrow: Any) -> Any:
        done = change_plan(change, span=Span(self.request.organization, **narrow), actor=self.actor)
        affected = [one.appointment.pk for one in done.affected]
        if not answers:
            return affected
        done.answer.affected = affected
        return done.answer


class ScheduleViewSet(_ChangesThePlan, plan.ScheduleViewSet):
    """Weekly hours: one row per stretch. To change a stretch, delete it and add another."""

    serializer_class = PlannedHoursSerializer

    def perform_create(self, data: dict[str, Any]) -> WeeklyHours:
        practitioner = data["practitioner"]
        return self.changed(lambda: plan.ScheduleViewSet.perform_create(self, data), practitioner=practitioner)

    @extend_schema(responses={200: AffectedSerializer})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a stretch out of the week; the answer names the visits that it leaves outside."""
        row = self.get_object()
        affected = self.changed(
            lambda: plan.ScheduleViewSet.perform_destroy(self, row), answers=False, practitioner=row.practitioner
        )
        return Response({"affected": [str(one) for one in affected]}, status=status.HTTP_200_OK)


class TimeOffViewSet(_ChangesThePlan, plan.TimeOffViewSet):
    """Absences of practitioners. Booked visits stay: somebody must move them."""

    serializer_class = PlannedTimeOffSerializer

    def perform_create(self, data: dict[str, Any]) -> TimeOff:
        return self.changed(lambda: plan.TimeOffViewSet.perform_create(self, data), practitioner=data["practitioner"])

    def perform_update(self, instance: TimeOff, data: dict[str, Any], version: int | None) -> TimeOff:
        return self.changed(
            lambda: plan.TimeOffViewSet.perform_update(self, instance, data, version),
            practitioner=instance.practitioner,
        )


class ClosureViewSet(_ChangesThePlan, plan.ClosureViewSet):
    """Times when a location, or the whole clinic, is closed; public holidays among them."""

    serializer_class = PlannedClosureSerializer

    def perform_create(self, data: dict[str, Any]) -> Closure:
        return self.changed(lambda: plan.ClosureViewSet.perform_create(self, data), location=data["location"])

    def perform_update(self, instance: Closure, data: dict[str, Any], version: int | None) -> Closure:
        return self.changed(
            lambda: plan.ClosureViewSet.perform_update(self, instance, data, version), location=instance.location
        )


class OutsideVisitSerializer(serializers.Serializer):
    """A booked visit that the plan does not cover, with every reason."""

    appointment = serializers.UUIDField()
    patient = serializers.UUIDField()
    practitioner = serializers.UUIDField()
    location = serializers.UUIDField()
    start = InstantField()
    on_purpose = serializers.BooleanField(help_text="somebody booked or kept it so, with a reason")
    problems = ConflictSerializer(many=True)


class OutsideListSerializer(serializers.Serializer):
    """All of them, soonest first."""

    results = OutsideVisitSerializer(many=True)


class OutsideView(ApiView):
    """Visits to move."""

    permissions: ClassVar[dict[str, str]] = {"get": Permission.APPOINTMENTS_VIEW}

    @extend_schema(
        operation_id="appointments_outside_list",
        parameters=[OpenApiParameter("practitioner", OpenApiTypes.UUID)],
        responses=OutsideListSerializer,
    )
    def get(self, request: Request) -> Response:
        """List booked visits ahead that lie outside the hours, in an absence or a closure, or with somebody inactive."""
        found = outside_visits(Span(_organization(request), practitioner=self._practitioner(request)))
        record_access(
            organization=_organization(request),
            actor=self.actor,
            patient_ids=dict.fromkeys(one.appointment.patient_id for one in found),
            route="api:appointments-outside",
            kind=AccessKind.SEARCH,
        )
        rows = [
            {
                "appointment": one.appointment.pk,
                "patient": one.appointment.patient_id,
                "practitioner": one.appointment.practitioner_id,
                "location": one.appointment.location_id,
                "start": one.appointment.start,
                "on_purpose": one.on_purpose,
                "problems": [conflict_as_json(problem) for problem in one.problems],
            }
            for one in found
        ]
        return Response(OutsideListSerializer({"results": rows}).data)

    def _practitioner(self, request: Request) -> Practitioner | None:
        text = request.query_params.get("practitioner", "")
        if not text:
            return None
        try:
            key = uuid.UUID(text)
        except ValueError as error:
            message = "A practitioner is named by a UUID."
            raise InvalidInput(message, errors={"practitioner": [message]}) from error
        found = Practitioner.objects.for_organization(_organization(request)).filter(pk=key).first()
        if found is None:
            raise NotFound("There is no such practitioner in your organization.")
        return found


class AppointmentSettingsSerializer(InUtc, serializers.ModelSerializer):
    """What the clinic decided about its appointment book; the defaults where it decided nothing."""

    class Meta:
        model = AppointmentSettings
        fields = [
            "no_show_after_minutes",
            "no_shows_block_online",
            "no_show_message",
            "waitlist_fills_automatically",
            "waitlist_offer_minutes",
            "self_service_notice_hours",
            "feeds_show_patients",
        ]


class AppointmentSettingsView(ApiView):
    """The clinic's one row of settings."""

    permissions: ClassVar[dict[str, str]] = {
        "get": Permission.APPOINTMENTS_VIEW,
        "patch": Permission.PRACTITIONERS_MANAGE,
    }

    @extend_schema(operation_id="appointment_settings_retrieve", responses=AppointmentSettingsSerializer)
    def get(self, request: Request) -> Response:
        """Give the settings of the appointment book."""
        return Response(AppointmentSettingsSerializer(settings_for(_organization(request))).data)

    @extend_schema(
        operation_id="appointment_settings_partial_update",
        request=AppointmentSettingsSerializer(partial=True),
        responses=AppointmentSettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change some of them."""
        changes = read_partly(AppointmentSettingsSerializer, request.data)
        row = update_appointment_settings(organization=_organization(request), changes=changes, actor=self.actor)
        return Response(AppointmentSettingsSerializer(row).data)


routes = [
    ("schedules", ScheduleViewSet, "schedules"),
    ("time-off", TimeOffViewSet, "time-off"),
    ("closures", ClosureViewSet, "closures"),
]
urlpatterns = [
    path("appointments/outside/", OutsideView.as_view(), name="appointments-outside"),
    path("appointment-settings/", AppointmentSettingsView.as_view(), name="appointment-settings"),
]
