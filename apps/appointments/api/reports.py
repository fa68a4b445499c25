"""`/api/v1/reports/…/`: utilisation, no-shows, lead times and cancellations. What each figure means: `docs/reports.md`."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.reports import SHEETS, Bucket, Grouping, make_scope, names_of
from apps.core.api.fields import TenantRelatedField
from apps.core.api.schema import PROBLEM_TYPE, ProblemSerializer
from apps.core.api.viewsets import ApiView
from apps.organizations.models import Location
from apps.organizations.permissions import Permission

DEFAULT_DAYS = 28
DAY = dt.timedelta(days=1)


class ReportQuerySerializer(serializers.Serializer):
    """Which days, where, grouped by what."""

    first = serializers.DateField(required=False, help_text="first day; default: 28 days up to `last`")
    last = serializers.DateField(
        required=False, help_text="last day, included; default: yesterday. At most a year after `first`"
    )
    location = TenantRelatedField(
        queryset=Location.objects.filter(is_active=True),
        required=False,
        help_text="only there, days by its clock; default: everywhere, by the organization's",
    )
    by = serializers.ChoiceField(choices=Grouping.choices, default=Grouping.PRACTITIONER)


def _minutes(text: str) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=f"minutes: {text}")


def _visits(text: str = "") -> serializers.IntegerField:
    return serializers.IntegerField(help_text=text)


def _ratio(text: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=f"{text}; 0 to 1, null without cases")


def _days(text: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=f"days: {text}; null without visits")


class UtilisationFigures(serializers.Serializer):
    """How much of the offered time was booked."""

    available_minutes = _minutes("weekly hours without time off, other calendars and closures")
    booked_minutes = _minutes("of these, visits that are ahead, happening or done; a group takes its time once")
    missed_minutes = _minutes("of these, kept for patients who did not come")
    outside_minutes = _minutes("booked beyond the available ones")
    share = _ratio("booked of available")


class NoShowFigures(serializers.Serializer):
    """How many visits were missed."""

    fulfilled = _visits("done")
    missed = _visits("marked as no-show")
    unsettled = _visits("over, but neither done nor missed")
    rate = _ratio("missed of fulfilled and missed")


class LeadTimeFigures(serializers.Serializer):
    """How far ahead visits were booked."""

    visits = _visits("not cancelled, not imported")
    lower_quartile = _days("a quarter was booked no further ahead")
    median = _days("half was booked no further ahead")
    upper_quartile = _days("three quarters were booked no further ahead")
    same_day = _visits("booked on the day of the visit")
    same_day_rate = _ratio("booked on the day of the visit")


class CancellationFigures(serializers.Serializer):
    """How many visits were cancelled, how late, why and by whom."""

    visits = _visits("all that start in the period")
    cancelled = _visits()
    in_time = _visits("24 hours before the start or earlier")
    short_notice = _visits("less than 24 hours before the start")
    rate = _ratio("cancelled of all visits")
    short_notice_rate = _ratio("at short notice of the cancelled")
    patient_asked = _visits()
    practitioner_unavailable = _visits()
    clinic_closed = _visits()
    booked_by_mistake = _visits()
    other_reason = _visits()
    by_staff = _visits()
    by_patient_link = _visits()
    by_bot = _visits()
    by_program = _visits("through the API")
    by_system = _visits()
    by_nobody_known = _visits("no event says by whom")


def _report_serializer(name: str, figures: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """Return the serializer of a report with these figures: the total, by group, over time."""
    group = type(
        f"{name}GroupSerializer",
        (figures,),
        {
            "__doc__": "One practitioner, type or location.",
            "id": serializers.UUIDField(),
            "name": serializers.CharField(),
        },
    )
    stretch = type(
        f"{name}StretchSerializer",
        (figures,),
        {
            "__doc__": "A day, a week or a month; cut where the period begins or ends within it.",
            "first": serializers.DateField(),
            "last": serializers.DateField(),
        },
    )
    fields = {
        "__doc__": figures.__doc__,
        "first": serializers.DateField(),
        "last": serializers.DateField(help_text="included"),
        "timezone": serializers.CharField(help_text="IANA zone by which days are told apart"),
        "location": serializers.UUIDField(allow_null=True),
        "by": serializers.ChoiceField(choices=Grouping.choices),
        "bucket": serializers.ChoiceField(choices=[(bucket.value, bucket.value) for bucket in Bucket]),
        "total": figures(),
        "groups": group(many=True, help_text="those that had any, in the order of lists"),
        "over_time": stretch(many=True),
    }
    return type(f"{name}ReportSerializer", (serializers.Serializer,), fields)


UtilisationReportSerializer = _report_serializer("Utilisation", UtilisationFigures)
NoShowReportSerializer = _report_serializer("NoShow", NoShowFigures)
LeadTimeReportSerializer = _report_serializer("LeadTime", LeadTimeFigures)
CancellationReportSerializer = _report_serializer("Cancellation", CancellationFigures)
REFUSED = OpenApiResponse(ProblemSerializer, description="Days, place or grouping that no report can answer.")


class ReportView(ApiView):
    """The base of the four reports; `sheet` says which."""

    permissions: ClassVar[dict[str, str]] = {"get": Permission.REPORTS_VIEW}
    sheet: ClassVar[str]

    def answer(self, request: Request) -> Response:
        """Work the report out for the days, place and grouping of the query. No patient is in it."""
        organization = request.organization  # type: ignore[attr-defined]
        asked = self.read(ReportQuerySerializer, data=request.query_params)
        location = asked.get("location")
        today = dt.datetime.now((location or organization).zone).date()
        last = asked.get("last", today - DAY)
        scope = make_scope(
            organization=organization,
            first=asked.get("first") or _some_days_before(last),
            last=last,
            location=location,
            by=asked["by"],
        )
        sheet = SHEETS[self.sheet]
        report = sheet.report(scope, names_of(scope))
        return Response(
            {
                "first": scope.first,
                "last": scope.last,
                "timezone": scope.zone.key,
                "location": location.pk if location else None,
                "by": scope.by,
                "bucket": scope.bucket,
                "total": sheet.as_data(report.total),
                "groups": [
                    {"id": group.id, "name": group.name, **sheet.as_data(line)} for group, line in report.groups
                ],
                "over_time": [
                    {"first": stretch.first, "last": stretch.last, **sheet.as_data(line)}
                    for stretch, line in report.over_time
                ],
            }
        )


def _some_days_before(last: dt.date) -> dt.date:
    """Return the first of 28 days; the very first dates have none before them, and are refused by their year."""
    return max(last, dt.date.min + DEFAULT_DAYS * DAY) - (DEFAULT_DAYS - 1) * DAY


def _describes(operation: str, serializer: type[serializers.Serializer]) -> Any:
    return extend_schema(
        operation_id=operation,
        parameters=[ReportQuerySerializer],
        responses={200: serializer, (422, PROBLEM_TYPE): REFUSED},
    )


class UtilisationView(ReportView):
    """Utilisation."""

    sheet = "utilisation"

    @_describes("reports_utilisation", UtilisationReportSerializer)
    def get(self, request: Request) -> Response:
        """Give how much of the available time was booked."""
        return self.answer(request)


class NoShowsView(ReportView):
    """No-shows."""

    sheet = "no-shows"

    @_describes("reports_no_shows", NoShowReportSerializer)
    def get(self, request: Request) -> Response:
        """Give how many visits were missed."""
        return self.answer(request)


class LeadTimesView(ReportView):
    """Lead times."""

    sheet = "lead-times"

    @_describes("reports_lead_times", LeadTimeReportSerializer)
    def get(self, request: Request) -> Response:
        """Give how far ahead visits were booked."""
        return self.answer(request)


class CancellationsView(ReportView):
    """Cancellations."""

    sheet = "cancellations"

    @_describes("reports_cancellations", CancellationReportSerializer)
    def get(self, request: Request) -> Response:
        """Give how many visits were cancelled, how late, why and by whom."""
        return self.answer(request)


urlpatterns = [
    path(f"reports/{view.sheet}/", view.as_view(), name=f"reports-{view.sheet}")
    for view in (UtilisationView, NoShowsView, LeadTimesView, CancellationsView)
]
