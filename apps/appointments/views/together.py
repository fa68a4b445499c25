"""Several rows of Today at once: one click, one answer that names what was not possible, one undo."""

from __future__ import annotations

import datetime as dt
import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.appointments.forms import CancelForm
from apps.appointments.services import Together, cancel_together, remind_together, step_together, undo_together
from apps.appointments.services.together import STEPS
from apps.core.errors import InvalidInput
from apps.core.htmx import toast, trigger
from apps.organizations.access import requires
from apps.organizations.permissions import Permission

MICROSECOND = dt.timedelta(microseconds=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIELD = "visit"


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def take_step(request: HttpRequest, step: str) -> HttpResponse:
    """Check the chosen visits in, complete them, or mark them as missed."""
    if step not in STEPS:
        raise Http404
    found = step_together(
        organization=request.organization,  # type: ignore[attr-defined]
        appointment_ids=_chosen(request),
        step=step,
        actor=request.actor,  # type: ignore[attr-defined]
    )
    number = len(found.done)
    sentences = {
        "arrive": ngettext("%(n)d patient checked in", "%(n)d patients checked in", number),
        "complete": ngettext("%(n)d visit completed", "%(n)d visits completed", number),
        "no-show": ngettext("%(n)d visit marked as no-show", "%(n)d visits marked as no-show", number),
    }
    return _answer(request, found, sentences[step], undo=True)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def cancel(request: HttpRequest) -> HttpResponse:
    """Ask for one reason for the chosen visits, then cancel them; each patient is told by the rules."""
    ids = _chosen(request)
    form = CancelForm(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        response = render(request, "appointments/together_cancel.html", {"form": form, "ids": ids}, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#modal", "innerHTML"
        return response
    found = cancel_together(
        organization=request.organization,  # type: ignore[attr-defined]
        appointment_ids=ids,
        reason=form.cleaned_data["reason"],
        note=form.cleaned_data["note"],
        actor=request.actor,  # type: ignore[attr-defined]
    )
    sentence = ngettext("%(n)d visit cancelled", "%(n)d visits cancelled", len(found.done))
    return _answer(request, found, sentence, undo=True)


@require_POST
@requires(Permission.COMMUNICATIONS_MANAGE)
def remind(request: HttpRequest) -> HttpResponse:
    """Send a reminder now about each chosen visit that lies ahead."""
    found = remind_together(
        organization=request.organization,  # type: ignore[attr-defined]
        appointment_ids=_chosen(request),
        actor=request.actor,  # type: ignore[attr-defined]
    )
    sentence = ngettext(
        "%(n)d reminder leaves now, or when quiet hours end",
        "%(n)d reminders leave now, or when quiet hours end",
        len(found.done),
    )
    return _answer(request, found, sentence, undo=False)


@require_POST
@requires(Permission.APPOINTMENTS_MANAGE)
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what one click did to several visits; `?at=`, `?first=` and `?last=` are microseconds since 1970."""
    at, first, last = (_moment(request.GET.get(name, "")) for name in ("at", "first", "last"))
    found = undo_together(
        organization=request.organization,  # type: ignore[attr-defined]
        at=at,
        first=first,
        last=last,
        actor=request.actor,  # type: ignore[attr-defined]
    )
    sentence = ngettext("Undone: %(n)d visit is as before", "Undone: %(n)d visits are as before", len(found.done))
    return _answer(request, found, sentence, undo=False)


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    try:
        chosen = list(dict.fromkeys(uuid.UUID(text) for text in request.POST.getlist(FIELD)))
    except ValueError as error:
        message = _("The chosen visits can’t be read. Reload the page, then choose again.")
        raise InvalidInput(message, errors={FIELD: [message]}) from error
    if not chosen:
        message = _("Choose one visit at least.")
        raise InvalidInput(message, errors={FIELD: [message]})
    return chosen


def _moment(text: str) -> dt.datetime:
    if not text.isdecimal() or len(text) > 17:
        message = _("There is nothing to undo: the link is incomplete.")
        raise InvalidInput(message, errors={"at": [message]})
    return EPOCH + int(text) * MICROSECOND


def _answer(request: HttpRequest, found: Together, sentence: str, *, undo: bool) -> HttpResponse:
    """Say in a toast how many it worked for; a dialog names the others and why."""
    text = sentence % {"n": len(found.done)}
    if found.refused:
        number = len(found.refused)
        none = ngettext("Not possible for this visit", "Not possible for any of these %(n)d visits", number)
        text = (_("%(done)s, %(n)d not") if found.done else none) % {"done": text, "n": number}
        response = render(request, "appointments/together.html", {"refused": found.refused, "text": text})
        response["HX-Retarget"], response["HX-Reswap"] = "#modal", "innerHTML"
    else:
        response = trigger(HttpResponse(status=204), modal__close=True)
    if found.done:
        toast(response, text, undo_url=_undo_url(found) if undo else "")
    return trigger(response, live__appointments=True, picked__clear=True)


def _undo_url(found: Together) -> str:
    moments = {"at": found.at, "first": found.done[0].start, "last": found.done[-1].start}
    query = {name: (moment - EPOCH) // MICROSECOND for name, moment in moments.items()}
    return f"{reverse('appointments:together-undo')}?{urlencode(query)}"
