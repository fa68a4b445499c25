"""The lists of a patient's record in stored form: phones, e-mails, addresses, numbers, people around them.

A row is a dict of the model's fields. An `id` says which present row it replaces; without one, the row that is equal.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.organizations.holidays import countries
from apps.organizations.models import Organization
from apps.patients.models import AddressUse, ContactSystem, ContactUse, Relationship
from apps.patients.text import choice, invalid, normalise, one_line

Row = dict[str, Any]
CONTACT_PARTS = {"phones": ContactSystem.PHONE, "emails": ContactSystem.EMAIL}
DEFAULT_USES = {ContactSystem.PHONE: ContactUse.MOBILE, ContactSystem.EMAIL: ContactUse.HOME}
MOST_ROWS, MOST_LINES = 20, 4
CONTACT_FIELDS = ("value", "use", "label")
ADDRESS_FIELDS = ("use", "lines", "city", "district", "state", "postal_code", "country")
IDENTIFIER_FIELDS = ("system", "value")
RELATED_FIELDS = (*("name", "relationship", "phone", "email", "is_emergency_contact", "is_guardian", "linked_patient"),)
FIELDS = {
    "phones": CONTACT_FIELDS,
    "emails": CONTACT_FIELDS,
    "addresses": ADDRESS_FIELDS,
    "identifiers": IDENTIFIER_FIELDS,
    "related_persons": RELATED_FIELDS,
}
PARTS = tuple(FIELDS)
COUNTRIES = frozenset(code for code, _name in countries())


def spread_contact_points(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with `contact_points` as `phones` and `emails`: both lists are replaced then."""
    fields = dict(given)
    points = fields.pop("contact_points", None)
    if points is None:
        return fields
    if fields.keys() & CONTACT_PARTS.keys():
        raise invalid({"contact_points": [_("Give contact points, or phones and e-mails, not both.")]})
    for place, point in enumerate(points):
        choice(f"contact_points.{place}.system", point.get("system", ""), ContactSystem.values)
    for part, system in CONTACT_PARTS.items():
        fields[part] = [
            {name: value for name, value in point.items() if name != "system"}
            for point in points
            if point["system"] == system
        ]
    return fields


def clean_part(part: str, given: Iterable[Any], organization: Organization) -> list[Row]:
    """Return a list's rows in stored form, empty ones left out; every refusal is named as `addresses.0.country`."""
    rows: list[Row] = []
    errors: dict[str, list[str]] = {}
    given = list(given or [])
    if len(given) > MOST_ROWS:
        raise invalid({part: [_("At most %(limit)d can be kept.") % {"limit": MOST_ROWS}]})
    for place, item in enumerate(given):
        try:
            row = _clean_row(part, item, organization)
        except InvalidInput as refusal:
            where = part if isinstance(item, str) else f"{part}.{place}"
            for field, messages in refusal.errors.items():
                errors.setdefault(where if isinstance(item, str) else f"{where}.{field}", []).extend(messages)
            continue
        if row is not None and not any(_same(part, row, other) for other in rows):
            rows.append(row)
    if errors:
        raise invalid(errors)
    return rows


def _same(part: str, row: Row, other: Row) -> bool:
    keys = ("value",) if part in CONTACT_PARTS else FIELDS[part]
    return all(row[key] == other[key] for key in keys)


def _clean_row(part: str, item: Any, organization: Organization) -> Row | None:
    if part in CONTACT_PARTS:
        return _contact(CONTACT_PARTS[part], {"value": item} if isinstance(item, str) else item, organization)
    if not isinstance(item, Mapping):
        raise invalid({"": [_("Give an object.")]})
    unknown = item.keys() - {*FIELDS[part], "id"}
    if unknown:
        raise invalid({field: [_("There is no such field.")] for field in unknown})
    row = _CLEANERS[part](item, organization)
    if row is not None and item.get("id"):
        row["id"] = _uuid("id", item["id"])
    return row


def _contact(system: ContactSystem, item: Mapping[str, Any], organization: Organization) -> Row | None:
    if not str(item.get("value") or "").strip():
        return None
    row: Row = {"value": _renamed("value", lambda: normalise(system, item["value"], organization))}
    # What is not said stays as it is at a number that is kept.
    row["use"] = choice("use", item["use"], ContactUse.values) if item.get("use") else None
    row["label"] = one_line("label", item["label"], 40) if item.get("label") is not None else None
    return row


def _address(item: Mapping[str, Any], organization: Organization) -> Row | None:
    lines = [one_line("lines", line, 200) for line in item.get("lines") or [] if line.strip()]
    limits = {"city": 100, "district": 100, "state": 100, "postal_code": 20}
    row: Row = {name: one_line(name, item.get(name) or "", limit) for name, limit in limits.items()}
    if not lines and not any(row.values()):
        return None
    if len(lines) > MOST_LINES:
        raise invalid({"lines": [_("Use at most %(limit)d lines.") % {"limit": MOST_LINES}]})
    country = (item.get("country") or organization.country).strip().upper()
    if country not in COUNTRIES:
        raise invalid({"country": [_("Use a country’s two letters, such as US or MX.")]})
    use = choice("use", item.get("use") or AddressUse.HOME, AddressUse.values)
    return row | {"lines": lines, "country": country, "use": use}


def _identifier(item: Mapping[str, Any], organization: Organization) -> Row | None:
    row: Row = {"system": one_line("system", item.get("system") or "", 200)}
    row["value"] = one_line("value", item.get("value") or "", 100)
    if not row["value"] and not row["system"]:
        return None
    if not row["value"]:
        raise invalid({"value": [_("Enter the number, or take the line away.")]})
    if not row["system"]:
        raise invalid({"system": [_("Say what kind of number it is.")]})
    return row


def _related(item: Mapping[str, Any], organization: Organization) -> Row | None:
    phone, email = str(item.get("phone") or "").strip(), str(item.get("email") or "").strip()
    row: Row = {"name": one_line("name", item.get("name") or "", 160)}
    row["linked_patient"] = _uuid("linked_patient", item.get("linked_patient"))
    if not row["name"] and row["linked_patient"] is None:
        if not phone and not email:
            return None
        raise invalid({"name": [_("Enter the person’s name.")]})
    row["phone"] = _renamed("phone", lambda: normalise(ContactSystem.PHONE, phone, organization)) if phone else ""
    row["email"] = _renamed("email", lambda: normalise(ContactSystem.EMAIL, email, organization)) if email else ""
    row["relationship"] = choice("relationship", item.get("relationship") or Relationship.OTHER, Relationship.values)
    return row | {flag: bool(item.get(flag)) for flag in ("is_emergency_contact", "is_guardian")}


_CLEANERS: dict[str, Callable[[Mapping[str, Any], Organization], Row | None]] = {
    "addresses": _address,
    "identifiers": _identifier,
    "related_persons": _related,
}


def _renamed(field: str, normalised: Callable[[], str]) -> str:
    try:
        return normalised()
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, errors={field: [refusal.message]}, code=refusal.code) from refusal


def _uuid(field: str, value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        raise invalid({field: [_("There is no such patient here.") if field != "id" else _("Not an id.")]}) from None
