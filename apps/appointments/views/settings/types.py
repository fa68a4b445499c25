"""What can be booked, and the rules of the whole book."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments.models import AppointmentType
from apps.appointments.services import (
    create_appointment_type,
    set_offering_practitioners,
    set_type_places,
    settings_for,
    update_appointment_settings,
    update_appointment_type,
)
from apps.appointments.views.settings.forms import PolicyForm, TypeForm
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.forms import posted
from apps.core.htmx import go
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission


@require_GET
@in_settings("types")
@requires(Permission.PRACTITIONERS_MANAGE)
def types(request: OrganizationRequest) -> HttpResponse:
    """List what can be booked, how long it takes, and who offers it."""
    rows = (
        AppointmentType.objects.for_organization(request.organization)
        .prefetch_related("offered_by__practitioner", "at_locations__location")
        .order_by("-is_active", "sort_order", "name")
    )
    return render(request, "settings/types.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@in_settings("types")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_type(request: OrganizationRequest) -> HttpResponse:
    """Add something that can be booked."""
    return _type(request, None)


@require_http_methods(["GET", "POST"])
@in_settings("types")
@requires(Permission.PRACTITIONERS_MANAGE)
def appointment_type(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what can be booked; visits that are booked keep what they were booked with."""
    return _type(request, get_object_or_404(AppointmentType.objects.for_organization(request.organization), pk=pk))


def _type(request: OrganizationRequest, kind: AppointmentType | None) -> HttpResponse:
    form = TypeForm(posted(request), organization=request.organization, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save_type(request, form, kind)
        except StaleVersion as refusal:
            form.refuse_stale(refusal)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            text = _("Saved") if kind else _("%(name)s added") % {"name": saved.name}
            return go(request, reverse("appointments:settings-type", args=[saved.pk]), text)
    context = {"form": form, "type": kind}
    return render(request, "settings/type.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _save_type(request: OrganizationRequest, form: TypeForm, kind: AppointmentType | None) -> AppointmentType:
    fields, links = form.split()
    if kind is None:
        kind = create_appointment_type(organization=request.organization, actor=request.actor, **fields)
    else:
        kind = update_appointment_type(appointment_type=kind, changes=fields, seen=form.seen_at(), actor=request.actor)
    set_offering_practitioners(appointment_type=kind, practitioners=links["practitioners"], actor=request.actor)
    set_type_places(appointment_type=kind, locations=links["locations"], rooms=links["rooms"], actor=request.actor)
    return kind


@require_http_methods(["GET", "POST"])
@in_settings("booking")
@requires(Permission.PRACTITIONERS_MANAGE)
def booking_rules(request: OrganizationRequest) -> HttpResponse:
    """Decide about no-shows, the waitlist, what patients change themselves, and feeds."""
    row = settings_for(request.organization)
    form = PolicyForm(posted(request), row=row)
    if request.method == "POST" and form.is_valid():
        try:
            update_appointment_settings(
                organization=request.organization, changes=form.values(), seen=form.seen_at(), actor=request.actor
            )
        except StaleVersion as refusal:
            form.refuse_stale(refusal)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            return go(request, reverse("appointments:settings-booking"), _("Saved"))
    return render(request, "settings/booking.html", {"form": form}, status=422 if form.errors else 200)
