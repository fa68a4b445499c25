"""Phone simulator, demo mode only: write as any patient, see answers and ticks, let a delivery fail, jump the clock.

What is written goes through the same signed webhooks as Twilio's messages.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from functools import partial
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.communications.accounts import account_for
from apps.communications.models import Channel, Communication, SimulatorPhone
from apps.communications.services import pull_forward
from apps.core.errors import Conflict, InvalidInput
from apps.core.htmx import toast, trigger
from apps.core.ids import as_uuid
from apps.media.storage import Reading, files
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.patients.contact import normalise_phone
from apps.patients.models import ContactPoint
from apps.portal.simulator import OUTCOMES, due_next, known_addresses, phone_of, what_happened

SESSION_KEY = "simulator_phones"
MOST_PHONES = 3
STRANGER = "whatsapp:+13325550142"
TEXT_LIMIT = 4096
FILE_LIMIT = 16 * 1024 * 1024


def _require_demo() -> None:
    if not (settings.DEMO or settings.DEBUG or settings.TESTING):
        raise Http404


def _phones(request: HttpRequest) -> list[str]:
    kept: list[str] = request.session.get(SESSION_KEY, [])
    return kept or list(dict.fromkeys([STRANGER, *known_addresses(organization=request.organization)]))[:MOST_PHONES]  # type: ignore[attr-defined]


@require_GET
@requires(Permission.CONVERSATIONS_REPLY)
def simulator(request: HttpRequest) -> HttpResponse:
    """Show the phones, the messages that are due next, and what the system did."""
    _require_demo()
    organization = request.organization  # type: ignore[attr-defined]
    phones = [phone_of(organization=organization, key=key) for key in _phones(request)]
    return render(request, "portal/simulator.html", {"phones": phones, "outcomes": _outcomes(), **_side(request)})


simulator.navigation_key = "simulator"  # type: ignore[attr-defined]


@require_GET
@requires(Permission.CONVERSATIONS_REPLY)
def phone(request: HttpRequest) -> HttpResponse:
    """Answer one phone of the page, for its live refresh."""
    _require_demo()
    key = request.GET.get("key", "")
    channel, _colon, address = key.partition(":")
    if channel not in Channel.values or not address:
        raise Http404
    shown = phone_of(organization=request.organization, key=key)  # type: ignore[attr-defined]
    return render(request, "portal/_phone.html", {"phone": shown, "outcomes": _outcomes()})


@require_GET
@requires(Permission.CONVERSATIONS_REPLY)
def side(request: HttpRequest) -> HttpResponse:
    """Answer the clock and the list of what happened."""
    _require_demo()
    return render(request, "portal/simulator.html#side", _side(request))


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def write(request: HttpRequest) -> HttpResponse:
    """Send what was typed on a phone as Twilio's signed webhook, once this request's transaction is over."""
    _require_demo()
    from apps.communications.simulator_phone import write_as_patient  # importing it outside demo mode is an error

    channel, _colon, address = request.POST.get("key", "").partition(":")
    body, picture = request.POST.get("body", "")[:TEXT_LIMIT], request.FILES.get("file")
    if not body.strip() and picture is None:
        raise InvalidInput(_("Write something first."), errors={"body": [_("Write something first.")]})
    account = account_for(request.organization, channel) if channel in (Channel.WHATSAPP, Channel.SMS) else None  # type: ignore[attr-defined]
    if account is None:
        raise Conflict(_("The clinic has no number on this channel. Add a channel account in the admin."))
    name = request.POST.get("profile_name", "")[:80]
    media = [_at_the_carrier(request, picture)] if picture is not None else []
    send = partial(write_as_patient, account=account, address=address, body=body, profile_name=name, media=media)
    # Beside this request: one that waits for another of the same few threads is how a server stops answering.
    transaction.on_commit(lambda: threading.Thread(target=send, name="simulated-phone").start())
    return HttpResponse(status=204)


def _at_the_carrier(request: HttpRequest, picture: UploadedFile) -> dict[str, str]:
    """Keep a file where a carrier would, and return the address and type that its webhook names."""
    if (picture.size or 0) > FILE_LIMIT:
        text = _("WhatsApp takes files of up to 16 MB. Choose a smaller one.")
        raise InvalidInput(text, errors={"file": [text]})
    key = files().save(f"simulator/{request.organization.pk}/{secrets.token_hex(16)}", picture)  # type: ignore[attr-defined]
    content_type = picture.content_type or "application/octet-stream"
    url = files().reading_url(key, Reading(content_type))
    return {"url": urljoin(settings.PUBLIC_BASE_URL, url), "content_type": content_type}


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def set_outcome(request: HttpRequest) -> HttpResponse:
    """Choose what the carrier does with the next message to a phone."""
    _require_demo()
    outcome, address = request.POST.get("outcome", ""), request.POST.get("key", "").partition(":")[2]
    if outcome not in OUTCOMES or not address:
        raise InvalidInput(_("Choose one of the listed outcomes."), errors={"outcome": [outcome]})
    SimulatorPhone.objects.update_or_create(
        organization=request.organization,  # type: ignore[attr-defined]
        address=address,
        defaults={"next_outcome": outcome},
    )
    return trigger(
        toast(HttpResponse(status=204), _("Set for the next message to this phone")), live__communications=True
    )


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def jump(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Pull a planned message's time forward to now."""
    _require_demo()
    rows = Communication.objects.for_organization(request.organization)  # type: ignore[attr-defined]
    pull_forward(communication=get_object_or_404(rows, pk=pk), actor=request.actor)  # type: ignore[attr-defined]
    return trigger(toast(HttpResponse(status=204), _("Pulled forward, it goes out now")), live__communications=True)


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def add_phone(request: HttpRequest) -> HttpResponse:
    """Put a phone (a number, or a patient's phone or mailbox) on the page, in place of the oldest one."""
    _require_demo()
    organization = request.organization  # type: ignore[attr-defined]
    channel = request.POST.get("channel", Channel.WHATSAPP)
    if channel not in (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL):
        raise InvalidInput(_("Choose WhatsApp, SMS or e-mail."), errors={"channel": [channel]})
    typed, patient = request.POST.get("address", "").strip(), request.POST.get("patient", "")
    if patient:
        system = "email" if channel == Channel.EMAIL else "phone"
        point = (
            ContactPoint.objects.for_organization(organization)
            .filter(patient_id=as_uuid(patient), system=system)
            .order_by("rank")
            .first()
        )
        if point is None:
            raise Conflict(_("This patient has no such address. Choose another channel."))
        typed = point.value
    elif channel != Channel.EMAIL:
        typed = normalise_phone(typed, country=organization.country)
    if not typed:
        raise InvalidInput(
            _("Type a number, or choose a patient."), errors={"address": [_("Type a number, or choose a patient.")]}
        )
    key = f"{channel}:{typed}"
    request.session[SESSION_KEY] = [key, *(kept for kept in _phones(request) if kept != key)][:MOST_PHONES]
    return HttpResponseRedirect(reverse("portal:simulator"))


@require_GET
@requires(Permission.CONVERSATIONS_REPLY)
def add_phone_form(request: HttpRequest) -> HttpResponse:
    """Show the dialog that adds a phone."""
    _require_demo()
    return render(request, "portal/add_phone.html")


def _side(request: HttpRequest) -> dict[str, Any]:
    organization = request.organization  # type: ignore[attr-defined]
    addresses = [key.partition(":")[2] for key in _phones(request)]
    return {
        "due": due_next(organization=organization, addresses=addresses),
        "happened": what_happened(organization=organization),
    }


def _outcomes() -> list[tuple[str, str]]:
    words = {
        "reads": _("Delivers, is read"),
        "delivers": _("Delivers"),
        "63024": _("Fails: not on WhatsApp"),
        "30003": _("Fails: phone off"),
        "21610": _("Refused: opted out"),
    }
    return [(outcome, words[outcome]) for outcome in OUTCOMES]
