"""`/api/v1/appointments/`, `appointments/check/`, `appointments/holds/`, `slots/`, `appointment-types/`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import django_filters
from django.http import FileResponse, HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments import services
from apps.appointments.availability import find_slots, nearest_slots
from apps.appointments.conflicts import check_booking
from apps.appointments.errors import conflict_as_json, slot_as_json
from apps.appointments.exchange.writing import FILE_NAME, write_appointments
from apps.appointments.invites import invite_for
from apps.appointments.models import VISIT_STATUSES, Appointment, AppointmentType, Source
from apps.appointments.serializers import (
    UNAVAILABLE,
    AppointmentSerializer,
    AppointmentTypeSerializer,
    AppointmentTypeWriteSerializer,
    AppointmentUpdateSerializer,
    AppointmentWriteSerializer,
    CancelAppointmentSerializer,
    CheckBookingSerializer,
    CheckedBookingSerializer,
    ConfirmAppointmentSerializer,
    HoldSerializer,
    HoldWriteSerializer,
    RescheduleSerializer,
    SlotListSerializer,
    SlotQuerySerializer,
)
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.api.filters import FilterSet, InstantFilter, TruthFilter
from apps.core.api.pagination import CursorPagination
from apps.core.api.renderers import CsvRenderer, FileRenderer
from apps.core.api.viewsets import (
    ApiView,
    CreateMixin,
    DestroyMixin,
    ListMixin,
    RetrieveMixin,
    TenantViewSet,
    UpdateMixin,
)
from apps.core.ids import uuid7
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter
from apps.practitioners.models import Room

VIEW, MANAGE = Permission.APPOINTMENTS_VIEW, Permission.APPOINTMENTS_MANAGE


class InListOrder(CursorPagination):
    """As the clinic sorted its types."""

    ordering = ("sort_order", "name", "id")


class AppointmentTypeViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """What can be booked, and who offers it."""

    queryset = AppointmentType.objects.prefetch_related("offered_by", "at_locations", "in_rooms")
    serializer_class = AppointmentTypeSerializer
    write_serializer_class = AppointmentTypeWriteSerializer
    pagination_class = InListOrder
    filterset_fields = ["is_active", "online_bookable"]
    search_fields = ["name", "keywords"]
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": Permission.PRACTITIONERS_MANAGE,
        "partial_update": Permission.PRACTITIONERS_MANAGE,
    }

    def perform_create(self, data: dict[str, Any]) -> AppointmentType:
        links = _links(data)
        made = services.create_appointment_type(organization=self.request.organization, actor=self.actor, **data)
        return self._link(made, links)

    def perform_update(self, instance: AppointmentType, data: dict[str, Any], version: int | None) -> AppointmentType:
        links = _links(data)
        changed = services.update_appointment_type(appointment_type=instance, changes=data, actor=self.actor)
        return self._link(changed, links)

    def _link(self, appointment_type: AppointmentType, links: dict[str, list[Any]]) -> AppointmentType:
        """Say who offers it, where, and in which rooms, as far as that was given."""
        if "practitioners" in links:
            services.set_offering_practitioners(
                appointment_type=appointment_type, practitioners=links["practitioners"], actor=self.actor
            )
        if "locations" in links or "rooms" in links:
            present = {
                "locations": Location.objects.filter(pk__in=appointment_type.at_locations.values("location")),
                "rooms": Room.objects.filter(pk__in=appointment_type.in_rooms.values("room")),
            }
            places = {name: links.get(name, rows) for name, rows in present.items()}
            services.set_type_places(appointment_type=appointment_type, actor=self.actor, **places)
        return self.get_queryset().get(pk=appointment_type.pk)


def _links(data: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: data.pop(name) for name in ("practitioners", "locations", "rooms") if name in data}


class SlotsView(ApiView):
    """Free times."""

    permissions: ClassVar[dict[str, str]] = {"get": VIEW}

    @extend_schema(operation_id="slots_list", parameters=[SlotQuerySerializer], responses=SlotListSerializer)
    def get(self, request: Request) -> Response:
        """Find free times for a type, earliest first: hours, absences, other visits, buffers and notice considered."""
        asked = self.read(SlotQuerySerializer, data=request.query_params)
        found = find_slots(
            organization=request.organization,
            practitioners=asked.pop("practitioner", None) or None,
            **asked,
        )
        return Response({"results": [slot_as_json(slot) for slot in found]})


class HoldViewSet(ListMixin, RetrieveMixin, CreateMixin, DestroyMixin, TenantViewSet):
    """Times kept free for minutes while somebody decides."""

    queryset = Appointment.objects.held()
    serializer_class = HoldSerializer
    write_serializer_class = HoldWriteSerializer
    filterset_fields = ["practitioner", "held_for"]
    permissions = {"list": VIEW, "retrieve": VIEW, "create": MANAGE, "destroy": MANAGE}
    version_attribute = ""

    @extend_schema(responses={201: HoldSerializer, 409: UNAVAILABLE})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Hold a free time; it becomes an appointment by `POST appointments/` with `hold`."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, data: dict[str, Any]) -> Appointment:
        held_for = data.pop("held_for", None) or uuid7()
        return services.hold_slot(
            organization=self.request.organization, held_for=held_for, source=Source.API, actor=self.actor, **data
        )

    def perform_destroy(self, instance: Appointment) -> None:
        services.release_hold(hold=instance, actor=self.actor)


class AppointmentFilter(FilterSet):
    """Visits of somebody, with somebody, in a time."""

    patient = OfPatientFilter()
    status = django_filters.MultipleChoiceFilter(choices=VISIT_STATUSES, help_text="repeat for several")
    start = InstantFilter(field_name="start", lookup_expr="gte", label="starts at or after")
    end = InstantFilter(field_name="start", lookup_expr="lt", label="starts before")
    confirmed = TruthFilter(field_name="confirmed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Appointment
        fields = ["practitioner", "location", "room", "appointment_type", "source"]


class CalendarRenderer(FileRenderer):
    media_type = "text/calendar"
    format = "ics"


class VisitPagination(CursorPagination):
    """Latest start first."""

    ordering = ("-start", "-id")
    orderings = {"-start": ("-start", "-id"), "start": ("start", "id"), **CursorPagination.orderings}


class AppointmentViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """Visits. Every answer that shows a patient leaves an access record."""

    queryset = Appointment.objects.real().for_list().select_related("organization")
    serializer_class = AppointmentSerializer
    write_serializer_class = AppointmentWriteSerializer
    update_serializer_class = AppointmentUpdateSerializer
    pagination_class = VisitPagination
    filterset_class = AppointmentFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "ics": VIEW,
        "export": VIEW,
        "check": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "confirm": MANAGE,
        "arrive": MANAGE,
        "start": MANAGE,
        "complete": MANAGE,
        "no_show": MANAGE,
        "cancel": MANAGE,
        "reschedule": MANAGE,
        "undo": MANAGE,
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List visits; holds are under `holds/`."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note((visit.patient_id for visit in page), AccessKind.SEARCH)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        visit = self.get_object()
        self._note([visit.patient_id])
        return self.answer(visit)

    @extend_schema(responses={201: AppointmentSerializer, 409: UNAVAILABLE})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Book a visit, exactly once per time; 409 says every reason against it and what is free nearby."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, data: dict[str, Any]) -> Appointment:
        hold = self._hold(data.pop("hold", None))
        return services.book_appointment(
            organization=self.request.organization,
            source=Source.API,
            hold=hold,
            **_override(data),
            actor=self.actor,
            **data,
        )

    def perform_update(self, instance: Appointment, data: dict[str, Any], version: int | None) -> Appointment:
        return services.describe_appointment(appointment=instance, version=version, actor=self.actor, **data)

    @extend_schema(request=CheckBookingSerializer, responses=CheckedBookingSerializer)
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """Say why a booking would be refused, all reasons at once; changes nothing."""
        asked = self.read(CheckBookingSerializer)
        moved = asked.pop("appointment", None)
        asked["patient"] = asked.get("patient") or (moved.patient if moved else None)
        conflicts = check_booking(organization=request.organization, source=Source.API, instead_of=moved, **asked)
        free = []
        if conflicts:
            wanted = {name: asked[name] for name in ("appointment_type", "practitioner", "location", "start")}
            free = nearest_slots(
                organization=request.organization,
                patient=asked["patient"],
                minutes=asked.get("duration_minutes"),
                room=asked.get("room"),
                ignore=[moved.pk] if moved else [],
                **wanted,
            )
        return Response(
            {
                "bookable": not conflicts,
                "overridable": bool(conflicts) and not any(conflict.hard for conflict in conflicts),
                "conflicts": [conflict_as_json(conflict) for conflict in conflicts],
                "alternatives": [slot_as_json(slot) for slot in free],
            }
        )

    @extend_schema(operation_id="appointments_export", responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=False, methods=["get"], renderer_classes=[CsvRenderer, JSONRenderer], pagination_class=None)
    def export(self, request: Request) -> FileResponse:
        """Give all visits that the filters keep as one CSV file, by start; its columns are in docs/exchange.md."""
        rows = self.filter_queryset(self.get_queryset())
        file = write_appointments(
            rows, organization=request.organization, route="api:appointments-export", actor=self.actor
        )
        return FileResponse(file, as_attachment=True, filename=FILE_NAME, content_type="text/csv; charset=utf-8")

    @extend_schema(request=ConfirmAppointmentSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: uuid.UUID) -> Response:
        """Note that the patient will come."""
        return self._step(services.confirm_appointment, **self.read(ConfirmAppointmentSerializer))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def arrive(self, request: Request, pk: uuid.UUID) -> Response:
        """Check the patient in."""
        return self._step(services.arrive_appointment)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: uuid.UUID) -> Response:
        """Note that the patient is with the practitioner."""
        return self._step(services.start_appointment)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: uuid.UUID) -> Response:
        """Note that the visit is done."""
        return self._step(services.complete_appointment)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, pk: uuid.UUID) -> Response:
        """Note that the patient did not come; possible from the start of the visit on."""
        return self._step(services.mark_no_show)

    @extend_schema(request=CancelAppointmentSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: uuid.UUID) -> Response:
        """Cancel a visit that has not begun."""
        return self._step(services.cancel_appointment, **self.read(CancelAppointmentSerializer))

    @extend_schema(request=RescheduleSerializer, responses={200: AppointmentSerializer, 409: UNAVAILABLE})
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: uuid.UUID) -> Response:
        """Move a visit; what is not named stays. A stale `version` (or `If-Match`) is 409 `stale`."""
        data = self.read(RescheduleSerializer)
        version = self.expected_version(data)
        return self._step(services.reschedule_appointment, version=version, **_override(data), **data)

    @extend_schema(request=None, responses={200: AppointmentSerializer, 409: UNAVAILABLE})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: uuid.UUID) -> Response:
        """Take the last change of status back, within ten minutes."""
        return self._step(services.undo_status)

    @extend_schema(responses={(200, "text/calendar"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], renderer_classes=[CalendarRenderer, JSONRenderer])
    def ics(self, request: Request, pk: uuid.UUID) -> HttpResponse:
        """Give the visit as a calendar file."""
        visit = self.get_object()
        self._note([visit.patient_id])
        response = HttpResponse(invite_for(visit), content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
        return response

    def _step(self, service: Callable[..., Appointment], **arguments: Any) -> Response:
        return self.answer(service(appointment=self.get_object(), actor=self.actor, **arguments))

    def _hold(self, pk: uuid.UUID | None) -> Appointment | None:
        """Return the hold, or None when it was released meanwhile: then the booking needs the time to be free."""
        if pk is None:
            return None
        return Appointment.objects.for_organization(self.request.organization).held().filter(pk=pk).first()

    def _note(self, patient_ids: Iterable[uuid.UUID | None], kind: AccessKind = AccessKind.VIEW) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=dict.fromkeys(pk for pk in patient_ids if pk is not None),
            route=f"api:appointments-{self.action.replace('_', '-')}",
            kind=kind,
        )


def _override(data: dict[str, Any]) -> dict[str, Any]:
    """Return the override as the services take it, and take it out of the data."""
    given = data.pop("override", None) or {}
    return {"override_reason": given.get("reason", ""), "overbook": given.get("overbook", False)}


routes = [
    ("appointment-types", AppointmentTypeViewSet, "appointment-types"),
    ("appointments/holds", HoldViewSet, "holds"),
    ("appointments", AppointmentViewSet, "appointments"),
]
urlpatterns = [path("slots/", SlotsView.as_view(), name="slots")]
