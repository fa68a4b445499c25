"""`/api/v1/templates/` and `/api/v1/notification-rules/`."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.services import record_access
from apps.communications.models import Channel
from apps.core.api.filters import FilterSet, TruthFilter
from apps.core.api.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.notifications import services
from apps.notifications.models import Rule, Template
from apps.notifications.serializers import (
    PreviewRequestSerializer,
    PreviewSerializer,
    RuleSerializer,
    RuleUpdateSerializer,
    RuleWriteSerializer,
    TemplateSerializer,
    TemplateUpdateSerializer,
    TemplateWriteSerializer,
)
from apps.organizations.permissions import Permission


class TemplateFilter(FilterSet):
    """By what it says, where and in which language."""

    key = django_filters.CharFilter()
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    language = django_filters.CharFilter()
    is_active = TruthFilter()

    class Meta:
        model = Template
        fields: list[str] = []


class TemplateViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    """The texts of messages, per key, channel and language."""

    queryset = Template.objects.all()
    serializer_class = TemplateSerializer
    write_serializer_class = TemplateWriteSerializer
    update_serializer_class = TemplateUpdateSerializer
    filterset_class = TemplateFilter
    search_fields = ["key", "subject", "body"]
    permissions = {
        "list": Permission.COMMUNICATIONS_VIEW,
        "retrieve": Permission.COMMUNICATIONS_VIEW,
        "preview": Permission.COMMUNICATIONS_VIEW,
        "create": Permission.TEMPLATES_MANAGE,
        "partial_update": Permission.TEMPLATES_MANAGE,
        "destroy": Permission.TEMPLATES_MANAGE,
    }

    def perform_create(self, data: dict[str, Any]) -> Template:
        return services.create_template(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Template, data: dict[str, Any], version: int | None) -> Template:
        return services.update_template(template=instance, changes=data, version=version, actor=self.actor)

    def perform_destroy(self, instance: Template) -> None:
        services.delete_template(template=instance, actor=self.actor)

    @extend_schema(request=PreviewRequestSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: uuid.UUID) -> Response:
        """Show the text as a patient would get it; nothing is sent."""
        wanted = self.read(PreviewRequestSerializer)
        patient = wanted.get("patient")
        shown = services.preview_template(
            organization=request.organization,
            template=self.get_object(),
            patient=patient,
            context_type=wanted.get("context_type", ""),
            subject_id=wanted.get("subject"),
        )
        patients = {known for known in (patient.pk if patient else None, shown.patient_id) if known}
        record_access(
            organization=request.organization, actor=self.actor, patient_ids=patients, route="api:templates-preview"
        )
        return Response(PreviewSerializer(shown).data)


class RuleFilter(FilterSet):
    """By event and whether it is on."""

    event_type = django_filters.CharFilter()
    template_key = django_filters.CharFilter()
    is_active = TruthFilter()

    class Meta:
        model = Rule
        fields: list[str] = []


class RuleViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    """Which events plan which messages."""

    queryset = Rule.objects.all()
    serializer_class = RuleSerializer
    write_serializer_class = RuleWriteSerializer
    update_serializer_class = RuleUpdateSerializer
    filterset_class = RuleFilter
    permissions = {
        "list": Permission.COMMUNICATIONS_VIEW,
        "retrieve": Permission.COMMUNICATIONS_VIEW,
        "create": Permission.TEMPLATES_MANAGE,
        "partial_update": Permission.TEMPLATES_MANAGE,
        "destroy": Permission.TEMPLATES_MANAGE,
    }

    def perform_create(self, data: dict[str, Any]) -> Rule:
        return services.create_rule(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Rule, data: dict[str, Any], version: int | None) -> Rule:
        return services.update_rule(rule=instance, changes=data, version=version, actor=self.actor)

    def perform_destroy(self, instance: Rule) -> None:
        services.delete_rule(rule=instance, actor=self.actor)


routes = [
    ("templates", TemplateViewSet, "templates"),
    ("notification-rules", RuleViewSet, "notification-rules"),
]
