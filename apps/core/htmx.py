"""Small helpers for htmx: whether to answer with a fragment, and what to trigger in the page."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.middleware import HtmxDetails

R = TypeVar("R", bound=HttpResponse)


class HtmxHttpRequest(HttpRequest):
    """A request that passed django-htmx's middleware."""

    htmx: HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether the answer replaces a region: an htmx request that is neither boosted nor a history restore."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def in_dialog(request: HttpRequest) -> bool:
    """Tell whether the answer goes into the dialog; a form on a page of its own swaps itself and stays a page."""
    return wants_fragment(request) and request.headers.get("HX-Target", "modal") == "modal"


def go(request: HttpRequest, url: str, text: str = "") -> HttpResponse:
    """Lead to another page, whoever asks; the text is its toast."""
    if text:
        messages.success(request, text)
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def trigger(response: R, **events: Any) -> R:
    """Add events to the response's `HX-Trigger`, keeping those that are there; names use `__` for `:`."""
    present = json.loads(response.headers.get("HX-Trigger", "{}"))
    present.update({name.replace("__", ":"): detail for name, detail in events.items()})
    response["HX-Trigger"] = json.dumps(present)
    return response


def toast(response: R, text: str, *, tone: str = "ok", undo_url: str = "") -> R:
    """Show a toast: past tense, at most one line; with `undo_url` it carries an Undo button that POSTs there."""
    return trigger(response, toast={"text": text, "tone": tone, "undo_url": undo_url})
