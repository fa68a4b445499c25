"""Inbox: the threads, one thread with its ticks, and what staff do in it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.appointments.models import Appointment
from apps.appointments.selectors import next_appointment
from apps.audit.services import record_access
from apps.communications import policy
from apps.communications.models import Category, Channel
from apps.conversations import services
from apps.conversations.canned import fitting_templates
from apps.conversations.models import Conversation, ConversationStatus, OwnerKind
from apps.conversations.selectors import (
    VIEWS,
    get_thread,
    inbox,
    left_channel,
    thread_lines,
    threads_of_patient,
    threads_of_view,
)
from apps.core.counting import capped, counts_of
from apps.core.errors import ApplicationError, InvalidInput
from apps.core.forms import version_of
from apps.core.htmx import toast, trigger, wants_fragment
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

LINES = 60
SEARCH_LENGTH = 80


@require_GET
@requires(Permission.CONVERSATIONS_VIEW)
def threads(request: HttpRequest) -> HttpResponse:
    """Show the threads of a view (`?view=`, `?q=`); as a fragment the list alone."""
    context = _list_context(request, current=None)
    template = "conversations/inbox.html#list" if wants_fragment(request) else "conversations/inbox.html"
    return render(request, template, context)


@require_GET
@requires(Permission.CONVERSATIONS_VIEW)
def thread(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one thread beside the list; `?part=list|acts|owner|log|composer|context` answers that region alone, for live refresh."""
    conversation = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    part = request.GET.get("part", "")
    if part == "list":
        return render(request, "conversations/inbox.html#list", _list_context(request, current=conversation))
    if part == "composer":
        context = {"body": "", "error": ""} | _owner_context(request, conversation) | _composer_context(conversation)
        return render(request, "conversations/inbox.html#composer", context)
    if part in PARTS:
        context = _owner_context(request, conversation) | PARTS[part](request, conversation)
        return render(request, f"conversations/inbox.html#{part}", context)
    if conversation.patient_id:
        record_access(
            organization=request.organization,  # type: ignore[attr-defined]
            actor=request.actor,  # type: ignore[attr-defined]
            patient_ids=[conversation.patient_id],
            route="conversations:thread",
        )
    context = {"body": "", "error": ""} | _owner_context(request, conversation)
    for part_context in PARTS.values():
        context |= part_context(request, conversation)
    context |= _composer_context(
        conversation, coming=[context["next"]] if context["next"] else [], left=context["left"]
    )
    return render(request, "conversations/inbox.html", context | _list_context(request, current=conversation))


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def write(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a reply (`kind=reply`, optionally `via=sms`), one of the templates (`kind=template`), or keep an internal
    note (`kind=note`). A refusal keeps the text; so does a template, which is not made of it.
    """
    conversation = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    body, kind = request.POST.get("body", ""), request.POST.get("kind", "reply")
    error = ""
    try:
        if kind == "note":
            services.add_note(conversation=conversation, body=body, actor=request.actor)  # type: ignore[attr-defined]
            body = ""
        elif kind == "template":
            key = request.POST.get("template", "")
            services.send_template_reply(conversation=conversation, template_key=key, actor=request.actor)  # type: ignore[attr-defined]
        else:
            services.send_reply(
                conversation=conversation, body=body, via=request.POST.get("via", ""), actor=request.actor
            )  # type: ignore[attr-defined]
            body = ""
    except ApplicationError as refusal:
        error = refusal.message
    if not wants_fragment(request):
        return HttpResponseRedirect(reverse("conversations:thread", args=[pk]))
    fresh = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    context = _composer_context(fresh) | {"conversation": fresh, "body": body, "error": error, "may_reply": True}
    response = render(request, "conversations/inbox.html#composer", context, status=422 if error else 200)
    return response if error else trigger(response, live__conversations=True)


ACTIONS: dict[str, tuple[Callable[..., Any], Callable[[], str]]] = {
    "take-over": (services.take_over, lambda: _("You own this thread; the bot is silent")),
    "hand-back": (services.hand_back, lambda: _("Handed back to the bot")),
    "close": (services.close_conversation, lambda: _("Closed")),
    "reopen": (services.reopen, lambda: _("Opened again")),
    "unsnooze": (services.unsnooze, lambda: _("Back in the inbox")),
}
UNDO = {"take-over": "hand-back", "hand-back": "take-over", "close": "reopen"}
MORNING = dt.time(8)


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def act(request: HttpRequest, pk: uuid.UUID, action: str) -> HttpResponse:
    """Take over, hand back, close or reopen; answers a toast with undo.

    Taking over from a colleague needs the `version` at which they were seen to own it, and has no undo: it is asked first.
    """
    if action not in ACTIONS:
        raise Http404
    conversation = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    service, words = ACTIONS[action]
    takes = action == "take-over"
    seen = {"version": version_of(request.POST.get("version", ""))} if takes else {}
    is_from_colleague = takes and conversation.owner_kind == OwnerKind.PERSON
    service(conversation=conversation, actor=request.actor, **seen)  # type: ignore[attr-defined]
    undo = reverse("conversations:act", args=[pk, UNDO[action]]) if action in UNDO and not is_from_colleague else ""
    return trigger(toast(HttpResponse(status=204), words(), undo_url=undo), live__conversations=True)


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def snooze(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Put the thread out of sight until the chosen time (`until` is a key of `_snoozes`), or until the contact writes."""
    conversation = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    chosen = _snoozes(conversation).get(request.POST.get("until", ""))
    if chosen is None:
        raise InvalidInput(_("Choose until when."), errors={"until": [_("Choose until when.")]})
    until = chosen[1]
    services.snooze(conversation=conversation, until=until, actor=request.actor)  # type: ignore[attr-defined]
    text = _("Snoozed until %(when)s") % {"when": date_format(timezone.localtime(until), "D j M, H:i")}
    undo = reverse("conversations:act", args=[pk, "unsnooze"])
    return trigger(toast(HttpResponse(status=204), text, undo_url=undo), live__conversations=True)


def _snoozes(conversation: Conversation) -> dict[str, tuple[str, dt.datetime]]:
    """Return until when a thread can be snoozed, by key: what it is called, and the time on the organization's clock."""
    zone = conversation.organization.zone
    now = timezone.now().astimezone(zone)
    tomorrow, monday = now.date() + dt.timedelta(days=1), now.date() + dt.timedelta(days=7 - now.weekday())

    def morning(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, MORNING, tzinfo=zone)

    return {
        "hour": (_("For an hour"), now + dt.timedelta(hours=1)),
        "three-hours": (_("For three hours"), now + dt.timedelta(hours=3)),
        "tomorrow": (_("Until tomorrow, %(time)s") % {"time": f"{MORNING:%H:%M}"}, morning(tomorrow)),
        "monday": (_("Until Monday, %(time)s") % {"time": f"{MORNING:%H:%M}"}, morning(monday)),
    }


@require_POST
@requires(Permission.CONVERSATIONS_REPLY)
def read(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Mark what came in as read; the page asks for it once the thread is open on a screen."""
    conversation = get_thread(organization=request.organization, conversation_id=pk)  # type: ignore[attr-defined]
    services.mark_read(conversation=conversation, actor=request.actor)  # type: ignore[attr-defined]
    return trigger(HttpResponse(status=204), live__conversations=True)


def _list_context(request: HttpRequest, *, current: Conversation | None) -> dict[str, Any]:
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    text = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    found = inbox(organization=request.organization, user_id=request.user.pk, view=view, text=text)  # type: ignore[attr-defined]
    words = [
        ("open", _("Open"), _count(request, "open")),
        ("mine", _("Mine"), _count(request, "mine")),
        ("nobody", _("Nobody’s"), _count(request, "nobody")),
        ("snoozed", _("Snoozed"), _count(request, "snoozed")),
        ("closed", _("Closed"), ""),
    ]
    base = reverse("conversations:inbox")
    query = urlencode({"view": view} | ({"q": text} if text else {}))
    return {
        "inbox": found,
        "view": view,
        "text": text,
        "current_id": current.pk if current else None,
        "views": [
            {"key": key, "label": label, "count": count, "url": f"{base}?view={key}", "current": key == view}
            for key, label, count in words
        ],
        "list_url": f"{base}?{query}"
        if current is None
        else f"{reverse('conversations:thread', args=[current.pk])}?part=list&{query}",
        "query": "" if view == "open" and not text else f"?{query}",
    }


def _count(request: HttpRequest, view: str) -> Callable[[], str]:
    rows = threads_of_view(organization=request.organization, user_id=request.user.pk, view=view)  # type: ignore[attr-defined]
    count = counts_of(request).ask(rows)
    return lambda: capped(count())


def _owner_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return what every part of the thread needs; no query."""
    return {
        "conversation": conversation,
        "mine": conversation.owner_kind == OwnerKind.PERSON and conversation.owner_id == request.user.pk,
        "may_reply": request.actor.may(Permission.CONVERSATIONS_REPLY),  # type: ignore[attr-defined]
    }


def _log_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    lines = thread_lines(conversation=conversation, limit=LINES)
    today = timezone.localdate()
    return {
        "days": [
            {"label": _day_label(day, today), "lines": list(group)}
            for day, group in groupby(lines, key=lambda line: timezone.localtime(line.at).date())
        ]
    }


def _patient_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    patient = conversation.patient
    return {
        "may_manage_visits": request.actor.may(Permission.APPOINTMENTS_MANAGE),  # type: ignore[attr-defined]
        "age": patient.age(conversation.organization.today()) if patient else None,
        "next": next_appointment(patient=patient) if patient else None,
        "left": left_channel(conversation),
    }


def _acts_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    return {"snoozes": [(key, label) for key, (label, _until) in _snoozes(conversation).items()]}


PARTS: dict[str, Callable[[HttpRequest, Conversation], dict[str, Any]]] = {
    "acts": _acts_context,
    "log": _log_context,
    "owner": lambda _request, _conversation: {},
    "context": _patient_context,
}


def _composer_context(
    conversation: Conversation, *, coming: Sequence[Appointment] | None = None, left: str | None = None
) -> dict[str, Any]:
    """Say whether a free text may go out now, why not, and what would work instead: SMS, or a template."""
    if conversation.status == ConversationStatus.CLOSED:
        return {"decision": None, "sms_instead": False, "is_closed": True}
    own = conversation.channel
    decisions = policy.decide_each(
        organization=conversation.organization,
        channels=[own, Channel.SMS] if own == Channel.WHATSAPP else [own],
        category=Category.REPLY,
        address=conversation.address,
        patient=conversation.patient,
    )
    closed = decisions[own].code == policy.Code.WINDOW_CLOSED
    return {
        "decision": decisions[own],
        "left": left_channel(conversation) if left is None else left,
        "window_closed": closed,
        "templates": fitting_templates(conversation=conversation, coming=coming) if closed else [],
        "sms_instead": own == Channel.WHATSAPP and not decisions[own].allowed and decisions[Channel.SMS].allowed,
        "is_closed": False,
    }


def _day_label(day: Any, today: Any) -> str:
    if day == today:
        return _("Today")
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")


@require_GET
@requires(Permission.CONVERSATIONS_VIEW)
def for_patient(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer a patient's threads, newest first, for the patient page."""
    organization = request.organization  # type: ignore[attr-defined]
    patient = get_object_or_404(Patient.objects.for_organization(organization), pk=pk)
    rows = threads_of_patient(organization=organization, patient_id=patient.pk)
    return render(request, "conversations/_for_patient.html", {"rows": rows, "current_id": None})
