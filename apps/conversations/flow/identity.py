"""Who writes, and for whom: what is believed, and on what ground.

- A number proves that its holder writes. When it is the mobile of exactly one adult patient, the writer is that patient.
- A number that several patients share, a landline, or one of a child only proves the household: first name and birth
  date must fit one of its patients.
- An unknown number proves nothing: name and birth date make a new patient of it. When they fit a patient whose number is
  another one, staff check it; the bot says neither that there is such a patient nor anything about them.

Nobody is named and nothing of a record is said before that.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from rapidfuzz import fuzz

from apps.conversations.flow.turn import Turn
from apps.core.actors import BOT
from apps.organizations.models import Organization
from apps.patients.folding import fold
from apps.patients.models import ConsentPurpose, ConsentStatus, ContactPoint, ContactUse, Patient
from apps.patients.selectors import find_patient_by_identity
from apps.patients.services import add_contact_point, create_patient, set_consent

ADULT_YEARS = 18
SAME_NAME = 85
SAME_FIRST_NAME = 80


class Writer(StrEnum):
    """What the number alone says about who writes."""

    KNOWN = "known"
    HOUSEHOLD = "household"
    UNKNOWN = "unknown"


def writer_of(turn: Turn) -> Writer:
    """Return what the number, and what was verified in this thread before, says; no query beyond who shares the number.

    Somebody verified on a number that proves only the household says nothing about who writes today: the next visit
    asks again, or the mother's would be booked for the child.
    """
    if sole_holder(turn) is not None:
        return Writer.KNOWN
    if turn.sharing:
        return Writer.HOUSEHOLD
    return Writer.KNOWN if turn.patient is not None else Writer.UNKNOWN


def sole_holder(turn: Turn) -> Patient | None:
    """Return the one adult patient whose mobile this number is, None when it could be somebody else's."""
    if len(turn.sharing) != 1:
        return None
    patient = turn.sharing[0]
    age = patient.age(turn.today)
    point = _point(patient, turn.thread.address)
    is_adult = age is None or age >= ADULT_YEARS
    return patient if is_adult and point is not None and point.use == ContactUse.MOBILE else None


def with_first_name(turn: Turn, given_name: str) -> list[Patient]:
    """Return the patients sharing the number whom this first name fits, small typos forgiven."""
    said = fold(given_name).split()
    return [
        patient
        for patient in turn.sharing
        if said and any(_same_first_name(said[0], name) for name in _first_names(patient))
    ]


def verified_in_household(turn: Turn, birth_date: dt.date) -> Patient | None:
    """Return the one candidate with this birth date."""
    fitting = [
        patient for patient in turn.sharing if patient.pk in turn.context.candidates and patient.is_born_on(birth_date)
    ]
    return fitting[0] if len(fitting) == 1 else None


def verified_by_identity(turn: Turn, birth_date: dt.date) -> Patient | None:
    """Return the patient whose number, name and birth date all agree with what was said."""
    return find_patient_by_identity(
        organization=turn.organization,
        address=turn.thread.address,
        given_name=turn.context.given_name,
        family_name=turn.context.family_name,
        birth_date=birth_date,
    )


def is_patient_elsewhere(organization: Organization, given_name: str, family_name: str, birth_date: dt.date) -> bool:
    """Tell whether an active patient has this name and birth date, whatever their number; one query."""
    said = _sorted_name(f"{given_name} {family_name}")
    same_day = Patient.objects.for_organization(organization).active().filter(birth_date=birth_date)
    return any(
        fuzz.ratio(said, _sorted_name(name)) >= SAME_NAME
        for patient in same_day
        for name in (patient.full_name, f"{patient.preferred_name} {patient.family_name}", patient.name_latin)
        if name.strip()
    )


def register(turn: Turn, birth_date: dt.date) -> Patient:
    """Create the patient with what was said and the number they write from, which is verified by that.

    Of a patient for whom somebody else writes, the number is a way to reach them, not their own mobile.
    Raises InvalidInput when name or number are not acceptable.
    """
    thread = turn.thread
    use = ContactUse.OTHER if turn.context.for_other else ContactUse.MOBILE
    patient = create_patient(
        organization=turn.organization,
        given_name=turn.context.given_name,
        family_name=turn.context.family_name,
        birth_date=birth_date,
        language=turn.language,
        phones=[{"value": thread.address, "use": use}],
        actor=BOT,
    )
    if not turn.context.for_other:
        add_contact_point(patient=patient, system="phone", value=thread.address, verified=True, actor=BOT)
    if thread.channel in ConsentPurpose.values:
        set_consent(
            patient=patient,
            purpose=thread.channel,
            status=ConsentStatus.ACTIVE,
            source=f"wrote on {thread.get_channel_display()}",
            evidence=f"conversation {thread.pk}",
            actor=BOT,
        )
    return patient


def _point(patient: Patient, address: str) -> ContactPoint | None:
    return next((point for point in patient.contact_points.all() if point.value == address), None)


def _first_names(patient: Patient) -> list[str]:
    names = (patient.given_name, patient.preferred_name, patient.name_latin)
    return [word for name in names for word in fold(name).split()[:2]]


def _same_first_name(said: str, known: str) -> bool:
    return said == known or (len(said) > 2 and fuzz.ratio(said, known) >= SAME_FIRST_NAME)


def _sorted_name(name: str) -> str:
    return " ".join(sorted(fold(name).split()))
