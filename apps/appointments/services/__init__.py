"""The appointment book's services: the only way in for staff, bot, API, link and every later door."""

from apps.appointments.house_rules import settings_for
from apps.appointments.services.booking import book_appointment
from apps.appointments.services.changes import (
    cancel_appointment,
    check_move,
    describe_appointment,
    reschedule_appointment,
    undo_reschedule,
)
from apps.appointments.services.holds import expire_holds, hold_slot, release_hold, release_holds
from apps.appointments.services.no_shows import (
    block_online_booking,
    follow_up_no_shows,
    lift_online_booking_block,
    write_about_no_show,
)
from apps.appointments.services.outside import (
    PlanChange,
    ask_for_another_time,
    change_plan,
    keep_appointment,
    put_back,
)
from apps.appointments.services.policies import update_appointment_settings
from apps.appointments.services.reminding import remind_now
from apps.appointments.services.rooms import set_room
from apps.appointments.services.self_service import SelfService, renew_link, self_service
from apps.appointments.services.series import Occurrence, Place, book_series, check_series
from apps.appointments.services.series_changes import (
    Plan,
    cancel_series,
    change_series,
    check_change,
    plan_change,
    undo_series_cancellation,
)
from apps.appointments.services.together import (
    Together,
    cancel_together,
    remind_together,
    step_together,
    undo_together,
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
    confirm_if_soon,
    mark_no_show,
    start_appointment,
    undo_status,
)
from apps.appointments.services.waitlist.answers import accept_offer, decline_offer
from apps.appointments.services.waitlist.entries import (
    add_to_waitlist,
    change_waitlist_entry,
    remove_from_waitlist,
    restore_to_waitlist,
)
from apps.appointments.services.waitlist.expiring import expire_offers
from apps.appointments.services.waitlist.filling import fill_slot
from apps.appointments.services.waitlist.offers import offer_slot, withdraw_offer

__all__ = [
    "Occurrence",
    "Place",
    "Plan",
    "PlanChange",
    "SelfService",
    "Together",
    "accept_offer",
    "add_to_waitlist",
    "arrive_appointment",
    "ask_for_another_time",
    "block_online_booking",
    "book_appointment",
    "book_series",
    "cancel_appointment",
    "cancel_series",
    "cancel_together",
    "change_plan",
    "change_series",
    "change_waitlist_entry",
    "check_change",
    "check_move",
    "check_series",
    "complete_appointment",
    "confirm_appointment",
    "confirm_if_soon",
    "create_appointment_type",
    "decline_offer",
    "describe_appointment",
    "expire_holds",
    "expire_offers",
    "fill_slot",
    "follow_up_no_shows",
    "hold_slot",
    "keep_appointment",
    "lift_online_booking_block",
    "mark_no_show",
    "offer_slot",
    "plan_change",
    "put_back",
    "release_hold",
    "release_holds",
    "remind_now",
    "remind_together",
    "remove_from_waitlist",
    "renew_link",
    "reschedule_appointment",
    "restore_to_waitlist",
    "self_service",
    "set_offered_types",
    "set_offering_practitioners",
    "set_room",
    "set_type_places",
    "settings_for",
    "start_appointment",
    "step_together",
    "undo_reschedule",
    "undo_series_cancellation",
    "undo_status",
    "undo_together",
    "update_appointment_settings",
    "update_appointment_type",
    "withdraw_offer",
    "write_about_no_show",
]
