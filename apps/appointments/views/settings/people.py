"""Who sees patients: the list, and what is known about one person."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.appointments.outside import Span, find_outside
from apps.appointments.services import set_offered_types
from apps.appointments.views.settings.forms import PractitionerForm
from apps.core.errors import InvalidInput, StaleVersion
from apps.core.forms import posted
from apps.core.htmx import go
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.practitioners.models import Practitioner, WeeklyHours
from apps.practitioners.services import create_practitioner, update_practitioner


def find_practitioner(request: OrganizationRequest, pk: uuid.UUID) -> Practitioner:
    found: Practitioner = get_object_or_404(Practitioner.objects.for_organization(request.organization), pk=pk)
    found.organization = request.organization
    return found


@require_GET
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def practitioners(request: OrganizationRequest) -> HttpResponse:
    """List who sees patients, where they work, what is missing, and whose visits have to be moved. Five queries."""
    organization = request.organization
    people = list(
        Practitioner.objects.for_organization(organization)
        .annotate(number_of_types=Count("offered_types"))
        .order_by("-is_active", "sort_order", "family_name", "given_name")
    )
    places: dict[uuid.UUID, dict[str, None]] = {}
    for person, place in (
        WeeklyHours.objects.for_organization(organization)
        .order_by("location__name")
        .values_list("practitioner_id", "location__name")
    ):
        places.setdefault(person, {})[place] = None
    to_move = Counter(visit.practitioner_id for visit in find_outside(Span(organization)) if not visit.override_reason)
    rows = [
        {
            "practitioner": person,
            "places": list(places.get(person.pk, ())),
            "types": person.number_of_types,
            "to_move": to_move[person.pk],
        }
        for person in people
    ]
    return render(request, "settings/practitioners.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def new_practitioner(request: OrganizationRequest) -> HttpResponse:
    """Add a person; their hours come next."""
    form = PractitionerForm(posted(request), organization=request.organization)
    if request.method == "POST" and form.is_valid():
        values = form.values()
        offers = values.pop("offers")
        try:
            with transaction.atomic():
                made = create_practitioner(organization=request.organization, actor=request.actor, **values)
                set_offered_types(practitioner=made, appointment_types=offers, actor=request.actor)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            text = _("%(name)s added. Now the hours") % {"name": made.display_name}
            return go(request, reverse("appointments:settings-hours", args=[made.pk]), text)
    context = {"form": form, "practitioner": None}
    return render(request, "settings/practitioner.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def practitioner(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what is known about a person, and what they offer."""
    person = find_practitioner(request, pk)
    form = PractitionerForm(posted(request), organization=request.organization, practitioner=person)
    if request.method == "POST" and form.is_valid():
        values = form.values()
        offers = values.pop("offers")
        try:
            with transaction.atomic():
                update_practitioner(practitioner=person, changes=values, seen=form.seen_at(), actor=request.actor)
                form.require_links(form.links_of(person))
                set_offered_types(practitioner=person, appointment_types=offers, actor=request.actor)
        except StaleVersion as refusal:
            form.refuse_stale(refusal)
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            return go(request, reverse("appointments:settings-practitioner", args=[pk]), _("Saved"))
    context = {"form": form, **person_context(request, person, "details")}
    return render(request, "settings/practitioner.html", context, status=422 if form.errors else 200)


def person_context(request: OrganizationRequest, person: Practitioner, tab: str) -> dict[str, Any]:
    """Return what the head of a person's pages shows: tabs, and how many of their visits have to be moved."""
    outside = find_outside(Span(request.organization, practitioner=person))
    urls = {
        "details": (_("Details"), "appointments:settings-practitioner"),
        "hours": (_("Hours"), "appointments:settings-hours"),
        "time-off": (_("Time off"), "appointments:settings-time-off"),
    }
    return {
        "practitioner": person,
        "tabs": [
            {"label": label, "url": reverse(name, args=[person.pk]), "current": key == tab}
            for key, (label, name) in urls.items()
        ],
        "to_move": sum(not visit.override_reason for visit in outside),
        "to_move_url": f"{reverse('appointments:outside')}?practitioner={person.pk}",
    }
