"""`/api/v1/appointments/imports/`: CSV files of appointments, checked row by row, then imported."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments.models import AppointmentImport, ImportRow
from apps.appointments.serializers_imports import (
    AppointmentImportSerializer,
    ImportOptionsSerializer,
    ImportQuerySerializer,
    ImportRowSerializer,
    ImportUploadSerializer,
)
from apps.appointments.services import importing
from apps.core.api.parsers import JSONParser
from apps.core.imports.api import ACTIONS, CsvParser, FileImportRowViewSet, FileImportViewSet
from apps.organizations.permissions import Permission

MANAGE = Permission.PRACTITIONERS_MANAGE
_ACCEPTED = {202: AppointmentImportSerializer}


@extend_schema_view(
    check=extend_schema(request=ImportOptionsSerializer, responses=_ACCEPTED),
    run=extend_schema(operation_id="appointments_imports_import", request=None, responses=_ACCEPTED),
)
class AppointmentImportViewSet(FileImportViewSet):
    """Files of appointments from another system. Their rows are checked first; `import/` books what can be had."""

    queryset = AppointmentImport.objects.select_related("location")
    steps = importing.STEPS
    serializer_class = AppointmentImportSerializer
    query_serializer_class = ImportQuerySerializer
    upload_serializer_class = ImportUploadSerializer
    options_serializer_class = ImportOptionsSerializer
    parser_classes = (JSONParser, CsvParser, MultiPartParser)
    permissions: ClassVar = dict.fromkeys(ACTIONS, MANAGE)

    @extend_schema(
        parameters=[ImportQuerySerializer],
        request={"multipart/form-data": ImportUploadSerializer, "text/csv": OpenApiTypes.BINARY},
        responses=_ACCEPTED,
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a CSV file, and check its rows in the background; nothing is booked.

        A `text/csv` body is the file itself, with the options in the address; a form has both as fields. Without a
        `mapping`, names of columns that common systems use are recognised. When something stays open, the answer's
        `missing` says so, its status is `uploaded`, and `check/` goes on. Ask `GET` until it is `checked`.
        """
        return super().create(request, *args, **kwargs)

    def upload(self, content: bytes, options: dict[str, Any]) -> AppointmentImport:
        return importing.upload_appointments(
            organization=self.request.organization, content=content, actor=self.actor, **options
        )

    def check_rows(
        self, batch: AppointmentImport, options: dict[str, Any], mapping: dict[str, int]
    ) -> AppointmentImport:
        return importing.check_import(
            batch=batch,
            mapping=mapping,
            location=options.get("location", batch.location),
            tells_patients=options.get("tells_patients", batch.tells_patients),
            sets_rules_aside=options.get("sets_rules_aside", batch.sets_rules_aside),
            actor=self.actor,
        )


class ImportRowViewSet(FileImportRowViewSet):
    """What checking said about the rows of a file, and what became of them."""

    queryset = ImportRow.objects.all()
    batches = AppointmentImport
    serializer_class = ImportRowSerializer
    permissions: ClassVar = {"list": MANAGE}


routes = [("appointments/imports", AppointmentImportViewSet, "imports")]
urlpatterns = [
    path("appointments/imports/<uuid:batch>/rows/", ImportRowViewSet.as_view({"get": "list"}), name="import-rows")
]
