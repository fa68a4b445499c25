"""Twilio's doors: check the signature, store, answer. No session, no CSRF, no vendor call, at most three queries."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core.tenancy import all_organizations
from apps.webhooks.refusals import count_refusal
from apps.webhooks.routing import Route, routes_for_message, routes_for_status
from apps.webhooks.services import COMMUNICATION_FIELD, reject_inbound, store_inbound
from apps.webhooks.sources import TWILIO_MESSAGE, TWILIO_STATUS
from apps.webhooks.twilio import Callback, Malformed, Refused, message_key, read_callback, status_key


@csrf_exempt
@login_not_required
@require_POST
def twilio_message(request: HttpRequest) -> HttpResponse:
    """Take in one WhatsApp or SMS message; the empty TwiML answer sends nothing."""
    try:
        _take_in(request, source=TWILIO_MESSAGE, routes=routes_for_message, key=_message_key)
    except Refused as refusal:
        return _refuse("message", refusal)
    return HttpResponse("<Response/>", content_type="text/xml")


@csrf_exempt
@login_not_required
@require_POST
def twilio_status(request: HttpRequest) -> HttpResponse:
    """Take in one status of an outbound message or call."""
    try:
        _take_in(request, source=TWILIO_STATUS, routes=routes_for_status, key=_status_key)
    except Refused as refusal:
        return _refuse("status", refusal)
    return HttpResponse(status=204)


def _take_in(
    request: HttpRequest,
    *,
    source: str,
    routes: Callable[[Callback], list[Route]],
    key: Callable[[Callback], tuple[str, str]],
) -> None:
    """Store the request for the organization whose token signed it, or raise Refused; three queries in one transaction.

    A malformed one is kept as rejected, committed, and only then refused.
    """
    callback = read_callback(request)
    malformed = ""
    with all_organizations():
        route = _signed_route(callback, routes(callback))
        try:
            provider_id, contact_key = key(callback)
        except Malformed as error:
            malformed = str(error)
            reject_inbound(
                organization_id=route.organization_id,
                source=source,
                digest=callback.digest,
                payload=callback.fields,
                error=malformed,
            )
        else:
            payload = callback.fields | (
                {COMMUNICATION_FIELD: callback.communication_id} if callback.communication_id else {}
            )
            store_inbound(
                organization_id=route.organization_id,
                source=source,
                provider_id=provider_id,
                contact_key=contact_key,
                payload=payload,
            )
    if malformed:
        raise Refused(400, "malformed", malformed)


def _signed_route(callback: Callback, routes: list[Route]) -> Route:
    """Return the first organization whose token signed the request; raise Refused: 403, or 404 for a number nobody has."""
    if not callback.signature:
        raise Refused(403, "unsigned", "The request carries no X-Twilio-Signature.")
    for route in routes:
        if callback.is_signed_with(route.token):
            return route
    if routes and not any(route.token for route in routes):
        raise Refused(
            403,
            "no_token",
            "No auth token is configured for this number; set TWILIO_AUTH_TOKEN or the channel account's own.",
        )
    if not routes and callback.is_signed_with(settings.TWILIO_AUTH_TOKEN):
        if not callback.fields.get("To"):
            raise Refused(400, "malformed", "To is missing.")
        raise Refused(404, "unknown_number", "No channel account has this number; add it in the admin.")
    raise Refused(403, "signature", "The signature does not match this address, body and account.")


def _message_key(callback: Callback) -> tuple[str, str]:
    sid, sender = message_key(callback.fields)
    return sid, f"{sender.channel}:{sender.value}"


def _status_key(callback: Callback) -> tuple[str, str]:
    return status_key(callback.fields), ""


def _refuse(endpoint: str, refusal: Refused) -> HttpResponse:
    count_refusal(endpoint, refusal.reason)
    return HttpResponse(f"{refusal.text}\n", status=refusal.status, content_type="text/plain; charset=utf-8")
