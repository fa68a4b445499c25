"""What the appointment book knows of one patient, for their export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.appointments.models import (
    Appointment,
    AppointmentSeries,
    OnlineBookingBlock,
    WaitlistEntry,
    WaitlistOffer,
)
from apps.organizations.models import Location
from apps.patients.exchange.sections import Export, Row
from apps.patients.exchange.values import plain
from apps.practitioners.models import Practitioner, Room

# The group of a visit is left out: by it, two patients could tell that they were in the same one.
_VISIT = (
    *("external_id", "start", "end", "status", "version", "source", "reason", "note", "override_reason"),
    *("confirmed_at", "confirmed_by", "arrived_at", "started_at", "completed_at"),
    *("cancelled_at", "cancel_reason", "cancel_note", "series_id", "recurrence_id", "created_at", "updated_at"),
)
_SERIES = (
    *("rule", "start", "duration_minutes", "reason", "continues_id", "version", "cancelled_at"),
    *("created_at", "updated_at"),
)
_ENTRY = (
    *("earliest_date", "latest_date", "weekdays", "from_time", "until_time", "urgency", "note", "status", "moves_id"),
    *("booked_id", "version", "created_at", "updated_at"),
)
_OFFER = ("start", "end", "status", "expires_at", "answered_at", "answered_by", "created_at", "updated_at")
# Ids of other rows stand under the name of what they are.
_KEYS = {f"{name}_id": name for name in ("series", "continues", "moves", "booked")}
_BLOCK = ("reason", "lifted_at", "created_at", "updated_at")


def visits(export: Export) -> QuerySet[Appointment]:
    """Return the patient's visits with what they need, by start: no holds, which live for minutes."""
    rows = Appointment.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    found: QuerySet[Appointment] = rows.real().select_related("practitioner", "location", "room", "appointment_type")
    return found.order_by("start", "id")


def visit_rows(export: Export) -> Iterator[Row]:
    """Yield the visits; one query. Times of a visit are on the clock of its place."""
    for visit in visits(export):
        yield {"id": str(visit.pk), "appointment_type": visit.appointment_type.name} | _placed(visit, _VISIT)


def series_rows(export: Export) -> Iterator[Row]:
    """Yield the series, whose visits name them; one query."""
    rows = AppointmentSeries.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    for series in rows.select_related("practitioner", "location", "room", "appointment_type").order_by("id"):
        yield {"id": str(series.pk), "appointment_type": series.appointment_type.name} | _placed(series, _SERIES)


def waitlist_rows(export: Export) -> Iterator[Row]:
    """Yield the waitlist entries with the times that were offered; two queries."""
    zone = export.organization.zone
    offers = WaitlistOffer.objects.select_related("practitioner", "location", "room").order_by("id")
    rows = WaitlistEntry.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    rows = rows.select_related("appointment_type", "practitioner", "location").order_by("id")
    for entry in rows.prefetch_related(Prefetch("offers", offers)):
        yield {
            "id": str(entry.pk),
            "appointment_type": entry.appointment_type.name,
            "practitioner": _named(entry.practitioner),
            "location": _named(entry.location),
            **{_KEYS.get(name, name): plain(getattr(entry, name), zone) for name in _ENTRY},
            "offers": [{"id": str(offer.pk)} | _placed(offer, _OFFER) for offer in entry.offers.all()],
        }


def block_rows(export: Export) -> Iterator[Row]:
    """Yield when the patient could not book alone; one query."""
    zone = export.organization.zone
    rows = OnlineBookingBlock.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    for block in rows.select_related("lifted_by").order_by("id"):
        values = {name: plain(getattr(block, name), zone) for name in _BLOCK}
        yield {"id": str(block.pk), **values, "lifted_by": str(block.lifted_by) if block.lifted_by else ""}


def _placed(row: Any, names: tuple[str, ...]) -> Row:
    """Return with whom, where and when something takes place."""
    zone = row.location.zone
    return {
        "practitioner": _named(row.practitioner),
        "location": _named(row.location),
        "room": row.room.name if row.room else "",
        **{_KEYS.get(name, name): plain(getattr(row, name), zone) for name in names},
    }


def _named(one: Practitioner | Location | Room | None) -> Row | None:
    return {"id": str(one.pk), "name": str(one)} if one else None
