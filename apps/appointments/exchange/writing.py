"""The appointment book as CSV."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.db.models import FloatField, Func

from apps.appointments.models import AppointmentQuerySet
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.actors import Actor
from apps.core.csv_files import guarded
from apps.core.csv_writing import chunks_of, write_csv
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.models import full_name

# Documented in docs/exchange.md. The order is a contract: add at the end.
COLUMNS = (
    "id",
    "external_id",
    "patient_id",
    "patient_number",
    "patient_name",
    "practitioner_id",
    "practitioner",
    "appointment_type",
    "location",
    "room",
    "start",
    "end",
    "status",
    "source",
    "reason",
    "created_at",
    "cancelled_at",
    "cancel_reason",
)
_READ = (
    *("id", "external_id", "patient_id", "patient__number", "patient__given_name", "patient__family_name"),
    *("practitioner_id", "practitioner__prefix", "practitioner__given_name", "practitioner__family_name"),
    *("appointment_type__name", "location__name", "location__timezone", "room__name", "status", "source", "reason"),
    *("cancel_reason", "starts_at", "ends_at", "made_at", "called_off_at"),
)
# Moments come as seconds since 1970: reading 400,000 of them as dates took a third of the whole export.
_SECONDS = {"starts_at": "start", "ends_at": "end", "made_at": "created_at", "called_off_at": "cancelled_at"}
CHUNK = 2000
FILE_NAME = "appointments.csv"


def write_appointments(
    rows: AppointmentQuerySet, *, organization: Organization, route: str, actor: Actor, mark: bool = False
) -> IO[bytes]:
    """Return a file with the appointments as CSV (RFC 4180, UTF-8), by start; times with the offset of their location.

    One statement reads all rows, so that none is missed or written twice while others book, and memory stays the same
    for any number: what is longer than a megabyte waits in a nameless temporary file. Every patient in it leaves one
    access record in the same transaction. With `mark` the file begins with the byte order mark that Excel needs to
    read UTF-8. Must run inside the organization's transaction.
    """
    actor.require(Permission.APPOINTMENTS_VIEW)
    found = rows.for_organization(organization).real().select_related(None).order_by("start", "id")
    found = found.annotate(**{name: _Seconds(column) for name, column in _SECONDS.items()})

    def lines() -> Iterator[list[str]]:
        noted: set[uuid.UUID] = set()
        for chunk in chunks_of(found.values_list(*_READ), CHUNK):
            yield from _lines(chunk)
            people = dict.fromkeys(row[2] for row in chunk if row[2] not in noted)
            noted.update(people)
            record_access(
                organization=organization, actor=actor, patient_ids=people, route=route, kind=AccessKind.EXPORT
            )

    return write_csv(COLUMNS, lines(), mark=mark)


class _Seconds(Func):
    """Seconds since 1970 UTC."""

    function = "date_part"
    template = "%(function)s('epoch', %(expressions)s)"
    output_field = FloatField()


def _lines(rows: list[tuple[Any, ...]]) -> Iterator[list[str]]:
    # A filter that makes rows distinct has what they are sorted by selected too, after what is read.
    for row in rows:
        (pk, external_id, patient_id, number, given, family, practitioner_id, prefix, first, last) = row[:10]
        (kind, place, zone_name, room, status, source, reason, why, start, end, created, cancelled) = row[
            10 : len(_READ)
        ]
        zone = ZoneInfo(zone_name)
        practitioner = " ".join(part for part in (prefix, first, last) if part)
        texts = [practitioner, kind, place, room or ""]
        yield [
            str(pk),
            guarded(external_id),
            str(patient_id),
            f"{number:06d}",
            guarded(full_name(given, family)),
            str(practitioner_id),
            *(guarded(text) for text in texts),
            _round_moment(start, zone),
            _round_moment(end, zone),
            status,
            source,
            guarded(reason),
            _moment(created, zone),
            _moment(cancelled, zone) if cancelled else "",
            why,
        ]


def _moment(seconds: float, zone: ZoneInfo) -> str:
    return dt.datetime.fromtimestamp(seconds, zone).isoformat(timespec="seconds")


_round_moment = lru_cache(maxsize=8192)(_moment)
"""Visits begin and end at the same few times of a day; when they were booked is of each its own."""
