"""`/api/v1/practitioners/{id}/busy-times/`: what other calendars say, as calendar files or as JSON."""

from __future__ import annotations

import uuid
from typing import IO, Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.api.settings import AFFECTED
from apps.appointments.services import change_plan
from apps.appointments.services.busy_times import read_calendar, span_of
from apps.core.api.fields import InstantField
from apps.core.api.parsers import JSONParser
from apps.core.api.problems import TooLarge
from apps.core.api.viewsets import ListMixin, TenantViewSet
from apps.core.errors import InvalidInput, NotFound
from apps.organizations.permissions import Permission
from apps.practitioners.api import BusyTimeFilter
from apps.practitioners.calendar_files import MOST_BYTES, BusyPeriod
from apps.practitioners.models import BusyTime, Practitioner
from apps.practitioners.serializers import BusyTimeSerializer, BusyTimesWriteSerializer
from apps.practitioners.services import remove_busy_times, replace_busy_times


class CalendarParser(BaseParser):
    """Gives the bytes of a calendar file to the view."""

    media_type = "text/calendar"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> bytes:
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge(_("The file is larger than 1 MB. Export a shorter time, or without attachments."))
        return content


class ImportedCalendarSerializer(serializers.Serializer):
    """What was imported, and whom it affected."""

    calendar = serializers.CharField()
    busy_times = serializers.IntegerField(help_text="how many there are under this name now")
    until = InstantField(
        allow_null=True, help_text="how far ahead a file was read; import it again before; null for JSON"
    )
    free = serializers.IntegerField(help_text="events left out because they are marked free")
    cancelled = serializers.IntegerField(help_text="events left out because they are cancelled")
    unreadable = serializers.ListField(child=serializers.CharField(), help_text="UIDs of events that make no sense")
    affected = serializers.ListField(child=serializers.UUIDField(), help_text=AFFECTED)


class RemovedCalendarSerializer(serializers.Serializer):
    """What was removed."""

    calendar = serializers.CharField()
    busy_times = serializers.IntegerField(help_text="how many there were")


CALENDAR = OpenApiParameter("calendar", OpenApiTypes.STR, description="the calendar's name")


class BusyTimeViewSet(ListMixin, TenantViewSet):
    """Times in which another calendar says that a practitioner is taken: no slot is offered, booked visits stay."""

    queryset = BusyTime.objects.all()
    serializer_class = BusyTimeSerializer
    write_serializer_class = BusyTimesWriteSerializer
    filterset_class = BusyTimeFilter
    parser_classes = (JSONParser, CalendarParser)
    permissions = {
        "list": Permission.PRACTITIONERS_VIEW,
        "create": Permission.PRACTITIONERS_MANAGE,
        "remove": Permission.PRACTITIONERS_MANAGE,
    }

    def get_queryset(self) -> QuerySet:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else rows.filter(practitioner=self._practitioner())

    @extend_schema(
        parameters=[CALENDAR],
        request={"application/json": BusyTimesWriteSerializer, "text/calendar": OpenApiTypes.STR},
        responses={201: ImportedCalendarSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Import a calendar: everything imported under its name before is replaced, the same file twice changes nothing.

        A `text/calendar` body is an iCalendar file, named by `?calendar=` or by itself (`X-WR-CALNAME`); repeating events
        are expanded as far ahead as visits are booked. Events marked free or cancelled take no time.
        """
        practitioner = self._practitioner()
        body = request.data
        if isinstance(body, bytes):
            read = read_calendar(practitioner=practitioner, content=body, name=request.query_params.get("calendar", ""))
            name, periods, file = read.name, read.periods, read.file
            answer: dict[str, Any] = {
                "until": read.until,
                "free": file.free,
                "cancelled": file.cancelled,
                "unreadable": file.unreadable,
            }
        else:
            data = self.read()
            name = " ".join(data["calendar"].split())
            periods = [BusyPeriod(**event) for event in data["events"]]
            answer = {"until": None, "free": 0, "cancelled": 0, "unreadable": []}
        done = change_plan(
            lambda: replace_busy_times(practitioner=practitioner, calendar=name, periods=periods, actor=self.actor),
            span=span_of(practitioner),
            actor=self.actor,
        )
        answer |= {
            "calendar": name,
            "busy_times": done.answer,
            "affected": [one.appointment.pk for one in done.affected],
        }
        return Response(ImportedCalendarSerializer(answer).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("calendar", OpenApiTypes.STR, required=True, description="the calendar's name")],
        request=None,
        responses={200: RemovedCalendarSerializer},
    )
    def remove(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Forget a calendar, named by `?calendar=`; its times can be booked again at once."""
        practitioner = self._practitioner()
        name = request.query_params.get("calendar", "").strip()
        if not name:
            message = _("Say which calendar: ?calendar=NAME.")
            raise InvalidInput(message, errors={"calendar": [message]})
        number = remove_busy_times(practitioner=practitioner, calendar=name, actor=self.actor)
        return Response(RemovedCalendarSerializer({"calendar": name, "busy_times": number}).data)

    def _practitioner(self) -> Practitioner:
        rows = Practitioner.objects.for_organization(self.request.organization)
        key: uuid.UUID = self.kwargs["practitioner"]
        found: Practitioner | None = rows.filter(pk=key).first()
        if found is None:
            raise NotFound(_("There is no such practitioner in your organization."))
        found.organization = self.request.organization
        return found


urlpatterns = [
    path(
        "practitioners/<uuid:practitioner>/busy-times/",
        BusyTimeViewSet.as_view({"get": "list", "post": "create", "delete": "remove"}),
        name="practitioner-busy-times",
    )
]
