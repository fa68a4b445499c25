"""Whether the clinic can be booked: what is missing from its set-up, in the order in which it is added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import AppointmentType, PractitionerType
from apps.appointments.outside import Span, find_outside
from apps.organizations.models import Location, Organization
from apps.practitioners.models import Practitioner, Room, WeeklyHours


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that keeps visits from being booked, or from taking place; `action` leads to where it is put right."""

    icon: str
    text: str
    action: str
    url: str
    tone: str = "warn"


def what_is_missing(organization: Organization) -> list[Missing]:
    """Return what is missing; empty when everything can be booked and every booked visit fits. Seven queries at most."""
    return [*_to_move(organization), *_places(organization), *_types(organization), *_people(organization)]


def _to_move(organization: Organization) -> Iterator[Missing]:
    number = sum(not visit.override_reason for visit in find_outside(Span(organization)))
    if number:
        text = ngettext(
            "%(n)d booked visit does not fit the plan.", "%(n)d booked visits do not fit the plan.", number
        ) % {"n": number}
        yield Missing("calendar-x", text, _("Look"), reverse("appointments:outside"), "bad")


def _places(organization: Organization) -> Iterator[Missing]:
    if not Location.objects.for_organization(organization).filter(is_active=True).exists():
        text = _("There is no location. It is the first thing to add: hours and rooms belong to one.")
        yield Missing("map-pin", text, _("Add a location"), reverse("appointments:settings-location-new"))


def _types(organization: Organization) -> Iterator[Missing]:
    offers = PractitionerType.objects.filter(appointment_type=OuterRef("pk"), practitioner__is_active=True)
    types = list(
        AppointmentType.objects.for_organization(organization)
        .filter(is_active=True)
        .annotate(is_offered=Exists(offers))
    )
    if not types:
        text = _("There is no appointment type: nothing can be booked.")
        yield Missing("calendar-plus", text, _("Add a type"), reverse("appointments:settings-type-new"))
    rooms = Room.objects.for_organization(organization).filter(is_active=True)
    if any(kind.needs_room for kind in types) and not rooms.exists():
        text = _("A type needs a room, and there is none.")
        yield Missing("door", text, _("Add a room"), reverse("appointments:settings-rooms"))
    for kind in types:
        if not kind.is_offered:
            text = _("Nobody offers %(type)s.") % {"type": kind.name}
            yield Missing("calendar-user", text, _("Say who"), reverse("appointments:settings-type", args=[kind.pk]))


def _people(organization: Organization) -> Iterator[Missing]:
    hours = WeeklyHours.objects.filter(practitioner=OuterRef("pk"), location__is_active=True)
    offers = PractitionerType.objects.filter(practitioner=OuterRef("pk"), appointment_type__is_active=True)
    people = list(
        Practitioner.objects.for_organization(organization)
        .filter(is_active=True)
        .annotate(has_hours=Exists(hours), offers_any=Exists(offers))
    )
    if not people:
        text = _("There is nobody to book with.")
        yield Missing("user-plus", text, _("Add a practitioner"), reverse("appointments:settings-practitioner-new"))
    for person in people:
        if not person.has_hours:
            text = _("%(name)s has no hours.") % {"name": person.display_name}
            yield Missing("clock", text, _("Set hours"), reverse("appointments:settings-hours", args=[person.pk]))
        if not person.offers_any:
            text = _("%(name)s offers nothing yet.") % {"name": person.display_name}
            url = reverse("appointments:settings-practitioner", args=[person.pk])
            yield Missing("list-check", text, _("Choose types"), url)
