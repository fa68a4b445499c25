"""The fields of a patient in stored form: normalised, checked, every refusal collected."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.contact import normalise_email, normalise_phone
from apps.patients.dates import OLDEST, PartialDate
from apps.patients.models import CHANNEL_PURPOSES, ContactSystem, Patient, Sex

TEXT_FIELDS = (
    "given_name",
    "family_name",
    "preferred_name",
    "name_latin",
    "language",
    "gender_identity",
    "preferred_channel",
    "note",
)
LIST_FIELDS = {"alerts": 60, "tags": 40}
ADDRESS_FIELDS = ("phones", "emails")
EDITABLE_FIELDS = frozenset({*TEXT_FIELDS, *LIST_FIELDS, *ADDRESS_FIELDS, "birth_date", "sex"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,4})?$")


def clean_fields(given: Mapping[str, Any], *, organization: Organization) -> dict[str, Any]:
    """Return the given fields in stored form; collect every refusal before raising."""
    errors: dict[str, list[str]] = {field: [_("There is no such field.")] for field in given.keys() - EDITABLE_FIELDS}
    clean: dict[str, Any] = {}
    for field in (f for f in given if f in EDITABLE_FIELDS):
        try:
            clean[field] = _clean_field(field, given[field], organization)
        except InvalidInput as error:
            errors[field] = error.errors.get(field, [error.message])
    if errors:
        raise invalid(errors)
    return clean


def _clean_field(field: str, value: Any, organization: Organization) -> Any:
    if field == "phones":
        return distinct(normalise(ContactSystem.PHONE, item, organization) for item in value if item.strip())
    if field == "emails":
        return distinct(normalise(ContactSystem.EMAIL, item, organization) for item in value if item.strip())
    if field in LIST_FIELDS:
        return distinct(_text(field, item, LIST_FIELDS[field]) for item in value if item.strip())
    if field == "birth_date":
        return _birth_date(value, organization)
    if field == "sex":
        return choice(field, value, Sex.values)
    text = _text(field, value or "", getattr(Patient._meta.get_field(field), "max_length", None))
    if field == "preferred_channel" and text:
        return choice(field, text, [str(purpose) for purpose in CHANNEL_PURPOSES])
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
    born = value if isinstance(value, PartialDate) else PartialDate(value)
    today = organization.today()
    if born.first > today:
        raise invalid({"birth_date": [_("The birth date lies in the future.")]})
    if born.last < today - OLDEST:
        raise invalid({"birth_date": [_("The birth date is more than 130 years ago. Check the year.")]})
    return born


def _text(field: str, value: str, limit: int | None) -> str:
    if _CONTROL.search(value):
        raise invalid({field: [_("Remove the control characters.")]})
    text = value.strip() if field == "note" else " ".join(value.split())
    if limit is not None and len(text) > limit:
        raise invalid({field: [_("Use at most %(limit)d characters.") % {"limit": limit}]})
    return text


def choice(field: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise invalid({field: [_("Choose one of: %(list)s.") % {"list": ", ".join(allowed)}]})
    return value


def normalise(system: str, value: str, organization: Organization) -> str:
    if system == ContactSystem.EMAIL:
        return normalise_email(value)
    return normalise_phone(value, country=organization.country)


def distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def limited(text: str, length: int) -> str:
    return _CONTROL.sub("", text).strip()[:length]


def invalid(errors: Mapping[str, list[str]]) -> InvalidInput:
    first = next(iter(errors.values()))[0]
    return InvalidInput(first if len(errors) == 1 else _("Some fields need another look."), errors=errors)
