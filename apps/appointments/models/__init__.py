"""The appointment book's tables."""

from apps.appointments.models.appointment import (
    BUSY_STATUSES,
    LONGEST,
    MOST_EXTRA_LANES,
    OPEN_STATUSES,
    UNDO_WINDOW,
    VISIT_STATUSES,
    WHAT_IS_BUSY,
    Appointment,
    AppointmentQuerySet,
    CancelReason,
    Session,
    Source,
    Status,
    TimeRange,
)
from apps.appointments.models.imports import AppointmentImport, ImportRow
from apps.appointments.models.policies import AppointmentSettings, CalendarFeed, OnlineBookingBlock
from apps.appointments.models.series import MOST_OCCURRENCES, AppointmentSeries
from apps.appointments.models.types import MOST_SEATS, AppointmentType, PractitionerType, TypeLocation, TypeRoom
from apps.appointments.models.waitlist import (
    OPEN_WAITS,
    OfferStatus,
    Urgency,
    WaitlistEntry,
    WaitlistOffer,
    WaitStatus,
)
from apps.core.imports.models import AT_WORK, ImportStatus, RowState

__all__ = [
    "AT_WORK",
    "BUSY_STATUSES",
    "LONGEST",
    "MOST_EXTRA_LANES",
    "MOST_OCCURRENCES",
    "MOST_SEATS",
    "OPEN_STATUSES",
    "OPEN_WAITS",
    "UNDO_WINDOW",
    "VISIT_STATUSES",
    "WHAT_IS_BUSY",
    "Appointment",
    "AppointmentImport",
    "AppointmentQuerySet",
    "AppointmentSeries",
    "AppointmentSettings",
    "AppointmentType",
    "CalendarFeed",
    "CancelReason",
    "ImportRow",
    "ImportStatus",
    "OfferStatus",
    "OnlineBookingBlock",
    "PractitionerType",
    "RowState",
    "Session",
    "Source",
    "Status",
    "TimeRange",
    "TypeLocation",
    "TypeRoom",
    "Urgency",
    "WaitStatus",
    "WaitlistEntry",
    "WaitlistOffer",
]
