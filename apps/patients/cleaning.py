"""The fields of a patient in stored form: normalised, checked, every refusal collected."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.dates import OLDEST, PartialDate
from apps.patients.models import Patient, PreferredChannel, Sex
from apps.patients.parts import PARTS, clean_part, spread_contact_points
from apps.patients.text import choice, distinct, invalid, one_line, several_lines
from apps.patients.times import clean_times

TEXT_FIELDS = (
    "given_name",
    "family_name",
    "preferred_name",
    "name_latin",
    "gender_identity",
    "language",
    "preferred_channel",
    "note",
)
LIST_FIELDS = {"alerts": 60, "tags": 40}
SINGLE_FIELDS = frozenset({*TEXT_FIELDS, *LIST_FIELDS, "birth_date", "sex", "preferred_times"})
EDITABLE_FIELDS = SINGLE_FIELDS | frozenset(PARTS)
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,4})?$")


def clean_fields(given: Mapping[str, Any], *, organization: Organization) -> dict[str, Any]:
    """Return the given fields in stored form; collect every refusal before raising.

    `contact_points` stands for both `phones` and `emails`.
    """
    given = spread_contact_points(given)
    errors: dict[str, list[str]] = {field: [_("There is no such field.")] for field in given.keys() - EDITABLE_FIELDS}
    clean: dict[str, Any] = {}
    for field in (f for f in given if f in EDITABLE_FIELDS):
        try:
            clean[field] = _clean_field(field, given[field], organization)
        except InvalidInput as error:
            errors |= error.errors or {field: [error.message]}
    if errors:
        raise invalid(errors)
    return clean


def _clean_field(field: str, value: Any, organization: Organization) -> Any:
    if field in PARTS:
        return clean_part(field, value, organization)
    if field in LIST_FIELDS:
        return distinct(one_line(field, item, LIST_FIELDS[field]) for item in value if item.strip())
    if field == "birth_date":
        return _birth_date(value, organization)
    if field == "preferred_times":
        return clean_times(value)
    if field == "sex":
        return choice(field, value, Sex.values)
    limit = getattr(Patient._meta.get_field(field), "max_length", None)
    text = (several_lines if field == "note" else one_line)(field, value or "", limit)
    if field == "preferred_channel" and text:
        return choice(field, text, PreferredChannel.values)
    if field == "language" and not _LANGUAGE.match(text):
        raise invalid({field: [_("Use a language code such as en, es or hi.")]})
    return text


def _birth_date(value: PartialDate | dt.date | str | None, organization: Organization) -> PartialDate | None:
    if not value:
        return None
    if isinstance(value, str):
        try:
            value = PartialDate.fromisoformat(value)
        except ValueError:
            message = _("Write the birth date as YYYY-MM-DD; YYYY-MM or YYYY when no more is known.")
            raise invalid({"birth_date": [message]}) from None
    return clean_birth_date(value if isinstance(value, PartialDate) else PartialDate(value), organization=organization)


def clean_birth_date(born: PartialDate, *, organization: Organization) -> PartialDate:
    """Return a date that somebody living can be born on; raise InvalidInput (field `birth_date`) for any other."""
    today = organization.today()
    if born.first > today:
        raise invalid({"birth_date": [_("The birth date lies in the future.")]})
    if born.last < today - OLDEST:
        raise invalid({"birth_date": [_("The birth date is more than 130 years ago. Check the year.")]})
    return born
