"""Refusals of the appointment book: each says why, and what could be booked instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import ngettext

from apps.core.api.fields import utc_text
from apps.core.errors import Conflict

if TYPE_CHECKING:
    from apps.appointments.availability import Slot
    from apps.appointments.conflicts import BookingConflict
    from apps.appointments.services.series import Occurrence


class SlotUnavailable(Conflict):
    """The time can't be had. `conflicts` are all reasons at once, `alternatives` at most three free slots nearby."""

    code = "slot_unavailable"

    def __init__(self, conflicts: Sequence[BookingConflict], alternatives: Sequence[Slot]) -> None:
        self.conflicts = list(conflicts)
        self.alternatives = list(alternatives)
        super().__init__(
            conflicts[0].message,
            extra={
                "conflicts": [conflict_as_json(conflict) for conflict in conflicts],
                "alternatives": [slot_as_json(slot) for slot in alternatives],
            },
        )

    @property
    def is_soft(self) -> bool:
        """Tell whether only the clinic's own rules stand against it, which a manager may set aside."""
        return not any(conflict.hard for conflict in self.conflicts)

    @property
    def can_overbook(self) -> bool:
        """Tell whether a manager may put it beside what takes the practitioner's time: nothing else is hard."""
        return self._hard_codes == {"practitioner_taken"}

    @property
    def can_overbook_without_room(self) -> bool:
        """Tell the same of a visit that needs no room, but would keep one which is taken, too."""
        return self._hard_codes == {"practitioner_taken", "room_taken"}

    @property
    def _hard_codes(self) -> set[str]:
        return {conflict.code for conflict in self.conflicts if conflict.hard}


class SeriesUnavailable(Conflict):
    """Some visits of a series can't be had, so none was booked or moved; `occurrences` are the refused ones."""

    code = "series_unavailable"

    def __init__(self, occurrences: Sequence[Occurrence]) -> None:
        self.occurrences = list(occurrences)
        message = ngettext(
            "One visit of the series can’t be booked as it is. Leave it out, or choose another time for it.",
            "%(n)d visits of the series can’t be booked as they are. Leave them out, or choose other times for them.",
            len(occurrences),
        )
        super().__init__(
            message % {"n": len(occurrences)},
            extra={"occurrences": [occurrence_as_json(occurrence) for occurrence in occurrences]},
        )


def occurrence_as_json(occurrence: Occurrence) -> dict[str, Any]:
    """Return a visit of a series as the API shows it before it is booked."""
    return {
        "recurrence_id": utc_text(occurrence.recurrence_id),
        "start": utc_text(occurrence.start),
        "bookable": not occurrence.conflicts,
        "overridable": occurrence.is_overridable,
        "conflicts": [conflict_as_json(conflict) for conflict in occurrence.conflicts],
        "alternatives": [slot_as_json(slot) for slot in occurrence.alternatives],
    }


def conflict_as_json(conflict: BookingConflict) -> dict[str, Any]:
    """Return a conflict as the API shows it."""
    return {
        "code": conflict.code,
        "message": conflict.message,
        "hard": conflict.hard,
        "until": utc_text(conflict.until) if conflict.until else None,
    }


def slot_as_json(slot: Slot) -> dict[str, Any]:
    """Return a slot as the API shows it: ids, UTC times, and the zone to show them in."""
    return {
        "practitioner": str(slot.practitioner_id),
        "practitioner_name": slot.practitioner_name,
        "location": str(slot.location_id),
        "location_name": slot.location_name,
        "room": str(slot.room_id) if slot.room_id else None,
        "start": utc_text(slot.start),
        "end": utc_text(slot.end),
        "timezone": slot.timezone,
    }
