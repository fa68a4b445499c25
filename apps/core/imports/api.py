"""The API of imports: a file is taken, checked, imported, stopped and forgotten; its rows' verdicts are read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import IO, Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.settings import api_settings

from apps.core.api.bodies import validated
from apps.core.api.pagination import CursorPagination
from apps.core.api.parsers import JSONParser
from apps.core.api.problems import TooLarge
from apps.core.api.viewsets import DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet
from apps.core.csv_files import MOST_BYTES, too_large
from apps.core.errors import InvalidInput, NotFound
from apps.core.imports.columns import read_mapping
from apps.core.imports.models import FileImport, FileImportRow
from apps.core.imports.progress import progress_of
from apps.core.imports.steps import ImportSteps

ACTIONS = ("list", "retrieve", "create", "check", "run", "stop", "destroy")


class FileParser(BaseParser):
    """Gives the bytes of a body that is a file to the view, up to the view's limit."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        most: int = (parser_context or {})["view"].most_bytes
        content = stream.read(most + 1)
        if len(content) > most:
            raise TooLarge(too_large(most))
        return content


class CsvParser(FileParser):
    media_type = "text/csv"


class FileImportViewSet(ListMixin, RetrieveMixin, DestroyMixin, TenantViewSet):
    """Files from another system. Their rows are checked first; `import/` imports what can be had.

    A kind says its serializers, its `steps` and `most_bytes`, and calls its services in `upload` and
    `check_rows`. It names the file's media types in `parser_classes`.
    """

    steps: ImportSteps[Any]
    most_bytes: ClassVar[int] = MOST_BYTES
    query_serializer_class: type[Serializer]
    upload_serializer_class: type[Serializer]
    options_serializer_class: type[Serializer]
    filterset_fields: ClassVar = ["status"]
    version_attribute = ""

    def upload(self, content: bytes, options: dict[str, Any]) -> Any:
        """Keep the file."""
        raise NotImplementedError

    def check_rows(self, batch: Any, options: dict[str, Any], mapping: dict[str, int]) -> Any:
        """Let the rows be checked with what was given now, and else with what was said before."""
        raise NotImplementedError

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the files of the last 30 days; they are forgotten after that, what they brought stays."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        progress = progress_of(page, self.steps.rows)
        for batch in page:
            batch.progress = progress[batch.pk]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        content, options = self._read_file(request)
        mapping = options.pop("mapping", None)
        batch = self.upload(content, options)
        if mapping is not None or not self.steps.missing(batch):
            batch = self._check(batch, {"mapping": mapping})
        response = self.answer(batch, status_code=status.HTTP_202_ACCEPTED)
        response["Location"] = self.address_of(batch)
        return response

    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def check(self, request: Request, pk: uuid.UUID) -> Response:
        """Check every row anew, by other columns or another choice; possible until the import begins."""
        batch = self._check(self.get_object(), self.read(self.options_serializer_class))
        return self.answer(batch, status_code=status.HTTP_202_ACCEPTED)

    @action(detail=True, methods=["post"], url_path="import", parser_classes=[JSONParser])
    def run(self, request: Request, pk: uuid.UUID) -> Response:
        """Import the rows that can be had, in the background; also takes up one that was stopped. Repeating is fine."""
        batch = self.steps.run(batch=self.get_object(), actor=self.actor)
        return self.answer(batch, status_code=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def stop(self, request: Request, pk: uuid.UUID) -> Response:
        """Stop after the rows that are being imported; what was imported stays."""
        return self.answer(self.steps.stop(batch=self.get_object(), actor=self.actor))

    def perform_destroy(self, instance: FileImport) -> None:
        """Forget the file and its rows; what was imported stays."""
        self.steps.discard(batch=instance, actor=self.actor)

    def answer(self, instance: Model, *, status_code: int = status.HTTP_200_OK) -> Response:
        instance.progress = progress_of([instance], self.steps.rows)[instance.pk]  # type: ignore[attr-defined,list-item]
        return super().answer(instance, status_code=status_code)

    def _read_file(self, request: Request) -> tuple[bytes, dict[str, Any]]:
        """Return the file and its options: a body that is the file, with the options in the address; or a form."""
        media_type = (request.content_type or "").partition(";")[0].strip()
        data = request.data  # answers 415 to what no parser reads
        if media_type == MultiPartParser.media_type:
            options = self._options(self.upload_serializer_class, data)
            file = options.pop("file")
            options["file_name"] = options["file_name"] or file.name or ""
            return file.read(), options
        if any(issubclass(one, FileParser) and one.media_type == media_type for one in self.parser_classes):
            content = data if isinstance(data, bytes) else b""  # an empty body is not parsed at all
            return content, self._options(self.query_serializer_class, request.query_params)
        message = _("Send the file itself as the body, or as the field `file` of a form.")
        raise InvalidInput(message, errors={"file": [message]})

    def _options(self, serializer_class: type[Serializer], data: Any) -> dict[str, Any]:
        serializer = serializer_class(data=data, context=self.get_serializer_context())
        return validated(serializer, also=frozenset({api_settings.URL_FORMAT_OVERRIDE}))

    def _check(self, batch: Any, options: dict[str, Any]) -> Any:
        given = options.get("mapping")
        mapping = batch.mapping if given is None else read_mapping(batch.header, given, fields=self.steps.fields)
        return self.check_rows(batch, options, mapping)


class InFileOrder(CursorPagination):
    """As the file has them."""

    ordering = ("line", "id")
    orderings: ClassVar = {"line": ("line", "id"), "-line": ("-line", "-id"), **CursorPagination.orderings}


class FileImportRowViewSet(ListMixin, TenantViewSet):
    """What checking said about the rows of a file, and what became of them."""

    batches: type[FileImport]
    pagination_class = InFileOrder
    filterset_fields: ClassVar = ["state"]

    def get_queryset(self) -> QuerySet[FileImportRow]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        batches = self.batches.objects.for_organization(self.request.organization)  # type: ignore[attr-defined]
        batch = batches.filter(pk=self.kwargs["batch"]).first()
        if batch is None:
            raise NotFound(_("There is no such import in your organization."))
        return rows.filter(batch=batch)
