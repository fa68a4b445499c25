"""The fields of a record that two may differ in, whose value is proposed, and what a choice makes of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _

from apps.core.together import read_together
from apps.events.models import Event
from apps.organizations.models import Organization
from apps.patients.cleaning import clean_fields
from apps.patients.merging.rules import Pair
from apps.patients.models import Address, ContactPoint, ContactSystem, Patient, Sex
from apps.patients.text import distinct, invalid

SURVIVOR, DUPLICATE, BOTH, VALUE = "survivor", "duplicate", "both", "value"
Choice = Literal["survivor", "duplicate", "both"]
# What a person may choose one of, in the order in which a form asks.
SINGLE = (
    *("given_name", "family_name", "preferred_name", "name_latin", "birth_date", "sex", "gender_identity"),
    *("language", "preferred_channel", "preferred_times"),
)
IDENTITY = frozenset({*SINGLE[:6]})
JOINED = ("alerts", "tags", "note")
SYSTEMS = {"phones": ContactSystem.PHONE, "emails": ContactSystem.EMAIL}
ORDERED = (*SYSTEMS, "addresses")
FIELDS = (*SINGLE, *ORDERED, *JOINED)
NOTHING: tuple[Any, ...] = ("", None, [], {}, Sex.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Own:
    """A value that is neither record's: what a person typed in."""

    value: Any


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """One field of both records and whose value is proposed; `mine_at` and `theirs_at` (UTC) say when it was last set.

    `choices` are the possible answers. Of phones, e-mails and addresses both records' stay, the choice says whose come first.
    """

    name: str
    mine: Any
    theirs: Any
    mine_at: dt.datetime
    theirs_at: dt.datetime
    proposed: str
    choices: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Tell whether a person has something to choose."""
        return self.mine != self.theirs and not (is_empty(self.mine) and is_empty(self.theirs))


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing: empty, or "unknown"."""
    return value in NOTHING


def choices_of(name: str) -> tuple[str, ...]:
    """Return the possible answers for a field."""
    return (SURVIVOR, DUPLICATE, BOTH) if name in JOINED else (SURVIVOR, DUPLICATE)


def compare(pair: Pair) -> list[FieldChoice]:
    """Return every field with both values and a proposal: what is not empty, then what was verified, then the newer.

    Of names, birth date and sex the survivor's stay unless the duplicate's were corrected later. Two queries. When a field was set is read from the events, for records from before them it is when they were made.
    """
    both = [pair.survivor.pk, pair.duplicate.pk]
    ordered, addresses = read_together(
        *(model.objects.filter(patient__in=both).order_by("rank", "created_at") for model in (ContactPoint, Address))
    )
    set_at = _set_at(pair)
    return [
        _choice(
            name,
            (pair.survivor, _value(pair.survivor, name, ordered, addresses), set_at[pair.survivor.pk].get(name)),
            (pair.duplicate, _value(pair.duplicate, name, ordered, addresses), set_at[pair.duplicate.pk].get(name)),
            ordered,
        )
        for name in FIELDS
    ]


def _choice(
    name: str,
    mine: tuple[Patient, Any, dt.datetime | None],
    theirs: tuple[Patient, Any, dt.datetime | None],
    points: Sequence[ContactPoint],
) -> FieldChoice:
    mine_at, theirs_at = mine[2] or mine[0].created_at, theirs[2] or theirs[0].created_at
    if name in IDENTITY:
        # A later record is not a better one: only what somebody corrected since is taken over the survivor's.
        better = theirs[2] is not None and theirs[2] > mine_at
    elif name in SYSTEMS:
        verified = [
            any(p.verified_at for p in points if p.patient_id == patient.pk and p.system == SYSTEMS[name])
            for patient, _value_of, _at in (mine, theirs)
        ]
        better = verified[1] > verified[0] if verified[0] != verified[1] else theirs_at > mine_at
    else:
        better = theirs_at > mine_at
    proposed = SURVIVOR
    if mine[1] != theirs[1] and not is_empty(theirs[1]):
        if is_empty(mine[1]):
            proposed = DUPLICATE
        elif name in JOINED:
            proposed = BOTH
        elif better:
            proposed = DUPLICATE
    return FieldChoice(name, mine[1], theirs[1], mine_at, theirs_at, proposed, choices_of(name))


def _value(patient: Patient, name: str, points: Sequence[ContactPoint], addresses: Sequence[Address]) -> Any:
    if name in SYSTEMS:
        return [p.value for p in points if p.patient_id == patient.pk and p.system == SYSTEMS[name]]
    if name == "addresses":
        return [address.in_one_line for address in addresses if address.patient_id == patient.pk]
    return value_of(patient, name)


def value_of(patient: Patient, name: str) -> Any:
    """Return a patient's own value of a field; of the birth date with what is known of it."""
    return patient.born if name == "birth_date" else getattr(patient, name)


def give(patient: Patient, name: str, value: Any) -> None:
    """Set a patient's own value of a field; does not save."""
    setattr(patient, "born" if name == "birth_date" else name, value)


def _set_at(pair: Pair) -> dict[Any, dict[str, dt.datetime]]:
    """Return when each field of both was last set; one query, of a row per field however often it was."""
    found: dict[Any, dict[str, dt.datetime]] = {pair.survivor.pk: {}, pair.duplicate.pk: {}}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT patient_id, name, max(occurred_at)
            FROM {connection.ops.quote_name(Event._meta.db_table)}, jsonb_object_keys(changes) name
            WHERE organization_id = %s AND patient_id = ANY(%s) AND type = 'patient.updated' GROUP BY 1, 2
            """,  # noqa: S608 - a model's table
            [pair.organization.pk, list(found)],
        )
        for patient_id, name, at in cursor.fetchall():
            found[patient_id][name] = at
    return found


def checked(fields: Mapping[str, Any], *, organization: Organization) -> dict[str, Any]:
    """Return the choices, each one of a field's own; raise InvalidInput that names every field it refuses."""
    errors: dict[str, list[str]] = {}
    for name, choice in fields.items():
        allowed = choices_of(name)
        if name not in FIELDS:
            errors[name] = [_("There is no such field.")]
        elif isinstance(choice, Own) and name in ORDERED:
            errors[name] = [_("Both records' stay; say whose come first: survivor or duplicate.")]
        elif not isinstance(choice, Own) and choice not in allowed:
            errors[name] = [_("Choose one of: %(list)s.") % {"list": ", ".join(allowed)}]
    if errors:
        raise invalid(errors)
    own = {name: choice.value for name, choice in fields.items() if isinstance(choice, Own)}
    clean = clean_fields(own, organization=organization)
    return {name: Own(clean[name]) if name in clean else choice for name, choice in fields.items()}


def chosen_values(pair: Pair, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the survivor's own fields are to be; raise InvalidInput when no name would be left."""
    values = {
        name: _chosen(name, choice, value_of(pair.survivor, name), value_of(pair.duplicate, name))
        for name, choice in choices.items()
        if name not in ORDERED
    }
    names = [values.get(name, value_of(pair.survivor, name)) for name in ("given_name", "family_name")]
    if not any(names):
        raise invalid({"given_name": [_("Choose a given name or a family name.")]})
    return values


def _chosen(name: str, choice: Any, mine: Any, theirs: Any) -> Any:
    if isinstance(choice, Own):
        return choice.value
    if choice == BOTH:
        if name == "note":
            return "\n\n".join(distinct(text for text in (mine, theirs) if text))
        return distinct([*mine, *theirs])
    return theirs if choice == DUPLICATE else mine
