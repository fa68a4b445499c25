"""Rate limit per API key or person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:  # DRF imports this module from its settings, while rest_framework.views is being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ActorThrottle(SimpleRateThrottle):
    """Count requests per actor in the shared cache; over the limit the answer is 429 with `Retry-After`."""

    scope = "actor"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        actor = getattr(request._request, "actor", None)
        return None if actor is None else self.cache_format % {"scope": self.scope, "ident": f"{actor.kind}-{actor.id}"}
