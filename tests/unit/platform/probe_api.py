"""A small API on locations, routed only in tests: the base classes seen through HTTP."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from apps.core.api.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.core.errors import Conflict, StaleVersion
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from clinic.urls import *  # noqa: F403 - the real routes stay


class LocationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Location
        fields = ["id", "name", "timezone", "city"]


class LocationPatchSerializer(serializers.ModelSerializer):
    version = serializers.IntegerField(required=False)

    class Meta:
        model = Location
        fields = ["name", "city", "version"]


class LocationViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    queryset = Location.objects.all()
    serializer_class = LocationSerializer
    update_serializer_class = LocationPatchSerializer
    version_attribute = "probe_version"
    permissions = {
        "list": Permission.PRACTITIONERS_VIEW,
        "retrieve": Permission.PRACTITIONERS_VIEW,
        "create": Permission.PRACTITIONERS_MANAGE,
        "partial_update": Permission.PRACTITIONERS_MANAGE,
        "close": Permission.PRACTITIONERS_MANAGE,
        "fail": Permission.PRACTITIONERS_MANAGE,
    }

    def perform_create(self, data: dict[str, Any]) -> Location:
        return Location.objects.create(organization=self.request.organization, **data)

    def perform_update(self, instance: Location, data: dict[str, Any], version: int | None) -> Location:
        if version not in {None, 3}:
            raise StaleVersion("Somebody else saved this first.", current=3, conflicts=[{"field": "name"}])
        for name, value in data.items():
            setattr(instance, name, value)
        instance.save()
        instance.probe_version = 4
        return instance

    @action(detail=True, methods=["post"])
    def close(self, request: Any, pk: Any) -> Response:
        """Refuse after having written, to show that nothing stays."""
        Location.objects.filter(pk=self.get_object().pk).update(city="changed")
        raise Conflict("Patients are expected here. Move them first.", code="patients_expected", extra={"patients": 2})

    @action(detail=True, methods=["post"])
    def fail(self, request: Any, pk: Any) -> Response:
        Location.objects.filter(pk=self.get_object().pk).update(city="changed")
        raise RuntimeError("a bug")


router = SimpleRouter(use_regex_path=False)
router.register("probe", LocationViewSet, basename="probe")
urlpatterns = [path("api/v1/", include((router.urls, "probe"))), *urlpatterns]  # noqa: F405
