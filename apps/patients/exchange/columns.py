"""CSV files of patients: which column is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.patients.folding import fold

# Our fields, in the order in which they are offered.
FIELDS = {
    "external_id": gettext_lazy("Their id in the other system"),
    "given_name": gettext_lazy("Given name"),
    "middle_name": gettext_lazy("Middle name"),
    "family_name": gettext_lazy("Family name"),
    "full_name": gettext_lazy("Full name"),
    "preferred_name": gettext_lazy("Preferred name"),
    "name_latin": gettext_lazy("Latin spelling"),
    "birth_date": gettext_lazy("Birth date"),
    "sex": gettext_lazy("Sex"),
    "gender_identity": gettext_lazy("Gender identity"),
    "language": gettext_lazy("Language"),
    "phone_mobile": gettext_lazy("Mobile phone"),
    "phone_home": gettext_lazy("Home phone"),
    "phone_work": gettext_lazy("Work phone"),
    "phone_other": gettext_lazy("Other phone"),
    "email": gettext_lazy("E-mail"),
    "email_work": gettext_lazy("Work e-mail"),
    "line_1": gettext_lazy("Address"),
    "line_2": gettext_lazy("Address, second line"),
    "city": gettext_lazy("City"),
    "district": gettext_lazy("County or district"),
    "state": gettext_lazy("State or region"),
    "postal_code": gettext_lazy("Postal code"),
    "country": gettext_lazy("Country"),
    "national_id": gettext_lazy("National id"),
    "passport": gettext_lazy("Passport"),
    "insurance": gettext_lazy("Insurance member number"),
    "other_numbers": gettext_lazy("Other numbers (system|number)"),
    "emergency_name": gettext_lazy("Emergency contact"),
    "emergency_phone": gettext_lazy("Emergency contact’s phone"),
    "emergency_relationship": gettext_lazy("Emergency contact’s relationship"),
    "guardian_name": gettext_lazy("Guardian"),
    "guardian_phone": gettext_lazy("Guardian’s phone"),
    "guardian_relationship": gettext_lazy("Guardian’s relationship"),
    "tags": gettext_lazy("Tags"),
    "alerts": gettext_lazy("Alerts"),
    "note": gettext_lazy("Note"),
    "preferred_channel": gettext_lazy("Preferred channel"),
    "consent_whatsapp": gettext_lazy("Agrees to WhatsApp"),
    "consent_sms": gettext_lazy("Agrees to SMS"),
    "consent_email": gettext_lazy("Agrees to e-mail"),
    "consent_voice": gettext_lazy("Agrees to calls"),
    "consent_data_sharing": gettext_lazy("Agrees to data sharing"),
    "consent_ai_processing": gettext_lazy("Agrees to AI processing"),
    "consent_photos": gettext_lazy("Agrees to photos"),
    "deceased": gettext_lazy("Deceased (yes, or the date)"),
    "inactive": gettext_lazy("Inactive (yes or no)"),
}
# The words under which other systems name them (folded).
_NAMES = {
    "external_id": "external id|patient id|patient no|patient number|mrn|chart number|chart no|record number|file number|client id|id",
    "given_name": "given name|first name|firstname|forename|first|given|patient first name|nombre",
    "middle_name": "middle name|middle|middlename|second name",
    "family_name": "family name|last name|lastname|surname|last|family|patient last name|apellido|apellidos",
    "full_name": "full name|name|patient name|patient|client name",
    "preferred_name": "preferred name|nickname|known as|preferred",
    "name_latin": "name latin|latin name|latin spelling",
    "birth_date": "birth date|date of birth|dob|birthdate|birthday|born|patient dob|fecha de nacimiento",
    "sex": "sex|gender|sex at birth|birth sex|legal sex|sexo",
    "gender_identity": "gender identity",
    "language": "language|preferred language|primary language|lang|idioma",
    "phone_mobile": "mobile|mobile phone|cell|cell phone|cellphone|mobile number|phone|phone number|telephone|movil|celular",
    "phone_home": "home phone|phone home|home number|home telephone",
    "phone_work": "work phone|phone work|business phone|work number",
    "phone_other": "other phone|phone other|phone 2|alternate phone|secondary phone",
    "email": "email|e mail|email address|e mail address|mail|correo",
    "email_work": "work email|email work",
    "line_1": "address|address 1|address line 1|street|street address|street 1|home address|direccion",
    "line_2": "address 2|address line 2|street 2|apartment|unit|apt",
    "city": "city|town|suburb|ciudad",
    "district": "county|district",
    "state": "state|province|region|state province",
    "postal_code": "zip|zip code|zipcode|postal code|postcode|post code|postalcode",
    "country": "country|country code|pais",
    "national_id": "national id|national identifier|ssn|social security number|curp|nhs number",
    "passport": "passport|passport number|passport no",
    "insurance": "insurance|insurance id|insurance number|member id|policy number|insurance member number|medicare number",
    "emergency_name": "emergency contact|emergency contact name|emergency name|next of kin",
    "emergency_phone": "emergency phone|emergency contact phone|emergency number|next of kin phone",
    "emergency_relationship": "emergency contact relationship|emergency relationship|relationship",
    "guardian_name": "guardian|guardian name|responsible party",
    "guardian_phone": "guardian phone|responsible party phone",
    "tags": "tags|tag|labels|groups|categories",
    "alerts": "alerts|alert|warnings|flags",
    "note": "note|notes|comment|comments|remarks",
    "consent_whatsapp": "consent whatsapp|whatsapp consent|whatsapp opt in",
    "consent_sms": "consent sms|sms consent|sms opt in|sms reminders|text consent",
    "consent_email": "consent email|email consent|email opt in|email reminders",
    "consent_voice": "consent voice|voice consent|call consent",
    "deceased": "deceased|deceased date|date of death|deathdate|death date",
    "inactive": "inactive|archived|is archived",
}
# Each by its own name too: so are they named in our export.
_FIELD_OF = {field.replace("_", " "): field for field in FIELDS} | {
    name: field for field, names in _NAMES.items() for name in names.split("|")
}


def guess_mapping(header: Sequence[str]) -> dict[str, int]:
    """Return which column is which of our fields, by the names that common systems use."""
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        field = _FIELD_OF.get(fold(name.replace("_", " ")))
        if field is not None:
            found.setdefault(field, position)
    return found


def what_is_missing(mapping: Mapping[str, int]) -> list[str]:
    """Return, in words, what the chosen columns leave open; nothing when rows can be checked."""
    if mapping.keys() & {"given_name", "family_name", "full_name"}:
        return []
    return [_("the name (given and family name, or the full name)")]
