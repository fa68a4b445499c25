"""How the API describes itself (OpenAPI 3): what each action reads and answers, refusals, and its permission."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from apps.core.api.queries import shows_rows
from apps.core.api.renderers import FileRenderer


class KeyOrSession(OpenApiAuthenticationExtension):
    """How callers say who they are."""

    target_class = "apps.organizations.authentication.ActorAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key; a signed-in browser's session works too.",
        }


class ProblemErrorSerializer(serializers.Serializer):
    """One refused field."""

    field = serializers.CharField(help_text="dotted path; empty for the whole body")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="a sentence for people that ends in a next step")
    code = serializers.CharField(help_text="stable; for programs")
    errors = ProblemErrorSerializer(many=True)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Up to 255 printable ASCII characters. The same key and body get the same answer; another body is refused with 422.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": '^(\\*|(W/)?"[0-9]{1,9}")$'},
    OpenApiParameter.HEADER,
    description='The ETag of what was read, e.g. `"3"`; a stale one is refused with 409.',
)
PROBLEM_TYPE = "application/problem+json"


class PortalSchema(AutoSchema):
    """drf-spectacular's view of our viewsets: write serializers, headers, problems, tags by path."""

    def get_request_serializer(self) -> Any:
        if (
            self.method in {"POST", "PUT", "PATCH"}
            and hasattr(self.view, "input_serializer_class")
            and getattr(self.view, "action", "") in {"create", "partial_update"}
        ):
            return self.view.input_serializer_class()(context=self.view.get_serializer_context())
        return super().get_request_serializer()

    def get_override_parameters(self) -> list[OpenApiParameter]:
        own = list(super().get_override_parameters())
        if self.method == "POST":
            own.append(IDEMPOTENCY_KEY)
        if self.method == "PATCH":
            own.append(IF_MATCH)
        return own

    def get_filter_backends(self) -> list[Any]:
        """Name the filters of exports too."""
        if shows_rows(self.view, self.method):
            return list(getattr(self.view, "filter_backends", []))
        return list(super().get_filter_backends())

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        """Leave `format` out where the answer is a file whatever is asked for: JSON is for refusals only."""
        if any(isinstance(one, FileRenderer) for one in self.view.get_renderers()):
            return []
        return list(super()._get_format_parameters())

    def get_description(self) -> str:
        text = super().get_description() or ""
        needed = getattr(self.view, "permissions", {}).get(getattr(self.view, "action", None) or self.method.lower())
        return f"{text}\n\nPermission: `{needed}`.".strip() if needed else text

    def get_tags(self) -> list[str]:
        path = self.path.removeprefix("/api/v1/")
        return [path.split("/", 1)[0]]

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status in self._refusals():
            bodies.setdefault(
                status, self._get_response_for_code(ProblemSerializer, status, media_types=[PROBLEM_TYPE])
            )
        return bodies

    def _refusals(self) -> list[str]:
        """Return the statuses of refusals that any operation of this kind may answer with.

        404 is an object that there is not, a `cursor` of no page, or a `format` that nothing is given in; 406 an
        `Accept` that nothing fits; 422 of a GET a parameter that it does not take or can't read.
        """
        found = ["401", "403", "404", "406", "429"]
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            found += ["409"]
        if self.method in {"POST", "PUT", "PATCH"}:
            found += ["400"]
        if self.method in {"GET", "POST", "PUT", "PATCH"}:
            found += ["422"]
        return sorted(found)


def only_versioned(endpoints: list[tuple[Any, ...]], **_kwargs: Any) -> list[tuple[Any, ...]]:
    """Keep the REST API; FHIR describes itself at /fhir/metadata."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
