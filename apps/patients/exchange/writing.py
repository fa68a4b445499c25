"""The list of patients as CSV, in columns that our own import knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, OuterRef, QuerySet, TextField

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.actors import Actor
from apps.core.csv_files import guarded
from apps.core.csv_writing import chunks_of, write_csv
from apps.core.models import TenantModel
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.dates import BirthPrecision, PartialDate
from apps.patients.exchange.several import SEVERAL, write_list, write_pairs
from apps.patients.models import (
    Address,
    Consent,
    ConsentPurpose,
    ConsentStatus,
    ContactPoint,
    ContactSystem,
    ContactUse,
    Identifier,
    Patient,
    PatientQuerySet,
    RelatedPerson,
)

_PLACE = ("city", "district", "state", "postal_code", "country")
_PURPOSES = tuple(str(purpose) for purpose in ConsentPurpose)
# Documented in docs/exchange.md. The order is a contract: add at the end.
COLUMNS = (
    *("record_number", "id", "given_name", "family_name", "preferred_name", "name_latin", "birth_date", "sex"),
    *("gender_identity", "language", "phone_mobile", "phone_home", "phone_work", "phone_other", "email", "email_work"),
    *("line_1", "line_2", *_PLACE),
    *("national_id", "passport", "insurance", "other_numbers"),
    *("emergency_name", "emergency_phone", "emergency_relationship"),
    *("guardian_name", "guardian_phone", "guardian_relationship"),
    *("tags", "alerts", "note", "preferred_channel"),
    *(f"consent_{purpose}" for purpose in _PURPOSES),
    "inactive",
)
CHUNK = 1000
FILE_NAME = "patients.csv"
_READ = (
    *("id", "number", "given_name", "family_name", "preferred_name", "name_latin", "birth_date", "birth_precision"),
    *("sex", "gender_identity", "language", "tags", "alerts", "note", "preferred_channel", "archived_at"),
    *("points", "places", "numbers", "emergency", "guardian", "answers"),
)
_PHONES = (ContactUse.MOBILE, ContactUse.HOME, ContactUse.WORK, ContactUse.OTHER)
_KINDS = ("national-id", "passport", "insurance")
_ANSWERS = {str(ConsentStatus.ACTIVE): "yes", str(ConsentStatus.WITHDRAWN): "no", str(ConsentStatus.REFUSED): "refused"}


def write_patients(
    rows: QuerySet[Patient], *, organization: Organization, route: str, actor: Actor, mark: bool = False
) -> IO[bytes]:
    """Return a file with the patients as CSV (RFC 4180, UTF-8), by name; records that were merged away are left out.

    One statement reads them with all that belongs to them, so that none is missed or written twice while others work;
    memory stays the same for any number. Every patient in it leaves one access record in the same transaction. With
    `mark` the file begins with the byte order mark that Excel needs. Must run inside the organization's transaction.
    """
    actor.require(Permission.PATIENTS_EXPORT)
    found = _with_parts(exported(rows, organization=organization), organization).values_list(*_READ)

    def lines() -> Iterator[list[str]]:
        for chunk in chunks_of(found, CHUNK):
            yield from (_line(row) for row in chunk)
            record_access(
                organization=organization,
                actor=actor,
                patient_ids=[row[0] for row in chunk],
                route=route,
                kind=AccessKind.EXPORT,
            )

    return write_csv(COLUMNS, lines(), mark=mark)


def exported(rows: QuerySet[Patient], *, organization: Organization) -> PatientQuerySet:
    """Return those of the rows that a file has, each once, in its order."""
    # A filter by number or address finds a patient once for each that fits.
    chosen: PatientQuerySet = Patient.objects.for_organization(organization).filter(
        pk__in=rows.order_by().values("pk"), merged_into__isnull=True
    )
    return chosen.order_by("sort_name", "id")


def _with_parts(patients: PatientQuerySet, organization: Organization) -> PatientQuerySet:
    def texts(model: type[TenantModel], *columns: str | Func, most: int | None = None, **wanted: Any) -> ArraySubquery:
        parts = model._default_manager.filter(organization_id=organization.pk, patient=OuterRef("pk"), **wanted)
        return ArraySubquery(parts.annotate(texts=_Texts(*columns)).values("texts")[:most])

    person = ("name", "phone", "relationship")
    return patients.annotate(
        points=texts(ContactPoint, "system", "use", "value"),
        places=texts(Address, _Lines("lines"), *_PLACE, most=1),
        numbers=texts(Identifier, "system", "value"),
        emergency=texts(RelatedPerson, *person, most=1, is_emergency_contact=True),
        guardian=texts(RelatedPerson, *person, most=1, is_guardian=True),
        answers=texts(Consent, "purpose", "status"),
    )


class _Texts(Func):
    """Columns of a row as an array of texts."""

    template = "ARRAY[%(expressions)s]::text[]"
    output_field = ArrayField(TextField())


class _Lines(Func):
    """An array of lines as one text."""

    template = "array_to_string(%(expressions)s, E'\\n')"
    output_field = TextField()


def _line(row: tuple[Any, ...]) -> list[str]:
    (pk, number, given, family, preferred, latin, born, precision, sex, gender, language) = row[:11]
    (tags, alerts, note, channel, archived, points, places, numbers, emergency, guardian, answers) = row[11:]
    said = dict(answers)
    return [
        f"{number:06d}",
        str(pk),
        *map(guarded, (given, family, preferred, latin)),
        PartialDate(born, BirthPrecision(precision)).isoformat() if born else "",
        sex,
        guarded(gender),
        language,
        *(guarded(SEVERAL.join(_values(points, ContactSystem.PHONE, use))) for use in _PHONES),
        *map(guarded, _emails(points)),
        *map(guarded, _place(places)),
        *map(guarded, _numbers(numbers)),
        *map(guarded, emergency[0] if emergency else ("", "", "")),
        *map(guarded, guardian[0] if guardian else ("", "", "")),
        guarded(write_list(tags)),
        guarded(write_list(alerts)),
        guarded(note),
        channel,
        *(_ANSWERS.get(said.get(purpose, ""), "") for purpose in _PURPOSES),
        "yes" if archived else "",
    ]


def _values(points: Sequence[Sequence[str]], system: str, use: str) -> list[str]:
    return [value for kind, purpose, value in points if kind == system and purpose == use]


def _emails(points: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Return the addresses of work apart from all others."""
    work = _values(points, ContactSystem.EMAIL, ContactUse.WORK)
    others = [value for kind, use, value in points if kind == ContactSystem.EMAIL and use != ContactUse.WORK]
    return SEVERAL.join(others), SEVERAL.join(work)


def _place(places: Sequence[Sequence[str]]) -> list[str]:
    lines, *place = places[0] if places else ("", *[""] * len(_PLACE))
    first, *others = lines.split("\n")
    return [first, ", ".join(others), *place]


def _numbers(numbers: Sequence[Sequence[str]]) -> list[str]:
    """Return one number of each kind that has a column, and all others with their system."""
    first: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for system, value in numbers:
        if system in _KINDS and system not in first:
            first[system] = value
        else:
            others.append((system, value))
    return [*(first.get(kind, "") for kind in _KINDS), write_pairs(others)]
