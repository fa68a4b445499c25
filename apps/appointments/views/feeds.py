"""Calendar feeds: the public address that calendar programs read, and the dialog where feeds are made and revoked."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.appointments.feeds import feed_content, open_feed
from apps.appointments.models import CalendarFeed
from apps.appointments.services.feeds import create_feed, may_share, revoke_feed
from apps.audit.services import record_access
from apps.core.actors import Actor, ActorKind
from apps.core.errors import InvalidInput
from apps.core.htmx import toast, wants_fragment
from apps.core.ids import as_uuid
from apps.core.tenancy import organization_scope
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner

NOTED_EVERY = dt.timedelta(minutes=10)


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a practitioner's calendar; an unknown or revoked address is 404 and says nothing.

    The time of the last look is noted now and then, so that feeds which nobody reads can be found and revoked.
    """
    found = open_feed(token)
    if found is None:
        return HttpResponse(status=404, content_type="text/plain; charset=utf-8")
    with organization_scope(found.organization_id):
        opened = CalendarFeed.objects.select_related("organization", "practitioner").get(pk=found.feed_id)
        content = feed_content(opened)
        _note(opened, content.patient_ids)
    response = HttpResponse(content.text, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=300"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _note(opened: CalendarFeed, patient_ids: tuple[uuid.UUID, ...]) -> None:
    """Note the look, and whom it named, at most once in ten minutes."""
    now = timezone.now()
    due = Q(last_read_at__isnull=True) | Q(last_read_at__lt=now - NOTED_EVERY)
    if CalendarFeed.objects.filter(due, pk=opened.pk).update(last_read_at=now) and patient_ids:
        reader = Actor(kind=ActorKind.SYSTEM, id=opened.pk, label=f"Calendar feed “{opened.name}”")
        record_access(
            organization=opened.organization, actor=reader, patient_ids=patient_ids, route="appointments:feed"
        )


@require_http_methods(["GET", "POST"])
@requires(Permission.APPOINTMENTS_VIEW)
def feeds(request: HttpRequest) -> HttpResponse:
    """Show the feeds that the person may manage, or make one; its address is shown this once."""
    actor = request.actor  # type: ignore[attr-defined]
    context = _context(request)
    if request.method == "GET":
        return render(request, "appointments/feeds.html", context)
    rows = Practitioner.objects.for_organization(request.organization).filter(is_active=True)  # type: ignore[attr-defined]
    practitioner = get_object_or_404(rows, pk=as_uuid(request.POST.get("practitioner", "")))
    try:
        _made, token = create_feed(practitioner=practitioner, name=request.POST.get("name", ""), actor=actor)
    except InvalidInput as error:
        return render(request, "appointments/feeds.html", context | {"problem": error.message}, status=422)
    made = {"address": f"{settings.PUBLIC_BASE_URL}/calendar/{token}.ics", "made_for": practitioner}
    return render(request, "appointments/feeds.html", _context(request) | made)


@require_POST
@requires(Permission.APPOINTMENTS_VIEW)
def revoke(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """End a feed at once."""
    rows = CalendarFeed.objects.for_organization(request.organization).select_related("practitioner")  # type: ignore[attr-defined]
    ended = revoke_feed(feed=get_object_or_404(rows, pk=pk), actor=request.actor)  # type: ignore[attr-defined]
    response = render(request, "appointments/feeds.html", _context(request))
    return toast(response, _("“%(name)s” reads the calendar no more") % {"name": ended.name})


def _context(request: HttpRequest) -> dict[str, Any]:
    organization, actor = request.organization, request.actor  # type: ignore[attr-defined]
    people = [
        one
        for one in Practitioner.objects.for_organization(organization).filter(is_active=True)
        if may_share(actor, one)
    ]
    rows = CalendarFeed.objects.for_organization(organization).filter(practitioner__in=people, revoked_at__isnull=True)
    return {
        "people": people,
        "own": next((one for one in people if one.user_id == request.user.pk), None),
        "feeds": rows.select_related("practitioner", "created_by").order_by("practitioner__sort_order", "created_at"),
        "modal": wants_fragment(request),
    }
