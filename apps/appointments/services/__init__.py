"""The appointment book's services: the only way in for staff, bot, API, link and every later door."""

from apps.appointments.services.booking import book_appointment
from apps.appointments.services.changes import (
    cancel_appointment,
    describe_appointment,
    reschedule_appointment,
    undo_reschedule,
)
from apps.appointments.services.holds import expire_holds, hold_slot, release_hold, release_holds
from apps.appointments.services.outside import (
    PlanChange,
    ask_for_another_time,
    change_plan,
    keep_appointment,
    put_back,
)
from apps.appointments.services.policies import settings_for, update_appointment_settings
from apps.appointments.services.series import Occurrence, Place, book_series, check_series
from apps.appointments.services.series_changes import (
    Plan,
    cancel_series,
    change_series,
    check_change,
    plan_change,
    undo_series_cancellation,
)
from apps.appointments.services.types import (
    create_appointment_type,
    set_offered_types,
    set_offering_practitioners,
    set_type_places,
    update_appointment_type,
)
from apps.appointments.services.visits import (
    arrive_appointment,
    complete_appointment,
    confirm_appointment,
    mark_no_show,
    start_appointment,
    undo_status,
)

__all__ = [
    "Occurrence",
    "Place",
    "Plan",
    "PlanChange",
    "arrive_appointment",
    "ask_for_another_time",
    "book_appointment",
    "book_series",
    "cancel_appointment",
    "cancel_series",
    "change_plan",
    "change_series",
    "check_change",
    "check_series",
    "complete_appointment",
    "confirm_appointment",
    "create_appointment_type",
    "describe_appointment",
    "expire_holds",
    "hold_slot",
    "keep_appointment",
    "mark_no_show",
    "plan_change",
    "put_back",
    "release_hold",
    "release_holds",
    "reschedule_appointment",
    "set_offered_types",
    "set_offering_practitioners",
    "set_type_places",
    "settings_for",
    "start_appointment",
    "undo_reschedule",
    "undo_series_cancellation",
    "undo_status",
    "update_appointment_settings",
    "update_appointment_type",
]
