"""`/api/v1/media/`. Every answer that shows a patient's file leaves an access record."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.api.filters import FilterSet
from apps.core.api.problems import problem
from apps.core.api.schema import PROBLEM_TYPE, ProblemSerializer
from apps.core.api.viewsets import ListMixin, RetrieveMixin, TenantViewSet
from apps.core.errors import InvalidInput
from apps.media import services
from apps.media.handing_out import Variant, hand_out
from apps.media.models import Media, MediaState, Purpose
from apps.media.serializers import (
    CompletedSerializer,
    CompleteSerializer,
    DeletionSerializer,
    DownloadSerializer,
    MediaSerializer,
    UploadSerializer,
    UploadWriteSerializer,
)
from apps.media.storage import READ_FOR
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter

VIEW, MANAGE = Permission.MEDIA_VIEW, Permission.MEDIA_MANAGE


class MediaFilter(FilterSet):
    """Deleted and rejected files are listed only when their `state` is asked for."""

    patient = OfPatientFilter()
    subject_id = django_filters.UUIDFilter()
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices)
    state = django_filters.ChoiceFilter(choices=MediaState.choices)

    class Meta:
        model = Media
        fields = ["subject_kind"]

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        rows = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("state"):
            return rows
        return rows.exclude(state__in=[MediaState.DELETED, MediaState.REJECTED])


class _NotedViewSet(TenantViewSet):
    """Files, each look noted."""

    queryset = Media.objects.select_related("stored", "patient")
    serializer_class = MediaSerializer

    def get_object(self) -> Media:
        media: Media = super().get_object()
        media.organization = self.request.organization
        return media

    def _note(self, files: Iterable[Media], kind: AccessKind = AccessKind.VIEW) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=list(dict.fromkeys(media.patient_id for media in files if media.patient_id)),
            route=f"api:{self.basename}-{self.action.replace('_', '-')}",
            kind=kind,
        )

    def _shown(self, media: Media) -> Response:
        fresh = self.get_queryset().get(pk=media.pk)
        return Response(MediaSerializer(fresh, context=self.get_serializer_context()).data)


class UploadViewSet(_NotedViewSet):
    """Uploading: say what will come, send it to the address in the answer, say that it is complete."""

    permissions = {"create": MANAGE, "complete": MANAGE}
    write_serializer_class = UploadWriteSerializer

    @extend_schema(request=UploadWriteSerializer, responses={201: UploadSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for an address to send one file to; it works for a quarter of an hour and this size only."""
        media, form = services.create_upload(organization=request.organization, actor=self.actor, **self.read())
        context = {**self.get_serializer_context(), "form": form}
        return Response(UploadSerializer(media, context=context).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CompleteSerializer, responses={200: CompletedSerializer, 202: CompletedSerializer})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: uuid.UUID) -> Response:
        """Have what was sent examined. Idempotent.

        200 when the file is ready. 202 with `state: checking` for a large one: ask `media/{id}/` again. 422 when the
        bytes are not accepted, with the reason's `code` (`type_not_allowed`, `type_mismatch`, `too_large`,
        `too_many_pixels`, `unreadable`, `empty`); they are removed. `same_as` names the file
        that the patient had with the same bytes. 409 `not_uploaded` when nothing has arrived.
        """
        media = services.complete_upload(media=self.get_object(), actor=self.actor)
        self._note([media])
        if media.state == MediaState.REJECTED:
            # Answered, not raised: that the file was rejected must stay written down.
            body = problem(
                status_code=HTTPStatus.UNPROCESSABLE_ENTITY,
                detail=media.reason,
                code=media.reason_code,
                errors=[{"field": "file", "code": media.reason_code, "message": media.reason}],
            )
            return Response(body, status=body["status"], content_type="application/problem+json")
        fresh = self.get_queryset().get(pk=media.pk)
        response = Response(CompletedSerializer(fresh, context=self.get_serializer_context()).data)
        response.status_code = HTTPStatus.ACCEPTED if media.state == MediaState.CHECKING else HTTPStatus.OK
        return response


class MediaViewSet(ListMixin, RetrieveMixin, _NotedViewSet):
    """Files of patients: documents, photos, attachments of messages."""

    filterset_class = MediaFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "download": VIEW,
        "remove": MANAGE,
        "restore": MANAGE,
        "photo": MANAGE,
    }

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Narrow the list; one file is found in whatever state it is."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List files, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note(page, AccessKind.SEARCH)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        media = self.get_object()
        self._note([media])
        return self.answer(media)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "variant",
                str,
                enum=[Variant.FILE.value, Variant.VIEW.value, Variant.PREVIEW.value],
                description="the file (as an attachment), or a picture of it, large or small; the file unless asked for",
            )
        ],
        responses={200: DownloadSerializer, (409, PROBLEM_TYPE): ProblemSerializer},
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def download(self, request: Request, pk: uuid.UUID) -> Response:
        """Ask for an address to read the bytes at; it works for five minutes. 409 `not_ready` until the file is ready."""
        wanted = request.query_params.get("variant", Variant.FILE.value)
        if wanted not in (Variant.FILE, Variant.VIEW, Variant.PREVIEW):
            message = _("`variant` is one of: file, view, preview.")
            raise InvalidInput(message, errors={"variant": [message]})
        handed = hand_out(
            media=self.get_object(), variant=Variant(wanted), actor=self.actor, route="api:media-download"
        )
        body = {
            "url": request.build_absolute_uri(handed.url),
            "content_type": handed.content_type,
            "expires_at": timezone.now() + READ_FOR,
        }
        return Response(DownloadSerializer(body).data)

    @extend_schema(request=DeletionSerializer, responses=MediaSerializer)
    @action(detail=True, methods=["post"], url_path="delete")
    def remove(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete with a reason. The row stays; for a day `restore` brings the file back."""
        data = self.read(DeletionSerializer)
        return self._shown(services.delete_media(media=self.get_object(), actor=self.actor, **data))

    @extend_schema(request=CompleteSerializer, responses=MediaSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: uuid.UUID) -> Response:
        """Bring a deleted file back; 409 `bytes_are_gone` when it was deleted for good."""
        return self._shown(services.restore_media(media=self.get_object(), actor=self.actor))

    @extend_schema(request=CompleteSerializer, responses=MediaSerializer)
    @action(detail=True, methods=["post"])
    def photo(self, request: Request, pk: uuid.UUID) -> Response:
        """Choose a picture as its patient's photo."""
        return self._shown(services.use_as_photo(media=self.get_object(), actor=self.actor))


routes = [("media/uploads", UploadViewSet, "media-uploads"), ("media", MediaViewSet, "media")]
