"""`/api/v1/patients/merges/`: merging two records, and taking it back."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.services import record_access
from apps.core.api.filters import FilterSet, TruthFilter
from apps.core.api.viewsets import CreateMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.merging.serializers import (
    LeftoverKindSerializer,
    MergeSerializer,
    MergeWriteSerializer,
    MovedSerializer,
    MoveLeftoversSerializer,
    UnmergeReportSerializer,
)
from apps.patients.models import Merge


class MergeFilter(FilterSet):
    """Merges of one patient, on either side."""

    patient = django_filters.UUIDFilter(method="of_patient")
    undone = TruthFilter(field_name="undone_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Merge
        fields: list[str] = []

    def of_patient(self, rows: QuerySet, name: str, value: uuid.UUID) -> QuerySet:
        return rows.filter(Q(survivor=value) | Q(duplicate=value))


class MergeViewSet(ListMixin, RetrieveMixin, CreateMixin, TenantViewSet):
    """Which records became part of which."""

    queryset = Merge.objects.select_related("survivor__organization", "duplicate__organization")
    serializer_class = MergeSerializer
    write_serializer_class = MergeWriteSerializer
    filterset_class = MergeFilter
    permissions = {
        "list": Permission.PATIENTS_VIEW,
        "retrieve": Permission.PATIENTS_VIEW,
        "create": Permission.PATIENTS_MERGE,
        "undo": Permission.PATIENTS_MERGE,
        "leftovers": Permission.PATIENTS_MERGE,
        "move": Permission.PATIENTS_MERGE,
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List merges, newest first."""
        response = super().list(request, *args, **kwargs)
        self._note({row[side] for row in response.data["results"] for side in ("survivor", "duplicate")})
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        merge = self.get_object()
        self._note({merge.survivor_id, merge.duplicate_id})
        return self.answer(merge)

    def perform_create(self, data: dict[str, Any]) -> Merge:
        self._note({data["survivor"].pk, data["duplicate"].pk})
        return services.merge_patients(**data, actor=self.actor)

    @extend_schema(request=None, responses=UnmergeReportSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def undo(self, request: Request, pk: uuid.UUID) -> Response:
        """Separate the two records again; the answer says what can't be as it was. Works once per merge."""
        merge = self.get_object()
        self._note({merge.survivor_id, merge.duplicate_id})
        report = services.unmerge(merge=merge, actor=self.actor)
        return Response(UnmergeReportSerializer(report, context=self.get_serializer_context()).data)

    @extend_schema(responses=LeftoverKindSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def leftovers(self, request: Request, pk: uuid.UUID) -> Response:
        """List what was made while the two were one record, with whose it is since they were separated."""
        merge = self.get_object()
        self._note({merge.survivor_id, merge.duplicate_id})
        kinds = services.list_leftovers(merge=merge, actor=self.actor)
        return Response(LeftoverKindSerializer(kinds, many=True, context=self.get_serializer_context()).data)

    @extend_schema(request=MoveLeftoversSerializer, responses=MovedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def move(self, request: Request, pk: uuid.UUID) -> Response:
        """Give some of those rows to one of the two patients. Rows that are with that patient already stay."""
        merge = self.get_object()
        self._note({merge.survivor_id, merge.duplicate_id})
        moved = services.move_leftovers(merge=merge, **self.read(MoveLeftoversSerializer), actor=self.actor)
        return Response(MovedSerializer({"moved": moved}).data)

    def _note(self, patient_ids: set[Any]) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=patient_ids,
            route=f"api:merges-{self.action}",
        )
