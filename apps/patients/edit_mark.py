"""What an edit form was made from: it travels with the form, signed, so that saving knows what was touched in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.forms import BoundField, CheckboxInput

from apps.patients.models import Patient

MINE, THEIRS = "mine", "theirs"
_SALT = "patients.edit:"
_NAMES = {"phone": "phones", "phone_2": "phones", "email": "emails"}
_LINE = re.compile(r"^([a-z_]+)-\d+-")


@dataclass(frozen=True, slots=True)
class EditMark:
    """`read` is what the fields said; `seen` what somebody else saved since in those that were changed here too."""

    read: dict[str, Any]
    seen: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, patient: Patient) -> EditMark | None:
        """Return the mark that this patient's form carries; None without one, or with one that is not ours."""
        try:
            return cls(**signing.loads(text, salt=f"{_SALT}{patient.pk}"))
        except signing.BadSignature:
            return None

    def signed(self, patient: Patient) -> str:
        return signing.dumps({"read": self.read, "seen": self.seen}, salt=f"{_SALT}{patient.pk}", compress=True)


def field_of(name: str) -> str:
    """Return the field of the record that a control of the form belongs to: `phones` for `phones-0-value`."""
    if name.startswith("times_"):
        return "preferred_times"
    line = _LINE.match(name)
    return line[1] if line else _NAMES.get(name, name)


def written(bound: BoundField) -> list[str]:
    """Return what a browser sends for a control that nobody touched."""
    value = bound.value()
    if isinstance(bound.field.widget, CheckboxInput):
        return ["on"] if value else []
    if getattr(bound.field.widget, "allow_multiple_selected", False):
        return [str(one) for one in value or ()]
    return ["" if value is None else str(value)]
