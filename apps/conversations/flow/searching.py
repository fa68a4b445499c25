"""Searching free times for a wish: what fits, and when nothing does, what comes nearest."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

from apps.appointments.models import AppointmentType
from apps.conversations.flow.context import Offer
from apps.conversations.flow.offering import OFFERED, find_offers, wish_from_json
from apps.conversations.flow.turn import Turn
from apps.conversations.understanding import When
from apps.practitioners.models import Practitioner


def search(turn: Turn, kind: AppointmentType, wish: When | None, *, after: dt.datetime | None = None) -> list[Offer]:
    """Return up to three free times of the type that fit the wish and the practitioners asked for.

    `after` (UTC) leaves out what starts until then.
    """
    return find_offers(
        organization=turn.organization,
        appointment_type=kind,
        now=turn.now,
        wish=wish,
        after=after,
        practitioners=_preferred(turn),
    )


def search_nearest(turn: Turn, kind: AppointmentType, wish: When) -> list[Offer]:
    """Return up to three free times beside a wish that nothing fits: at other hours of those days, on later days like
    them, and the next ones from then on, each in turn; failing all of them, the next ones at all.
    """
    anything = replace(wish, latest=None, weekdays=None, after=None, before=None)
    relaxed = [
        search(turn, kind, replace(wish, after=None, before=None)),
        search(turn, kind, replace(wish, latest=None)),
        search(turn, kind, anything),
    ]
    mixed = dict.fromkeys(offer for offers in itertools.zip_longest(*relaxed) for offer in offers if offer is not None)
    nearest = sorted(list(mixed)[:OFFERED], key=lambda offer: offer.start)
    return nearest or search(turn, kind, None)


def search_before(turn: Turn, kind: AppointmentType, wish: When | None, *, until: dt.datetime) -> list[Offer]:
    """Return the earliest free times that fit the wish and start before `until` (UTC)."""
    return [offer for offer in search(turn, kind, wish) if offer.start < until]


def refined(turn: Turn, wish: When) -> When:
    """Return a wish with what was wished for before and is not named anew: the days to new hours, the hours to new days."""
    before = wish_from_json(turn.context.wish)
    names_days = wish.asap or (wish.earliest, wish.latest, wish.weekdays) != (None, None, None)
    names_hours = (wish.after, wish.before) != (None, None)
    if before is None or names_days == names_hours:
        return wish
    if names_days:
        return replace(wish, after=before.after, before=before.before)
    return replace(wish, earliest=before.earliest, latest=before.latest, weekdays=before.weekdays)


def _preferred(turn: Turn) -> list[Practitioner] | None:
    """Return the practitioners that the contact asked for; None for whoever is free. No query without a preference."""
    if not turn.context.practitioner_ids:
        return None
    rows = Practitioner.objects.for_organization(turn.organization).filter(pk__in=turn.context.practitioner_ids)
    return list(rows)
