"""Which patient a row means. Nobody is ever made up: who is not found is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from apps.appointments.exchange.moments import Unreadable, read_day
from apps.organizations.models import Organization
from apps.patients.folding import fold
from apps.patients.models import ContactSystem, Patient
from apps.patients.selectors import patients_with_address

if TYPE_CHECKING:
    from apps.appointments.exchange.rows import Row

LARGEST_NUMBER = 2_147_483_647


def find_patient(row: Row, organization: Organization) -> Patient:
    """Return the one active patient whom the row names; up to three queries. Raises RowRefused.

    By record number, if name and birth date (as far as the file says them) don't contradict it: another system's
    numbers mean other people here. Else by phone and birth date; else by exact name and birth date.
    """
    name = row["patient_name"] or f"{row['given_name']} {row['family_name']}".strip()
    born = _birth_date(row, organization)
    numbered = _by_number(row["patient_number"], organization)
    if numbered is not None and _agrees(numbered, name, born):
        return numbered
    fitting: list[Patient] = []
    if born is not None and row["phone"]:
        fitting = [one for one in _by_phone(row["phone"], organization) if one.is_born_on(born)]
        if len(fitting) > 1 and name:
            fitting = [one for one in fitting if _is_called(one, name)]
        elif name:
            fitting = [one for one in fitting if _agrees(one, name, born)]
    if not fitting and born is not None and name:
        same_day = Patient.objects.for_organization(organization).active().filter(birth_date=born)
        fitting = [one for one in same_day if one.is_born_on(born) and _is_called(one, name)]
    if len(fitting) == 1:
        return fitting[0]
    raise _nobody(row, numbered=numbered, several=len(fitting) > 1)


def _nobody(row: Row, *, numbered: Patient | None, several: bool) -> Exception:
    column = next(
        (one for one in ("patient_number", "patient_name", "family_name", "phone", "birth_date") if row.column(one)),
        "patient_number",
    )
    if several:
        message = _("Several patients fit. Write the record number of the right one.")
        return row.refuse(column, "ambiguous_patient", message)
    if numbered is not None:
        message = _(
            "That record number belongs to somebody else here. Leave it out and give name and birth date, or correct it."
        )
        return row.refuse("patient_number", "other_patient", message)
    said = next((one for one in ("patient_name", "family_name", "phone") if row[one]), "")
    if said and not (row["patient_number"] or row["birth_date"]):
        message = _("That is not enough to tell who it is. Write the birth date or the record number as well.")
        return row.refuse(said, "unknown_patient", message)
    message = _("No such patient here. Add the patient first, or correct the number, name, phone or birth date.")
    return row.refuse(column, "unknown_patient", message)


def _birth_date(row: Row, organization: Organization) -> dt.date | None:
    if not row["birth_date"]:
        return None
    try:
        return read_day(row["birth_date"].split("T")[0].split(" ")[0], day_first=organization.day_first)
    except Unreadable as error:
        raise row.refuse("birth_date", "unreadable_date", str(error)) from error


def _by_number(text: str, organization: Organization) -> Patient | None:
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) > LARGEST_NUMBER:
        return None
    found: Patient | None = Patient.objects.for_organization(organization).active().filter(number=int(text)).first()
    return found


def _by_phone(text: str, organization: Organization) -> list[Patient]:
    return patients_with_address(organization=organization, system=ContactSystem.PHONE, value=text)


def _names(patient: Patient) -> Iterable[set[str]]:
    yield set(fold(patient.full_name).split())
    if patient.preferred_name:
        yield set(fold(f"{patient.preferred_name} {patient.family_name}").split())
    if patient.name_latin:
        yield set(fold(patient.name_latin).split())


def _agrees(patient: Patient, name: str, born: dt.date | None) -> bool:
    """Tell whether nothing that the file says contradicts this patient; a shorter or longer form of the name doesn't."""
    if born is not None and not patient.may_be_born_on(born):
        return False
    said = set(fold(name).split())
    return not said or any(said <= known or known <= said for known in _names(patient))


def _is_called(patient: Patient, name: str) -> bool:
    said = set(fold(name).split())
    return any(said == known for known in _names(patient))
