"""The base of every API view: one organization's rows, default deny, writes through services.

A viewset is composed: `class PatientViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet)`. It says
`permissions = {"list": Permission.X, …}` by action (an action without one is refused), `serializer_class` for what
it answers, `write_serializer_class` (and `update_serializer_class`, when a PATCH takes other fields) for what it
reads, and its `perform_*` call a service with `actor=self.actor`. Further actions are DRF's `@action`, with
`self.read(InputSerializer)` for the body and `self.answer(instance)` for the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.urls import reverse
from rest_framework import status
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from apps.core.actors import Actor
from apps.core.api.bodies import validated
from apps.core.api.idempotency import AnswerOnceMixin
from apps.core.api.partly import read_partly
from apps.core.api.preconditions import etag, expected_version
from apps.core.api.queries import StrictQueryMixin
from apps.core.models import TenantQuerySet


class ApiView(StrictQueryMixin, AnswerOnceMixin, APIView):
    """An endpoint that is no collection of rows; `permissions` maps lower-case methods to permissions."""

    permissions: ClassVar[Mapping[str, str]] = {}

    @property
    def actor(self) -> Actor:
        return self.request.actor

    def read(self, serializer_class: type[BaseSerializer], *, data: Any = None) -> dict[str, Any]:
        """Return the validated body (or the given data); raise the 422 that names each wrong field."""
        serializer = serializer_class(
            data=self.request.data if data is None else data, context={"request": self.request, "view": self}
        )
        if data is None:
            return validated(serializer)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class TenantViewSet(StrictQueryMixin, AnswerOnceMixin, GenericViewSet):
    """Rows of the caller's organization. Ids are UUIDs; an object of another organization is not found."""

    queryset: TenantQuerySet
    permissions: ClassVar[Mapping[str, str]] = {}
    lookup_value_converter = "uuid"
    write_serializer_class: type[BaseSerializer] | None = None
    update_serializer_class: type[BaseSerializer] | None = None
    version_attribute = "version"

    @property
    def actor(self) -> Actor:
        return self.request.actor

    def get_queryset(self) -> QuerySet:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.for_organization(self.request.organization)

    def input_serializer_class(self) -> type[BaseSerializer]:
        """Return what the body of the present action is read with."""
        if self.action in {"update", "partial_update"} and self.update_serializer_class is not None:
            return self.update_serializer_class
        return self.write_serializer_class or self.get_serializer_class()

    def read(
        self, serializer_class: type[BaseSerializer] | None = None, *, instance: Model | None = None
    ) -> dict[str, Any]:
        """Return the validated body; with an instance only the given fields. Raise the 422 that names each wrong field."""
        chosen = serializer_class or self.input_serializer_class()
        shown = self.get_serializer_class() if serializer_class is None else None
        context = self.get_serializer_context()
        if instance is not None:
            return read_partly(chosen, self.request.data, instance=instance, shown=shown, context=context)
        return validated(chosen(data=self.request.data, context=context), shown=shown)

    def expected_version(self, data: dict[str, Any] | None = None) -> int | None:
        """Return the version that the caller read (`If-Match`, or `version` taken out of the data), None for any."""
        return expected_version(self.request, data)

    def address_of(self, instance: Model) -> str:
        """Return the path under which the object is found."""
        match = self.request.resolver_match
        namespace = f"{match.namespace}:" if match and match.namespace else ""
        return reverse(f"{namespace}{self.basename}-detail", args=[instance.pk])

    def answer(self, instance: Model, *, status_code: int = status.HTTP_200_OK) -> Response:
        """Answer with the object as its read serializer shows it, its version as the ETag."""
        response = Response(self.get_serializer(instance).data, status=status_code)
        version = getattr(instance, self.version_attribute, None)
        if isinstance(version, int):
            response["ETag"] = etag(version)
        return response


class ListMixin(ListModelMixin):
    """GET a page of rows."""


class RetrieveMixin:
    """GET one object."""

    def retrieve(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.get_object())


class CreateMixin:
    """POST a new object: `perform_create(data)` calls the service and returns the object. Answers 201 with Location."""

    def create(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.perform_create(self.read())
        response = self.answer(instance, status_code=status.HTTP_201_CREATED)
        response["Location"] = self.address_of(instance)
        return response

    def perform_create(self, data: dict[str, Any]) -> Model:
        """Call the service; return the new object."""
        raise NotImplementedError


class UpdateMixin:
    """PATCH some fields: `perform_update(instance, data, version)` calls the service and returns the object."""

    def partial_update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        data = self.read(instance=instance)
        version = self.expected_version(data)
        return self.answer(self.perform_update(instance, data, version))

    def perform_update(self, instance: Any, data: dict[str, Any], version: int | None) -> Model:
        """Call the service; return the changed object. `version` is what the caller read, None for any."""
        raise NotImplementedError


class DestroyMixin:
    """DELETE an object: `perform_destroy(instance)` calls the service. Answers 204."""

    def destroy(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.perform_destroy(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def perform_destroy(self, instance: Any) -> None:
        """Call the service."""
        raise NotImplementedError
