"""What the appointment book brings into a patient's export."""

from __future__ import annotations

from apps.appointments.exchange.one_patient import block_rows, series_rows, visit_rows, waitlist_rows
from apps.appointments.exchange.one_patient_fhir import resources
from apps.appointments.models import (
    Appointment,
    AppointmentSeries,
    OnlineBookingBlock,
    WaitlistEntry,
    WaitlistOffer,
)
from apps.patients.exchange.sections import Section, register


def register_sections() -> None:
    """Register the sections, once at start."""
    register(Section("appointments", order=30, rows=visit_rows, models=(Appointment,), resources=resources))
    register(Section("appointment_series", order=31, rows=series_rows, models=(AppointmentSeries,)))
    register(Section("waitlist", order=32, rows=waitlist_rows, models=(WaitlistEntry, WaitlistOffer)))
    register(Section("online_booking_blocks", order=33, rows=block_rows, models=(OnlineBookingBlock,)))
