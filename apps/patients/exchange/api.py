"""`/api/v1/patients/{id}/export/`: one patient's record as a file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from apps.core.api.schema import ProblemSerializer
from apps.core.errors import InvalidInput
from apps.patients.exchange.kinds import EXPORT_KINDS, ExportKind, find_kind
from apps.patients.services.exporting import export_patient


def _renderer(kind: ExportKind) -> type[BaseRenderer]:
    """Return what lets callers ask for a kind; the view answers with the file, a refusal is JSON whatever was asked for."""
    named = {"media_type": kind.content_type, "format": kind.key, "render": _render_refusal}
    return type(f"{kind.key.title()}ExportRenderer", (JSONRenderer,), named)


def _render_refusal(
    self: BaseRenderer, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
) -> bytes:
    return JSONRenderer().render(data)


def _body(kind: ExportKind) -> OpenApiTypes:
    return OpenApiTypes.OBJECT if kind.content_type.endswith("json") else OpenApiTypes.BINARY


class ExportNegotiation(DefaultContentNegotiation):
    """`?format=` before `Accept`; a format that there isn't is refused by name."""

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return whom the format names, else whom `Accept` does."""
        asked = request.query_params.get("format")
        if asked:
            (found,) = self.filter_renderers(renderers, asked)
            return found, found.media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen

    def filter_renderers(self, renderers: Sequence[BaseRenderer], format: str) -> list[BaseRenderer]:  # noqa: A002 - its name there
        """Return the renderer of the format. Raises InvalidInput (field `format`)."""
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            message = _("Choose one of: %(list)s.") % {"list": ", ".join(EXPORT_KINDS)}
            raise InvalidInput(message, errors={"format": [message]})
        return found


class ExportMixin:
    """Adds `export/` to the patients' viewset."""

    @extend_schema(
        operation_id="patients_export",
        parameters=[OpenApiParameter("format", enum=list(EXPORT_KINDS), description="before `Accept`; else JSON")],
        responses={(200, kind.content_type): _body(kind) for kind in EXPORT_KINDS.values()}
        | {(status, "application/problem+json"): ProblemSerializer for status in (406, 409, 422)},
    )
    @action(
        detail=True,
        methods=["get"],
        filter_backends=[],
        pagination_class=None,
        renderer_classes=[_renderer(kind) for kind in EXPORT_KINDS.values()],
        content_negotiation_class=ExportNegotiation,
    )
    def export(self: Any, request: Request, pk: uuid.UUID) -> HttpResponse:
        """Give everything that is known of the patient as one file; its shape is in docs/exchange.md.

        A record that was merged answers 409 with the one that it became a part of (`merged_into`).
        """
        kind = find_kind(request.accepted_renderer.format)
        file = export_patient(
            patient=self.get_object(), kind=kind, route=f"api:patients-export:{kind.key}", actor=self.actor
        )
        return HttpResponse(file.content, content_type=file.content_type, headers=file.headers)
