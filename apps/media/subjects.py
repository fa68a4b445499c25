"""What a file may belong to besides a patient: higher apps register their kinds, so that no import points upward."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.organizations.models import Organization

# Given an organization and an id, returns the patient's id or None, and raises NotFound for no such object.
PatientOf = Callable[[Organization, uuid.UUID], uuid.UUID | None]

_kinds: dict[str, PatientOf] = {}


def register_subject(kind: str, patient_of: PatientOf) -> None:
    """Let files belong to objects of a kind, a lower-case noun; once, at start."""
    if kind in _kinds:
        raise RuntimeError(f"two subjects of files are called {kind}")
    _kinds[kind] = patient_of


def patient_of_subject(organization: Organization, kind: str, subject_id: uuid.UUID) -> uuid.UUID | None:
    """Return whose the object is; raise InvalidInput for an unknown kind, NotFound for an object that is not there."""
    resolve = _kinds.get(kind)
    if resolve is None:
        message = _("A file belongs to one of: %(kinds)s.") % {"kinds": ", ".join(sorted(_kinds))}
        raise InvalidInput(message, errors={"subject_kind": [message]})
    return resolve(organization, subject_id)
