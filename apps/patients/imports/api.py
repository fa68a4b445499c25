"""`/api/v1/patients/imports/`: files of patients, CSV or FHIR R4, checked row by row, then imported."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.imports.api import ACTIONS, CsvParser, FileImportRowViewSet, FileImportViewSet, FileParser
from apps.organizations.permissions import Permission
from apps.patients.imports.serializers import (
    PatientImportOptionsSerializer,
    PatientImportQuerySerializer,
    PatientImportRowSerializer,
    PatientImportSerializer,
    PatientImportUploadSerializer,
)
from apps.patients.models import PatientImport, PatientImportRow
from apps.patients.services import importing

MANAGE = Permission.PRACTITIONERS_MANAGE
_ACCEPTED = {202: PatientImportSerializer}
_JSON = (
    *("application/fhir+json", "application/json"),
    *("application/fhir+ndjson", "application/ndjson", "application/x-ndjson"),
)


def _parser_of(kind: str) -> type[FileParser]:
    return type("FhirParser", (FileParser,), {"media_type": kind})


@extend_schema_view(
    check=extend_schema(request=PatientImportOptionsSerializer, responses=_ACCEPTED),
    run=extend_schema(operation_id="patients_imports_import", request=None, responses=_ACCEPTED),
)
class PatientImportViewSet(FileImportViewSet):
    """Files of patients from another system. Their rows are checked first; `import/` registers who can be had."""

    queryset = PatientImport.objects.all()
    steps = importing.STEPS
    most_bytes = importing.MOST_BYTES
    serializer_class = PatientImportSerializer
    query_serializer_class = PatientImportQuerySerializer
    upload_serializer_class = PatientImportUploadSerializer
    options_serializer_class = PatientImportOptionsSerializer
    parser_classes = (CsvParser, *map(_parser_of, _JSON), MultiPartParser)
    permissions: ClassVar = dict.fromkeys(ACTIONS, MANAGE)

    @extend_schema(
        parameters=[PatientImportQuerySerializer],
        request={
            "multipart/form-data": PatientImportUploadSerializer,
            **dict.fromkeys(("text/csv", *_JSON), OpenApiTypes.BINARY),
        },
        responses=_ACCEPTED,
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a CSV or FHIR R4 file, and check its rows in the background; nobody is registered.

        The body is the file itself, with the options in the address; a form has both as fields. FHIR is a Bundle, a
        Patient, a list, or one of them per line. Of CSV, names of columns that common systems use are recognised
        without a `mapping`. When something stays open, the answer's `missing` says so, its status is `uploaded`, and
        `check/` goes on. Ask `GET` until it is `checked`.
        """
        return super().create(request, *args, **kwargs)

    def upload(self, content: bytes, options: dict[str, Any]) -> PatientImport:
        return importing.upload_patients(
            organization=self.request.organization, content=content, actor=self.actor, **options
        )

    def check_rows(self, batch: PatientImport, options: dict[str, Any], mapping: dict[str, int]) -> PatientImport:
        return importing.check_import(
            batch=batch,
            mapping=mapping,
            system=options.get("system", batch.system),
            on_match=options.get("on_match", batch.on_match),
            actor=self.actor,
        )


class PatientImportRowViewSet(FileImportRowViewSet):
    """What checking said about the rows of a file, and who they became."""

    queryset = PatientImportRow.objects.all()
    batches = PatientImport
    serializer_class = PatientImportRowSerializer
    permissions: ClassVar = {"list": MANAGE}

    def paginate_queryset(self, queryset: Any) -> Any:
        """Note whose names the page shows."""
        page = super().paginate_queryset(queryset)
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=[row.patient_id for row in page or [] if row.patient_id],
            route="api:patient-import-rows",
            kind=AccessKind.SEARCH,
        )
        return page


routes = [("patients/imports", PatientImportViewSet, "patient-imports")]
urlpatterns = [
    path(
        "patients/imports/<uuid:batch>/rows/",
        PatientImportRowViewSet.as_view({"get": "list"}),
        name="patient-import-rows",
    )
]
