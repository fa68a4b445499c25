"""`/api/v1/appointments/imports/`: CSV files of appointments, checked row by row, then imported."""

from __future__ import annotations

import uuid
from typing import IO, Any, ClassVar

from django.db.models import Model, QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.exchange.reading import read_mapping, what_is_missing
from apps.appointments.models import AppointmentImport, ImportRow
from apps.appointments.serializers_imports import (
    AppointmentImportSerializer,
    ImportOptionsSerializer,
    ImportQuerySerializer,
    ImportRowSerializer,
    ImportUploadSerializer,
)
from apps.appointments.services import importing
from apps.core.api.pagination import CursorPagination
from apps.core.api.parsers import JSONParser
from apps.core.api.problems import TooLarge
from apps.core.api.viewsets import DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.core.csv_files import MOST_BYTES, too_large
from apps.core.errors import InvalidInput, NotFound
from apps.core.imports.progress import progress_of
from apps.organizations.permissions import Permission

MANAGE = Permission.PRACTITIONERS_MANAGE


class CsvParser(BaseParser):
    """Gives the bytes of a CSV file to the view."""

    media_type = "text/csv"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> bytes:
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge(too_large(MOST_BYTES))
        return content


class AppointmentImportViewSet(ListMixin, RetrieveMixin, DestroyMixin, TenantViewSet):
    """Files of appointments from another system. Their rows are checked first; `import/` books what can be had."""

    queryset = AppointmentImport.objects.select_related("location")
    serializer_class = AppointmentImportSerializer
    parser_classes = (JSONParser, CsvParser, MultiPartParser)
    filterset_fields: ClassVar = ["status"]
    permissions: ClassVar = {
        "list": MANAGE,
        "retrieve": MANAGE,
        "create": MANAGE,
        "check": MANAGE,
        "run": MANAGE,
        "stop": MANAGE,
        "destroy": MANAGE,
    }
    version_attribute = ""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the files of the last 30 days; they are forgotten after that, their visits stay."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        progress = progress_of(page, ImportRow)
        for batch in page:
            batch.progress = progress[batch.pk]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        parameters=[ImportQuerySerializer],
        request={"multipart/form-data": ImportUploadSerializer, "text/csv": OpenApiTypes.BINARY},
        responses={202: AppointmentImportSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a CSV file, and check its rows in the background; nothing is booked.

        A `text/csv` body is the file itself, with the options in the address; a form has both as fields. Without a
        `mapping`, names of columns that common systems use are recognised. When something stays open, the answer's
        `missing` says so, its status is `uploaded`, and `check/` goes on. Ask `GET` until it is `checked`.
        """
        media_type = (request.content_type or "").partition(";")[0].strip()
        if media_type == CsvParser.media_type:
            content = request.data if isinstance(request.data, bytes) else b""
            options = self._read_options(ImportQuerySerializer, request.query_params)
        elif media_type == JSONParser.media_type:
            message = _("Send the CSV file as a `text/csv` body, or as the field `file` of a form.")
            raise InvalidInput(message, errors={"file": [message]})
        else:
            options = self._read_options(ImportUploadSerializer, request.data)
            file = options.pop("file")
            content, options["file_name"] = file.read(), options["file_name"] or file.name or ""
        mapping = options.pop("mapping", None)
        batch = importing.upload_appointments(
            organization=request.organization, content=content, actor=self.actor, **options
        )
        if mapping is not None or not what_is_missing(batch.mapping, needs_location=batch.location is None):
            batch = self._check(batch, {"mapping": mapping})
        response = self.answer(batch, status_code=status.HTTP_202_ACCEPTED)
        response["Location"] = self.address_of(batch)
        return response

    @extend_schema(request=ImportOptionsSerializer, responses={202: AppointmentImportSerializer})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: uuid.UUID) -> Response:
        """Check every row anew, by other columns or another choice; possible until the import begins."""
        batch = self._check(self.get_object(), self.read(ImportOptionsSerializer))
        return self.answer(batch, status_code=status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="appointments_imports_import", request=None, responses={202: AppointmentImportSerializer}
    )
    @action(detail=True, methods=["post"], url_path="import")
    def run(self, request: Request, pk: uuid.UUID) -> Response:
        """Import the rows that can be had, in the background; also takes up one that was stopped. Repeating is fine."""
        batch = importing.run_import(batch=self.get_object(), actor=self.actor)
        return self.answer(batch, status_code=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: uuid.UUID) -> Response:
        """Stop after the row that is being imported; what was imported stays."""
        return self.answer(importing.stop_import(batch=self.get_object(), actor=self.actor))

    def perform_destroy(self, instance: AppointmentImport) -> None:
        """Forget the file and its rows; visits that were imported stay."""
        importing.discard_import(batch=instance, actor=self.actor)

    def answer(self, instance: Model, *, status_code: int = status.HTTP_200_OK) -> Response:
        instance.progress = progress_of([instance], ImportRow)[instance.pk]  # type: ignore[attr-defined,list-item]
        return super().answer(instance, status_code=status_code)

    def _read_options(self, serializer_class: type[ImportOptionsSerializer], data: Any) -> dict[str, Any]:
        serializer = serializer_class(data=data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _check(self, batch: AppointmentImport, options: dict[str, Any]) -> AppointmentImport:
        """Check with what was given now, and else with what was said before."""
        mapping = options.get("mapping")
        return importing.check_import(
            batch=batch,
            mapping=batch.mapping if mapping is None else read_mapping(batch.header, mapping),
            location=options.get("location", batch.location),
            tells_patients=options.get("tells_patients", batch.tells_patients),
            sets_rules_aside=options.get("sets_rules_aside", batch.sets_rules_aside),
            actor=self.actor,
        )


class InFileOrder(CursorPagination):
    """As the file has them."""

    ordering = ("line", "id")
    orderings: ClassVar = {"line": ("line", "id"), "-line": ("-line", "-id"), **CursorPagination.orderings}


class ImportRowViewSet(ListMixin, TenantViewSet):
    """What checking said about the rows of a file, and what became of them."""

    queryset = ImportRow.objects.all()
    serializer_class = ImportRowSerializer
    pagination_class = InFileOrder
    filterset_fields: ClassVar = ["state"]
    permissions: ClassVar = {"list": MANAGE}

    def get_queryset(self) -> QuerySet:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        batches = AppointmentImport.objects.for_organization(self.request.organization)
        batch = batches.filter(pk=self.kwargs["batch"]).first()
        if batch is None:
            raise NotFound(_("There is no such import in your organization."))
        return rows.filter(batch=batch)


routes = [("appointments/imports", AppointmentImportViewSet, "imports")]
urlpatterns = [
    path("appointments/imports/<uuid:batch>/rows/", ImportRowViewSet.as_view({"get": "list"}), name="import-rows")
]
