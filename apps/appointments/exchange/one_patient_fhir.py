"""One patient's visits as FHIR R4 Appointments, with the practitioners and locations that they name."""

from __future__ import annotations

from collections.abc import Iterator

from apps.appointments.exchange.one_patient import visits
from apps.appointments.models import Appointment, CancelReason, Status
from apps.organizations.models import Location
from apps.patients.exchange import fhir
from apps.patients.exchange.sections import Export, Row
from apps.patients.exchange.values import moment
from apps.practitioners.models import Practitioner

_STATUS = {
    Status.BOOKED: "booked",
    Status.ARRIVED: "arrived",
    Status.IN_PROGRESS: "checked-in",
    Status.FULFILLED: "fulfilled",
    Status.CANCELLED: "cancelled",
    Status.NO_SHOW: "noshow",
}
_CANCELLED = {
    CancelReason.PATIENT: "pat",
    CancelReason.PRACTITIONER: "prov",
    CancelReason.CLINIC: "other",
    CancelReason.MISTAKE: "oth-err",
    CancelReason.OTHER: "other",
}


def resources(export: Export) -> Iterator[Row]:
    """Yield the Appointments and whom and what they name, those as often as they are named; one query."""
    for visit in visits(export):
        yield practitioner_resource(visit.practitioner)
        yield location_resource(visit.location, export)
        yield appointment_resource(visit, export)


def appointment_resource(visit: Appointment, export: Export) -> Row:
    """Return a visit; times are on the clock of its place."""
    zone = visit.location.zone
    cancelled = visit.status == Status.CANCELLED
    number = [{"system": fhir.EXTERNAL_ID, "value": visit.external_id}] if visit.external_id else []
    return fhir.filled(
        {
            "resourceType": "Appointment",
            "id": str(visit.pk),
            "identifier": number,
            "status": _STATUS[Status(visit.status)],
            "cancelationReason": _cancelled(visit) if cancelled else None,
            "serviceType": [fhir.concept(visit.appointment_type.name)],
            "reasonCode": [reason] if (reason := fhir.concept(visit.reason)) else [],
            "start": moment(visit.start, zone),
            "end": moment(visit.end, zone),
            "minutesDuration": visit.minutes,
            "created": moment(visit.created_at, zone),
            "comment": fhir.text(visit.note),
            "participant": [
                {"actor": fhir.reference_to(export.patient), "status": _answer(visit)},
                {"actor": fhir.reference_to(visit.practitioner), "status": "declined" if cancelled else "accepted"},
                {"actor": fhir.reference_to(visit.location), "status": "declined" if cancelled else "accepted"},
            ],
        }
    )


def _answer(visit: Appointment) -> str:
    """Return what the patient said to the time: coming is a yes, too."""
    if visit.status == Status.CANCELLED:
        return "declined"
    said_yes = visit.is_confirmed or visit.arrived_at or visit.status in (Status.ARRIVED, Status.FULFILLED)
    return "accepted" if said_yes else "needs-action"


def _cancelled(visit: Appointment) -> Row | None:
    words = ": ".join(part for part in (visit.get_cancel_reason_display(), visit.cancel_note) if part)
    code = _CANCELLED.get(CancelReason(visit.cancel_reason)) if visit.cancel_reason else None
    return fhir.concept(words, *([(fhir.CANCELLED, code)] if code else []))


def practitioner_resource(practitioner: Practitioner) -> Row:
    """Return a practitioner: who they are, nothing of their own contacts."""
    name = {
        "text": fhir.text(practitioner.display_name),
        "family": fhir.text(practitioner.family_name),
        "given": [given] if (given := fhir.text(practitioner.given_name)) else [],
        "prefix": [prefix] if (prefix := fhir.text(practitioner.prefix)) else [],
    }
    return {
        "resourceType": "Practitioner",
        "id": str(practitioner.pk),
        "active": practitioner.is_active,
        "name": [fhir.filled(name)],
    }


def location_resource(location: Location, export: Export) -> Row:
    """Return a place."""
    address = fhir.filled(
        {
            "line": [line] if (line := fhir.text(location.address)) else [],
            "city": fhir.text(location.city),
            "state": fhir.text(location.region),
            "postalCode": fhir.text(location.postal_code),
            "country": fhir.text(location.country),
        }
    )
    return fhir.filled(
        {
            "resourceType": "Location",
            "id": str(location.pk),
            "status": "active" if location.is_active else "inactive",
            "name": fhir.text(location.name),
            "telecom": [{"system": "phone", "value": location.phone}] if location.phone else [],
            "address": address,
            "managingOrganization": fhir.reference_to(export.organization),
        }
    )
