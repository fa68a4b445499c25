"""Single values in stored form, and how their refusals are raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.contact import normalise_email, normalise_phone
from apps.patients.models import ContactSystem

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def several_lines(field: str, value: str, limit: int | None) -> str:
    """Return the text without spaces around it; refuse control characters and more than `limit` characters."""
    _refuse_control_characters(field, value)
    text = value.strip()
    if limit is not None and len(text) > limit:
        raise invalid({field: [_("Use at most %(limit)d characters.") % {"limit": limit}]})
    return text


def one_line(field: str, value: str, limit: int | None) -> str:
    """Return the text with single spaces; refuse control characters and more than `limit` characters."""
    _refuse_control_characters(field, value)
    return several_lines(field, " ".join(value.split()), limit)


def _refuse_control_characters(field: str, value: str) -> None:
    if _CONTROL.search(value):
        raise invalid({field: [_("Remove the control characters.")]})


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
