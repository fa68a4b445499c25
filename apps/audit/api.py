"""What happened and who looked: `events/` and `audit/access/`.

The events' feed lives here and not on the events' floor because reading it is itself recorded.
"""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from apps.audit.models import AccessKind, AccessRecord
from apps.audit.serializers import AccessRecordSerializer, EventFeedSerializer, EventSerializer
from apps.audit.services import record_access
from apps.core.api.filters import FilterSet, InstantFilter
from apps.core.api.viewsets import ListMixin, RetrieveMixin, TenantViewSet
from apps.core.errors import InvalidInput
from apps.events.models import Event
from apps.events.registry import merged_into
from apps.events.selectors import BEGINNING, FEED_LIMIT, NOW, follow_events, is_cursor
from apps.organizations.permissions import Permission

LATEST = "latest"


class EventViewSet(RetrieveMixin, TenantViewSet):
    """What happened, for programs that follow: ask again with the `cursor` of the last answer.

    An event may come twice when transactions overlap (drop repeats by `id`); none is ever left out. Each patient
    whose events are read gets an entry in the access log.
    """

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    pagination_class = None
    filter_backends = []
    permissions = {"list": Permission.EVENTS_VIEW, "retrieve": Permission.EVENTS_VIEW}

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "after",
                str,
                description="`cursor` of an earlier answer; absent: from the beginning; `latest`: from now on",
            ),
            OpenApiParameter("type", str, description="one or more types, separated by commas"),
            OpenApiParameter("patient", uuid.UUID),
            OpenApiParameter("limit", int, description=f"1 to {FEED_LIMIT}"),
        ],
        responses=EventFeedSerializer,
    )
    def list(self, request: Request) -> Response:
        after = request.query_params.get("after", BEGINNING)
        cursor = NOW if after == LATEST else after
        if not is_cursor(cursor):
            raise InvalidInput(
                _("`after` must be the `cursor` of an earlier answer, or `latest`."), errors={"after": [after]}
            )
        patient = _uuid_parameter(request, "patient")
        feed = follow_events(
            organization=request.organization,
            cursor=cursor,
            types=[name for name in request.query_params.get("type", "").split(",") if name],
            patient_id=patient,
            merged_ids=merged_into(patient) if patient else (),
            limit=_limit(request),
        )
        record_access(
            organization=request.organization,
            actor=self.actor,
            patient_ids={event.patient_id for event in feed.events if event.patient_id},
            route="api:events-list",
            kind=AccessKind.VIEW if patient else AccessKind.EXPORT,
        )
        further = replace_query_param(request.build_absolute_uri(), "after", feed.cursor) if feed.more else None
        body = {
            "results": EventSerializer(feed.events, many=True).data,
            "cursor": feed.cursor,
            "next": further,
            "previous": None,
        }
        return Response(body)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        event = self.get_object()
        patients = {event.patient_id} - {None}
        record_access(
            organization=request.organization, actor=self.actor, patient_ids=patients, route="api:events-detail"
        )
        return self.answer(event)


def _uuid_parameter(request: Request, name: str) -> uuid.UUID | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput(_("`%(name)s` must be a UUID.") % {"name": name}, errors={name: [text]}) from None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(FEED_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= FEED_LIMIT:
        raise InvalidInput(
            _("`limit` must be a number from 1 to %(most)d.") % {"most": FEED_LIMIT}, errors={"limit": [text]}
        )
    return int(text)


class AccessFilter(FilterSet):
    """Who looked at which patient, when."""

    patient = django_filters.UUIDFilter(method="of_patient", label="with the records merged into the patient's")
    actor = django_filters.UUIDFilter(field_name="actor_id")
    kind = django_filters.ChoiceFilter(choices=AccessKind.choices)
    since = InstantFilter(field_name="occurred_at", lookup_expr="gte")
    until = InstantFilter(field_name="occurred_at", lookup_expr="lt")

    class Meta:
        model = AccessRecord
        fields: list[str] = []

    def of_patient(self, rows: QuerySet, name: str, value: uuid.UUID) -> QuerySet:
        return rows.filter(patient_id__in=[value, *merged_into(value)])


class AccessRecordViewSet(ListMixin, TenantViewSet):
    """Every look at a patient's record, newest first."""

    queryset = AccessRecord.objects.all()
    serializer_class = AccessRecordSerializer
    filterset_class = AccessFilter
    permissions = {"list": Permission.AUDIT_VIEW}


routes = [("events", EventViewSet, "events"), ("audit/access", AccessRecordViewSet, "access")]
