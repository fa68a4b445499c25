"""The waitlist that fills cancellations: who waits, what they are offered, how they answer."""

from apps.appointments.services.waitlist.answers import accept_offer, decline_offer
from apps.appointments.services.waitlist.entries import (
    add_to_waitlist,
    change_waitlist_entry,
    remove_from_waitlist,
    restore_to_waitlist,
)
from apps.appointments.services.waitlist.expiring import close_past_windows, expire_offers
from apps.appointments.services.waitlist.filling import fill_slot, settle_waiting
from apps.appointments.services.waitlist.ground import OfferClosed
from apps.appointments.services.waitlist.offers import (
    TooLate,
    give_up_offer,
    offer_slot,
    withdraw_offer,
    withdraw_unsent_offers,
)
from apps.appointments.services.waitlist.telling import NotReachable

__all__ = [
    "NotReachable",
    "OfferClosed",
    "TooLate",
    "accept_offer",
    "add_to_waitlist",
    "change_waitlist_entry",
    "close_past_windows",
    "decline_offer",
    "expire_offers",
    "fill_slot",
    "give_up_offer",
    "offer_slot",
    "remove_from_waitlist",
    "restore_to_waitlist",
    "settle_waiting",
    "withdraw_offer",
    "withdraw_unsent_offers",
]
