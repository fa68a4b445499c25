"""Finding free times that fit a wish, and choosing three that differ enough to be a choice."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz

from apps.appointments.availability import Slot, find_slots
from apps.appointments.models import Appointment, AppointmentType
from apps.conversations.flow.context import Offer
from apps.conversations.understanding import When, is_common_word, relation_words
from apps.organizations.models import Organization
from apps.patients.folding import fold
from apps.practitioners.models import Practitioner

OFFERED = 3
_CHUNK = 300
_CHUNKS = 12
_APART = dt.timedelta(hours=1)
_WORD = re.compile(r"\w+")
_RELATIONS = relation_words()
_TITLES = frozenset(fold("dr doctor doc dra doctora daktar with see con ver डॉ डॉक्टर").split())
_NAME_WORDS = 60
_SHORTEST_NAME, _SHORTEST_MISSPELT, _SAME_NAME = 3, 5, 86


def bookable_types(organization: Organization) -> list[AppointmentType]:
    """Return the types that patients may book themselves, in the clinic's order; one query."""
    return list(AppointmentType.objects.for_organization(organization).filter(is_active=True, online_bookable=True))


def type_for_reason(organization: Organization, reason: str) -> AppointmentType | None:
    """Return the type whose keywords fit the reason best, else the default one; None when nothing can be booked online."""
    types = bookable_types(organization)
    said = f" {' '.join(_WORD.findall(fold(reason)))} "
    scored = [(_hits(kind, said), kind) for kind in types]
    best = max((score for score, _kind in scored), default=0)
    if best:
        return next(kind for score, kind in scored if score == best)
    return next((kind for kind in types if kind.is_default), types[0] if types else None)


def practitioners_named(organization: Organization, text: str, *, titled: bool) -> list[uuid.UUID]:
    """Return the active practitioners whose family name a text names, small typos forgiven; one query at most.

    With `titled` only behind a title or "with", since the writer's own name may be the same; without, no common words
    ("any other day" is no wish for Dr Day).
    """
    said = fold(text).split()[:_NAME_WORDS]
    heard = [
        word
        for before, word in zip(["", *said], said, strict=False)
        if len(word) >= _SHORTEST_NAME and (before in _TITLES or not (titled or is_common_word(word)))
    ]
    if not heard:
        return []
    active = Practitioner.objects.for_organization(organization).filter(is_active=True)
    return [one.pk for one in active if any(_is_named(word, one.family_name) for word in heard)]


def _is_named(word: str, family_name: str) -> bool:
    return any(
        word == name or (len(word) >= _SHORTEST_MISSPELT and fuzz.ratio(word, name) >= _SAME_NAME)
        for name in fold(family_name).split()
        if len(name) >= _SHORTEST_NAME
    )


def has_keyword(organization: Organization, text: str) -> bool:
    """Tell whether a text names something that one of the bookable types is for; "for my son" only says for whom."""
    said = f" {' '.join(word for word in _WORD.findall(fold(text)) if word not in _RELATIONS)} "
    return any(_hits(kind, said) for kind in bookable_types(organization))


def _hits(kind: AppointmentType, said: str) -> int:
    """Return how much of the text the type's keywords cover, in characters, so that a longer phrase beats a word in it."""
    words = (" ".join(_WORD.findall(fold(keyword))) for keyword in kind.keywords.split(","))
    return sum(len(word) for word in words if word and f" {word} " in said)


def find_offers(
    *,
    organization: Organization,
    appointment_type: AppointmentType,
    now: dt.datetime,
    wish: When | None = None,
    after: dt.datetime | None = None,
    practitioners: Sequence[Practitioner] | None = None,
) -> list[Offer]:
    """Return up to three free times that fit the wish, spread out, earliest first.

    `after` (UTC) leaves out what starts until then ("more"); `practitioners` None means whoever is free. Slots are read in chunks, one query each, until enough fit.
    """
    start, end = _window(organization, appointment_type, now, wish)
    start = max(start, after + dt.timedelta(seconds=1)) if after else start
    fitting: list[Slot] = []
    for chunk in _chunks(organization, appointment_type, start, end, practitioners):
        fitting += [slot for slot in chunk if fits(slot, wish)]
        if len({_half_day(slot) for slot in fitting}) >= OFFERED:
            break
    return [_offer(slot) for slot in _spread(fitting, sooner=bool(wish and wish.asap))]


def fits(slot: Slot, wish: When | None) -> bool:
    """Tell whether a slot starts on a day and at a time of day that was wished for, on the location's clock."""
    if wish is None:
        return True
    local = slot.local_start
    return (
        (wish.earliest is None or wish.earliest <= local.date())
        and (wish.latest is None or local.date() <= wish.latest)
        and (wish.weekdays is None or local.weekday() in wish.weekdays)
        and (wish.after is None or wish.after <= local.time())
        and (wish.before is None or local.time() < wish.before)
    )


def offer_of(appointment: Appointment) -> Offer:
    """Return a booked visit in the form that sentences are made from; reads practitioner and location."""
    return Offer(
        practitioner_id=appointment.practitioner_id,
        practitioner_name=appointment.practitioner.display_name,
        location_id=appointment.location_id,
        location_name=appointment.location.name,
        room_id=appointment.room_id,
        start=appointment.start,
        timezone=appointment.location.timezone,
    )


def wish_to_json(wish: When) -> dict[str, Any]:
    """Return what the search needs of a wish, without the contact's words."""
    return {
        "earliest": wish.earliest.isoformat() if wish.earliest else None,
        "latest": wish.latest.isoformat() if wish.latest else None,
        "weekdays": sorted(wish.weekdays) if wish.weekdays is not None else None,
        "after": wish.after.isoformat() if wish.after else None,
        "before": wish.before.isoformat() if wish.before else None,
        "asap": wish.asap,
    }


def wish_from_json(data: dict[str, Any] | None) -> When | None:
    """Return the stored wish."""
    if data is None:
        return None
    return When(
        earliest=dt.date.fromisoformat(data["earliest"]) if data["earliest"] else None,
        latest=dt.date.fromisoformat(data["latest"]) if data["latest"] else None,
        weekdays=frozenset(data["weekdays"]) if data["weekdays"] is not None else None,
        after=dt.time.fromisoformat(data["after"]) if data["after"] else None,
        before=dt.time.fromisoformat(data["before"]) if data["before"] else None,
        asap=data["asap"],
    )


def _window(
    organization: Organization, appointment_type: AppointmentType, now: dt.datetime, wish: When | None
) -> tuple[dt.datetime, dt.datetime]:
    """Return where to look, UTC; a day wider than the wish at both ends, because locations have zones of their own."""
    horizon = now + dt.timedelta(days=appointment_type.horizon_days + 1)
    start, end = now, horizon
    if wish is not None and wish.earliest is not None:
        start = max(now, _midnight(wish.earliest - dt.timedelta(days=1), organization.zone))
    if wish is not None and wish.latest is not None:
        end = min(horizon, _midnight(wish.latest + dt.timedelta(days=2), organization.zone))
    return start, max(start, end)


def _midnight(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def _chunks(
    organization: Organization,
    appointment_type: AppointmentType,
    start: dt.datetime,
    end: dt.datetime,
    practitioners: Sequence[Practitioner] | None,
) -> Iterator[list[Slot]]:
    for _ in range(_CHUNKS):
        if start >= end:
            return
        slots = find_slots(
            organization=organization,
            appointment_type=appointment_type,
            start=start,
            end=end,
            practitioners=practitioners,
            limit=_CHUNK,
            online=True,
        )
        yield slots
        if len(slots) < _CHUNK:
            return
        start = slots[-1].start + dt.timedelta(seconds=1)


def _half_day(slot: Slot) -> tuple[dt.date, bool]:
    local = slot.local_start
    return local.date(), local.hour >= 12


def _spread(slots: Sequence[Slot], *, sooner: bool) -> list[Slot]:
    """Return the first slot and two more that differ from it: other half-days, then an hour apart, then whatever is free.

    Who needs it as soon as possible gets the earliest times as they are, one at each start.
    """
    chosen: list[Slot] = []
    different: list[Any] = [] if sooner else [_another_half_day, _an_hour_apart]
    for differs in [*different, _another_start]:
        for slot in slots:
            if len(chosen) == OFFERED:
                break
            if slot not in chosen and all(differs(slot, other) for other in chosen):
                chosen.append(slot)
    return sorted(chosen, key=lambda slot: slot.start)


def _another_half_day(slot: Slot, other: Slot) -> bool:
    return _half_day(slot) != _half_day(other)


def _an_hour_apart(slot: Slot, other: Slot) -> bool:
    return abs(slot.start - other.start) >= _APART


def _another_start(slot: Slot, other: Slot) -> bool:
    return slot.start != other.start


def _offer(slot: Slot) -> Offer:
    return Offer(
        practitioner_id=slot.practitioner_id,
        practitioner_name=slot.practitioner_name,
        location_id=slot.location_id,
        location_name=slot.location_name,
        room_id=slot.room_id,
        start=slot.start,
        timezone=slot.timezone,
    )
