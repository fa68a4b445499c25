"""Writes on the times in which another calendar says that a practitioner is taken."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.events.services import emit
from apps.organizations.permissions import Permission
from apps.practitioners.calendar_files import MOST_OCCURRENCES, BusyPeriod
from apps.practitioners.models import BusyTime, Practitioner

LONGEST_NAME = 80


@transaction.atomic
def replace_busy_times(
    *, practitioner: Practitioner, calendar: str, periods: Iterable[BusyPeriod], actor: Actor
) -> int:
    """Let these periods be all that this calendar says about the practitioner; return how many there are now.

    Rows of the same calendar that are not among them go; the same periods again change nothing and publish nothing.
    Booked visits stay: somebody must move them. Locks the practitioner, as bookings do. Raises InvalidInput.
    """
    actor.require(Permission.PRACTITIONERS_MANAGE)
    name = _checked_name(calendar)
    wanted = {(one.uid[:255], one.start, one.end): one for one in periods}
    if len(wanted) > MOST_OCCURRENCES:
        message = _("At most %(n)d busy times per calendar. Send a shorter time.") % {"n": MOST_OCCURRENCES}
        raise InvalidInput(message, errors={"events": [message]})
    if any(one.start >= one.end for one in wanted.values()):
        message = _("The end must lie after the start.")
        raise InvalidInput(message, errors={"events": [message]})
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    rows = BusyTime.objects.filter(practitioner=practitioner, calendar=name)
    known = {(row.uid, row.period.lower, row.period.upper): row for row in rows}
    gone = [row.pk for key, row in known.items() if key not in wanted or row.summary != wanted[key].summary]
    kept = {key for key, row in known.items() if key in wanted and row.summary == wanted[key].summary}
    BusyTime.objects.filter(pk__in=gone).delete()
    BusyTime.objects.bulk_create(
        [
            BusyTime(
                organization_id=practitioner.organization_id,
                practitioner=practitioner,
                calendar=name,
                uid=one.uid[:255],
                period=DateTimeTZRange(one.start, one.end),
                summary=one.summary[:120],
            )
            for key, one in wanted.items()
            if key not in kept
        ],
        batch_size=1000,
    )
    if gone or len(kept) != len(wanted):
        payload = {"calendar": name, "busy_times": len(wanted)}
        emit("practitioner.busy_times_replaced", subject=practitioner, actor=actor, payload=payload)
    return len(wanted)


@transaction.atomic
def remove_busy_times(*, practitioner: Practitioner, calendar: str, actor: Actor) -> int:
    """Forget a calendar; its times can be booked again at once. Return how many rows went; NotFound for none."""
    actor.require(Permission.PRACTITIONERS_MANAGE)
    Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    rows = BusyTime.objects.filter(practitioner=practitioner, calendar=calendar.strip())
    number, _by_model = rows.delete()
    if not number:
        raise NotFound(_("There is no such calendar for this practitioner. Look at the list again."))
    payload = {"calendar": calendar.strip(), "busy_times": number}
    emit("practitioner.busy_times_removed", subject=practitioner, actor=actor, payload=payload)
    return number


def _checked_name(calendar: str) -> str:
    name = " ".join(calendar.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        message = _("Give the calendar a name of at most %(n)d characters, for example Hospital.") % {"n": LONGEST_NAME}
        raise InvalidInput(message, errors={"calendar": [message]})
    return name
