"""CSV files of appointments: which column is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.patients.folding import fold

# Our fields, in the order in which they are offered; the words under which other systems name them (folded).
FIELDS = {
    "external_id": gettext_lazy("Its id in the other system"),
    "id": gettext_lazy("Its id here"),
    "patient_number": gettext_lazy("Patient’s record number here"),
    "patient_name": gettext_lazy("Patient’s full name"),
    "given_name": gettext_lazy("Patient’s given name"),
    "family_name": gettext_lazy("Patient’s family name"),
    "birth_date": gettext_lazy("Patient’s birth date"),
    "phone": gettext_lazy("Patient’s phone"),
    "practitioner": gettext_lazy("Practitioner"),
    "appointment_type": gettext_lazy("Appointment type"),
    "location": gettext_lazy("Location"),
    "room": gettext_lazy("Room"),
    "start": gettext_lazy("Start (day and time)"),
    "day": gettext_lazy("Day"),
    "time": gettext_lazy("Time it begins"),
    "end": gettext_lazy("End (day and time, or time)"),
    "minutes": gettext_lazy("Minutes"),
    "status": gettext_lazy("Status"),
    "reason": gettext_lazy("Reason"),
    "note": gettext_lazy("Note for staff"),
    "cancelled_at": gettext_lazy("Cancelled at"),
    "cancel_reason": gettext_lazy("Why it was cancelled"),
}
_NAMES = {
    "external_id": "external id|appointment id|appointment no|appointment number|booking id|visit id|encounter id|uid",
    "id": "id",
    "patient_number": "patient number|patient no|patient id|record number|mrn|chart number|chart no|file number",
    "patient_name": "patient name|patient|full name|name|client|client name",
    "given_name": "given name|first name|firstname|forename|patient first name|patient given name",
    "family_name": "family name|last name|lastname|surname|patient last name|patient family name",
    "birth_date": "birth date|date of birth|dob|birthday|birthdate|patient dob|patient birth date",
    "phone": "phone|mobile|cell|telephone|phone number|mobile number|patient phone|cell phone",
    "practitioner": "practitioner|provider|doctor|clinician|physician|resource|therapist|dentist|practitioner name",
    "appointment_type": "appointment type|type|service|visit type|procedure|treatment|appointment reason code",
    "location": "location|site|clinic|office|facility|branch|practice",
    "room": "room|chair|operatory",
    "start": "start|start time|starts at|begin|appointment start|start date time|start datetime|appointment time|datetime",
    "day": "date|day|appointment date|start date|visit date",
    "time": "time|begin time|appointment begin|starts",
    "end": "end|end time|ends at|appointment end|finish|end date time|end datetime",
    "minutes": "minutes|duration|length|duration minutes|duration min|mins",
    "status": "status|state|appointment status|visit status",
    "reason": "reason|complaint|chief complaint|visit reason|appointment reason|subject",
    "note": "note|notes|comment|comments|remarks",
    "cancelled_at": "cancelled at|canceled at|cancellation date|cancelled on",
    "cancel_reason": "cancel reason|cancellation reason",
}
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names.split("|")}
# In files that say both, ours is the second: `patient_id` beside `patient_number` is a UUID of our own export.
_OURS_ALONE = {"patient_id": "patient_number", "practitioner_id": "practitioner"}


def guess_mapping(header: Sequence[str]) -> dict[str, int]:
    """Return which column is which of our fields, by the names that our export and other systems use."""
    ours = {"patient_id", "patient_number", "practitioner_id"} <= set(header)
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        if ours and name in _OURS_ALONE:
            continue
        field = _FIELD_OF.get(fold(name.replace("_", " ")))
        if field is not None:
            found.setdefault(field, position)
    return found


def what_is_missing(mapping: Mapping[str, int], *, needs_location: bool) -> list[str]:
    """Return, in words, what the chosen columns leave open; nothing when rows can be checked."""
    missing = []
    if "start" not in mapping and not {"day", "time"} <= mapping.keys():
        missing.append(_("when it begins (one column with day and time, or one each)"))
    if "practitioner" not in mapping:
        missing.append(_("the practitioner"))
    if "appointment_type" not in mapping:
        missing.append(_("the appointment type"))
    has_name = "patient_name" in mapping or {"given_name", "family_name"} <= mapping.keys()
    if "patient_number" not in mapping and not ("birth_date" in mapping and (has_name or "phone" in mapping)):
        missing.append(_("the patient (record number; or birth date with name or phone)"))
    if needs_location and "location" not in mapping:
        missing.append(_("the location (a column, or one for all rows)"))
    return missing
