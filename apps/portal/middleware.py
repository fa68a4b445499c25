"""Where the live feed stood before a page read anything."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from apps.events.selectors import current_cursor


class LiveCursorMiddleware:
    """Set `request.live_cursor` on the way into a page; one query for a page of the frame, none for a fragment or the API.

    The page's first question starts there. Asked for later, what was committed between the page's own queries and its
    first question would stand neither on the page nor in the answer. Stands below OrganizationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _has_frame(request):
            request.live_cursor = current_cursor()  # type: ignore[attr-defined]
        return self.get_response(request)


def _has_frame(request: HttpRequest) -> bool:
    return (
        request.method == "GET"
        and getattr(request, "actor", None) is not None
        and request.headers.get("HX-Request") != "true"
        and "text/html" in request.headers.get("Accept", "")
    )
