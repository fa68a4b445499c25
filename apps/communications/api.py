"""`/api/v1/communications/`. Every answer that shows a patient's messages leaves an access record."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.communications import services
from apps.communications.models import Category, Channel, Communication, Status
from apps.communications.serializers import CancelSerializer, CommunicationSerializer, CommunicationWriteSerializer
from apps.core.api.filters import FilterSet, InstantFilter
from apps.core.api.pagination import CursorPagination
from apps.core.api.viewsets import CreateMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter


class CommunicationFilter(FilterSet):
    """By whom, how, how far, and about what."""

    patient = OfPatientFilter()
    channel = django_filters.MultipleChoiceFilter(choices=Channel.choices)
    status = django_filters.MultipleChoiceFilter(choices=Status.choices)
    category = django_filters.MultipleChoiceFilter(choices=Category.choices)
    context_type = django_filters.CharFilter(label="type of what it is about, for example appointments.Appointment")
    context_id = django_filters.UUIDFilter()
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    due_after = InstantFilter(field_name="due_at", lookup_expr="gte")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Communication
        fields: list[str] = []


class LedgerPagination(CursorPagination):
    """Newest plan first, as the index has it."""

    ordering = ("-planned_at", "-id")


class CommunicationViewSet(ListMixin, RetrieveMixin, CreateMixin, TenantViewSet):
    """The ledger of outbound messages."""

    queryset = Communication.objects.all()
    serializer_class = CommunicationSerializer
    write_serializer_class = CommunicationWriteSerializer
    filterset_class = CommunicationFilter
    pagination_class = LedgerPagination
    permissions = {
        "list": Permission.COMMUNICATIONS_VIEW,
        "retrieve": Permission.COMMUNICATIONS_VIEW,
        "create": Permission.COMMUNICATIONS_MANAGE,
        "cancel": Permission.COMMUNICATIONS_MANAGE,
        "resend": Permission.COMMUNICATIONS_MANAGE,
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note(page, AccessKind.SEARCH)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        self._note([row])
        return self.answer(row)

    def perform_create(self, data: dict[str, Any]) -> Communication:
        return services.compose_communication(organization=self.request.organization, actor=self.actor, **data)

    @extend_schema(request=CancelSerializer, responses=CommunicationSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: uuid.UUID) -> Response:
        """Take a planned message back; 409 once it is on its way."""
        reason = self.read(CancelSerializer)["reason"]
        return self.answer(
            services.cancel_communication(communication=self.get_object(), reason=reason, actor=self.actor)
        )

    @extend_schema(request=None, responses={201: CommunicationSerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: uuid.UUID) -> Response:
        """Send what was not delivered again, as a new message; the one still on its way is answered, if there is one."""
        again = services.resend_communication(communication=self.get_object(), actor=self.actor)
        return self.answer(again, status_code=status.HTTP_201_CREATED)

    def _note(self, rows: Iterable[Communication], kind: AccessKind = AccessKind.VIEW) -> None:
        patients = dict.fromkeys(row.patient_id for row in rows if row.patient_id)
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=patients,
            route=f"api:communications-{self.action}",
            kind=kind,
        )


routes = [("communications", CommunicationViewSet, "communications")]
