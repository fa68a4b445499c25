"""Why a search found a patient, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.folding import fold, fold_name
from apps.patients.models import ContactSystem, Identifier, IdentifierSystem, Patient
from apps.patients.typed import Typed


def reason_of(patient: Patient, typed: Typed, how: str, organization: Organization) -> str:
    """Return what of the typed text the patient was found by; empty when it can only be one of their numbers."""
    if how == "merged number":
        return _("merged from record number %(number)06d") % {"number": typed.number or 0}
    if how == "number":
        return _("record number %(number)s") % {"number": patient.record_number}
    points = list(patient.contact_points.all())
    for part in typed.digits:
        phone = next((p.value for p in points if p.system == ContactSystem.PHONE and part in p.value), None)
        if phone is not None:
            return _("phone %(phone)s") % {"phone": show_phone(phone, country=organization.country)}
        if patient.record_number.lstrip("0").startswith(part):
            return _("record number %(number)s") % {"number": patient.record_number}
    if typed.digits:
        return ""
    if typed.births or typed.born:
        return _("birth date")
    if how == "similar":
        return _("similar name")
    if how == "form":
        return _("another form of the name")
    names = [
        word
        for name in (patient.given_name, patient.family_name, patient.preferred_name, patient.name_latin)
        for word in fold_name(name)
    ]
    for word in typed.words:
        if not any(name.startswith(word) for name in names):
            email = next(
                (p.value for p in points if p.system == ContactSystem.EMAIL and p.value.startswith(word)), None
            )
            return _("e-mail %(email)s") % {"email": email} if email is not None else ""
    return _("name")


def number_reasons(found: Iterable[tuple[Patient, Typed]], organization: Organization) -> dict[Patient, str]:
    """Return, for patients found by a number of theirs, which one and in what system; two queries for all of them."""
    typed = dict(found)
    numbers = Identifier.objects.for_organization(organization).filter(patient__in=list(typed)).order_by("created_at")
    systems = dict(IdentifierSystem.objects.for_organization(organization).values_list("system", "name"))
    reasons: dict[Patient, str] = {}
    for number in numbers.select_related("patient"):
        if number.patient not in reasons and _is_by(number.value, typed[number.patient]):
            reasons[number.patient] = _("number %(value)s (%(system)s)") % {
                "value": number.value,
                "system": systems.get(number.system, number.system),
            }
    return reasons


def _is_by(value: str, typed: Typed) -> bool:
    words = {*fold(value).split(), fold(value).replace(" ", "")}
    return any(word.startswith(part) for part in typed.words for word in words) or any(
        re.match(rf"[a-z]*0*{part}", word) for part in typed.digits for word in words
    )
