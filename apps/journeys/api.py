"""`/api/v1/journeys/` and `/api/v1/journey-instances/`."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.services import record_access
from apps.core.api.filters import FilterSet, TruthFilter
from apps.core.api.viewsets import CreateMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.core.errors import NotFound
from apps.journeys import services
from apps.journeys.models import Definition, Instance, InstanceStatus, Stage
from apps.journeys.selectors import dry_run
from apps.journeys.serializers import (
    AdvanceSerializer,
    DefinitionSerializer,
    DefinitionUpdateSerializer,
    DefinitionWriteSerializer,
    DryRunSerializer,
    InstanceDetailSerializer,
    InstanceSerializer,
    MoveSerializer,
    ReasonSerializer,
    SkipSerializer,
    StageListSerializer,
    StageSerializer,
    StageUpdateSerializer,
    StageWriteSerializer,
    StartSerializer,
    stage_input,
)
from apps.journeys.services.definitions import current_version
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter

STAGE_ID = OpenApiParameter("stage_id", uuid.UUID, OpenApiParameter.PATH, description="id of the stage in any edition")


class DefinitionFilter(FilterSet):
    """`search` looks in name and key."""

    is_active = TruthFilter()
    starts_on = django_filters.CharFilter()
    search = django_filters.CharFilter(method="by_text")

    class Meta:
        model = Definition
        fields: list[str] = []

    def by_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(Q(name__icontains=value) | Q(key__icontains=value))


class DefinitionViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """Journeys and their stages. A change makes a new edition when patients stand on the present one."""

    queryset = Definition.objects.prefetch_related("versions__stages")
    serializer_class = DefinitionSerializer
    write_serializer_class = DefinitionWriteSerializer
    update_serializer_class = DefinitionUpdateSerializer
    filterset_class = DefinitionFilter
    version_attribute = "lock_version"
    permissions = {
        "list": Permission.JOURNEYS_VIEW,
        "retrieve": Permission.JOURNEYS_VIEW,
        "stages": Permission.JOURNEYS_VIEW,
        "dry_run": Permission.JOURNEYS_VIEW,
        "create": Permission.JOURNEYS_MANAGE,
        "partial_update": Permission.JOURNEYS_MANAGE,
        "add_stage": Permission.JOURNEYS_MANAGE,
        "update_stage": Permission.JOURNEYS_MANAGE,
        "remove_stage": Permission.JOURNEYS_MANAGE,
    }

    def perform_create(self, data: dict[str, Any]) -> Definition:
        data["stages"] = [stage_input(stage) for stage in data.get("stages", [])]
        return services.create_definition(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Definition, data: dict[str, Any], version: int | None) -> Definition:
        if "stages" in data:
            data["stages"] = [stage_input(stage) for stage in data["stages"]]
        saved = services.update_definition(definition=instance, changes=data, version=version, actor=self.actor)
        return self.get_queryset().get(pk=saved.pk)

    @extend_schema(responses=StageListSerializer)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def stages(self, request: Request, pk: uuid.UUID) -> Response:
        """List the stages of the present edition, in order."""
        present = current_version(self.get_object()).stages.all()
        return Response({"results": StageSerializer(present, many=True).data})

    @extend_schema(request=StageWriteSerializer, responses={201: StageSerializer})
    @stages.mapping.post
    def add_stage(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a stage at a position, or at the end."""
        definition, data = self.get_object(), self.read(StageWriteSerializer)
        stage = services.add_stage(
            definition=definition, stage=stage_input(data), position=data.get("position"), actor=self.actor
        )
        return Response(StageSerializer(stage).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[STAGE_ID], request=StageUpdateSerializer, responses=StageSerializer)
    @action(
        detail=True, methods=["patch"], url_path="stages/<uuid:stage_id>", filter_backends=[], pagination_class=None
    )
    def update_stage(self, request: Request, pk: uuid.UUID, stage_id: uuid.UUID) -> Response:
        """Change some settings of a stage, or move it."""
        definition = self.get_object()
        data = self.read(StageUpdateSerializer, instance=Stage())
        key = _key_of(definition, stage_id)
        stage = services.update_stage(definition=definition, key=key, changes=data, actor=self.actor)
        return Response(StageSerializer(stage).data)

    @extend_schema(parameters=[STAGE_ID], responses={204: None})
    @update_stage.mapping.delete
    def remove_stage(self, request: Request, pk: uuid.UUID, stage_id: uuid.UUID) -> Response:
        """Take a stage out of the present edition; runs that stand on an earlier one keep it."""
        definition = self.get_object()
        services.remove_stage(definition=definition, key=_key_of(definition, stage_id), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=DryRunSerializer)
    @action(detail=True, methods=["get"], url_path="dry-run", filter_backends=[], pagination_class=None)
    def dry_run(self, request: Request, pk: uuid.UUID) -> Response:
        """Show what a run started now would do, and when; nothing is sent."""
        steps = [
            {
                "stage": step.stage.key,
                "name": step.stage.name,
                "ends": step.ends,
                "earliest_minutes": step.earliest_minutes,
                "actions": [{"after_minutes": minutes, "text": text} for minutes, text in step.actions],
            }
            for step in dry_run(self.get_object())
        ]
        return Response({"results": steps})


def _key_of(definition: Definition, stage_id: uuid.UUID) -> str:
    key: str | None = (
        Stage.objects.filter(pk=stage_id, version__definition=definition).values_list("key", flat=True).first()
    )
    if key is None:
        raise NotFound("This journey has no such stage.")
    return key


class InstanceFilter(FilterSet):
    """`stage` is a stage's key."""

    patient = OfPatientFilter()
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    appointment = django_filters.UUIDFilter(field_name="appointment_id")
    journey = django_filters.UUIDFilter(field_name="definition_id")
    status = django_filters.MultipleChoiceFilter(choices=InstanceStatus.choices)
    stage = django_filters.CharFilter(field_name="current_stage__key")
    overdue = TruthFilter(method="by_overdue")

    class Meta:
        model = Instance
        fields: list[str] = []

    def by_overdue(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        late = Q(status=InstanceStatus.ACTIVE, overdue_at__lte=timezone.now())
        return rows.filter(late) if value else rows.exclude(late)


class InstanceViewSet(ListMixin, RetrieveMixin, CreateMixin, TenantViewSet):
    """Patients' runs through journeys."""

    queryset = Instance.objects.for_list()
    serializer_class = InstanceSerializer
    write_serializer_class = StartSerializer
    filterset_class = InstanceFilter
    version_attribute = "lock_version"
    permissions = {
        "list": Permission.JOURNEYS_VIEW,
        "retrieve": Permission.JOURNEYS_VIEW,
        "create": Permission.JOURNEYS_ADVANCE,
        "advance": Permission.JOURNEYS_ADVANCE,
        "skip": Permission.JOURNEYS_ADVANCE,
        "pause": Permission.JOURNEYS_ADVANCE,
        "resume": Permission.JOURNEYS_ADVANCE,
        "cancel": Permission.JOURNEYS_ADVANCE,
    }

    def get_serializer_class(self) -> Any:
        return InstanceSerializer if self.action == "list" else InstanceDetailSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        self._note({row["patient"] for row in response.data["results"]} - {None})
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        run = self.get_object()
        self._note({str(run.patient_id)} - {"None"})
        return self.answer(run)

    def perform_create(self, data: dict[str, Any]) -> Instance:
        appointment = data.get("appointment")
        return services.start_journey(
            definition=data["journey"],
            patient=data["patient"],
            appointment_id=appointment.pk if appointment else None,
            actor=self.actor,
        )

    @extend_schema(request=AdvanceSerializer, responses=InstanceDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def advance(self, request: Request, pk: uuid.UUID) -> Response:
        """Complete the present stage and enter the next one, or a later one."""
        return self._move(services.advance_instance, AdvanceSerializer)

    @extend_schema(request=SkipSerializer, responses=InstanceDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def skip(self, request: Request, pk: uuid.UUID) -> Response:
        """Leave the present stage undone and enter the next one."""
        return self._move(services.skip_stage, SkipSerializer)

    @extend_schema(request=ReasonSerializer, responses=InstanceDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def pause(self, request: Request, pk: uuid.UUID) -> Response:
        """Hold the run: nothing is sent, nothing becomes due."""
        return self._move(services.pause_instance, ReasonSerializer)

    @extend_schema(request=MoveSerializer, responses=InstanceDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def resume(self, request: Request, pk: uuid.UUID) -> Response:
        """Let a paused run go on."""
        return self._move(services.resume_instance, MoveSerializer)

    @extend_schema(request=ReasonSerializer, responses=InstanceDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def cancel(self, request: Request, pk: uuid.UUID) -> Response:
        """End the run before its last stage."""
        return self._move(services.cancel_instance, ReasonSerializer)

    def _move(self, service: Any, serializer_class: Any) -> Response:
        run, data = self.get_object(), self.read(serializer_class)
        version = self.expected_version(data)
        moved = service(instance=run, actor=self.actor, version=version, **data)
        return self.answer(self.get_queryset().get(pk=moved.pk))

    def _note(self, patient_ids: set[Any]) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=patient_ids,
            route=f"api:journey-instances-{self.action}",
        )


routes = [
    ("journeys", DefinitionViewSet, "journeys"),
    ("journey-instances", InstanceViewSet, "journey-instances"),
]
