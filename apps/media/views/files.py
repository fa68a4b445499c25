"""One file: its dialog, its bytes, and what people decide about it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.services import record_access
from apps.core.errors import InvalidInput, NotFound
from apps.core.htmx import in_dialog, toast, trigger
from apps.media import services
from apps.media.handing_out import Variant, hand_out
from apps.media.models import Media
from apps.media.selectors import get_media, shown
from apps.media.services.records import REASON_CHARS
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission

KEEP_REDIRECT_SECONDS = 240  # below READ_FOR: an address that a browser kept still works when it is followed
VARIANTS = {"view": Variant.VIEW, "preview": Variant.PREVIEW, "play": Variant.PLAY, "download": Variant.FILE}


class ReasonForm(forms.Form):
    """Why a file is deleted."""

    reason = forms.CharField(
        max_length=REASON_CHARS,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("For example: belongs to another patient, sent twice, the patient asked."),
        error_messages={"required": gettext_lazy("Say why the file is deleted.")},
    )


@require_GET
@requires(Permission.MEDIA_VIEW)
def show(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one file, in the dialog or on a page of its own."""
    media = get_media(organization=request.organization, media_id=pk)
    if media.patient_id is not None:
        record_access(
            organization=request.organization, actor=request.actor, patient_ids=[media.patient_id], route="media:show"
        )
    return render(request, "media/file.html", _context(request, media))


@require_GET
@requires(Permission.MEDIA_VIEW)
def bytes_of(request: OrganizationRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    """Lead to the bytes (`preview`, `view`, `play`, `download`), at an address that works for some minutes."""
    media = get_media(organization=request.organization, media_id=pk)
    variant = VARIANTS.get(what)
    if variant is None:
        raise NotFound(_("There is no such picture of this file. Download it instead."))
    handed = hand_out(media=media, variant=variant, actor=request.actor, route=f"media:{what}")
    response = HttpResponseRedirect(handed.url)
    if variant != Variant.FILE:
        response["Cache-Control"] = f"private, max-age={KEEP_REDIRECT_SECONDS}"
    return response


@require_http_methods(["GET", "POST"])
@requires(Permission.MEDIA_MANAGE)
def delete(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask why, then delete; the toast brings it back."""
    media = get_media(organization=request.organization, media_id=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_media(media=media, reason=form.cleaned_data["reason"], actor=request.actor)
        except InvalidInput as refusal:
            form.add_error("reason", refusal.message)
        else:
            name = shown(media).name
            return _done(
                request, media, _("%(name)s deleted") % {"name": name}, undo=reverse("media:restore", args=[pk])
            )
    context = _context(request, media) | {"form": form}
    return render(request, "media/delete.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@requires(Permission.MEDIA_MANAGE)
def restore(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring a deleted file back."""
    media = services.restore_media(media=get_media(organization=request.organization, media_id=pk), actor=request.actor)
    return _done(request, media, _("%(name)s is back") % {"name": shown(media).name})


@require_POST
@requires(Permission.MEDIA_MANAGE)
def use_as_photo(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Make a picture the patient's photo."""
    media = services.use_as_photo(media=get_media(organization=request.organization, media_id=pk), actor=request.actor)
    return _done(request, media, _("Photo changed"), undo=reverse("media:no-photo", args=[pk]))


@require_POST
@requires(Permission.MEDIA_MANAGE)
def no_photo(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the patient have no photo."""
    media = services.take_photo_away(
        media=get_media(organization=request.organization, media_id=pk), actor=request.actor
    )
    return _done(request, media, _("Photo removed"), undo=reverse("media:use-as-photo", args=[pk]))


@require_POST
@requires(Permission.MEDIA_MANAGE)
def fetch_again(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Try once more to fetch what a patient sent."""
    media = services.fetch_again(media=get_media(organization=request.organization, media_id=pk), actor=request.actor)
    return _done(request, media, _("Being fetched again"))


def _done(request: OrganizationRequest, media: Media, text: str, *, undo: str = "") -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        return HttpResponseRedirect(_home(media))
    response = trigger(HttpResponse(status=204), live__files=True, modal__close={})
    return toast(response, text, undo_url=undo)


def _home(media: Media) -> str:
    """Return the page that the file is seen on."""
    if media.patient_id is not None:
        return reverse("patients:tab", args=[media.patient_id, "files"])
    return reverse("media:show", args=[media.pk])


def _context(request: OrganizationRequest, media: Media) -> dict[str, Any]:
    return {
        "media": media,
        "file": shown(media),
        "home": _home(media),
        "modal": in_dialog(request),
        "may_manage": request.actor.may(Permission.MEDIA_MANAGE),
        "active_navigation": "patients",
    }
