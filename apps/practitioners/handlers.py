"""What practitioners and places hear: a location was saved, through whichever door."""

from __future__ import annotations

from apps.events.models import Event
from apps.events.registry import on
from apps.organizations.models import Location
from apps.practitioners.services import keep_holidays


@on("location.created", "location.updated")
def keep_its_holidays(event: Event) -> None:
    """Add, correct or remove the location's holiday closures; nothing to do where the door did it already."""
    location = Location.objects.filter(organization_id=event.organization_id, pk=event.subject_id).first()
    if location is not None:
        keep_holidays(location=location)
