"""The particulars of a record in words: for the panel beside the timeline, and for the summary on paper."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from apps.organizations.holidays import country_name
from apps.organizations.models import Organization
from apps.patients import profile
from apps.patients.contact import show_phone
from apps.patients.models import (
    Address,
    ContactPoint,
    ContactSystem,
    ContactUse,
    IdentifierSystem,
    Patient,
    RelatedPerson,
)
from apps.patients.times import times_in_words


@dataclass(frozen=True, slots=True)
class Said:
    """One thing and what is said beside it: a number and its kind, a person and what they are to the patient."""

    text: str
    note: str = ""
    patient_id: uuid.UUID | None = None
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a record says of a person, in words."""

    phones: list[Said]
    emails: list[Said]
    addresses: list[Said]
    identifiers: list[Said]
    people: list[Said]
    household: list[Said]
    channel: str
    times: str
    tags: list[str] = field(default_factory=list)


def particulars_of(
    patient: Patient, organization: Organization, sharing: Sequence[Patient], *, as_written: bool = False
) -> Particulars:
    """Return the particulars of a patient loaded as a whole; at most one query, for the names of numbers.

    Who stands behind the patient, and is a patient as well, has the name of their own record, unless only what is
    written at this one may be said (`as_written`).
    """
    country = organization.country
    points = list(patient.contact_points.all())
    related = list(patient.related_persons.all())
    return Particulars(
        phones=[_point(p, show_phone(p.value, country=country)) for p in points if p.system == ContactSystem.PHONE],
        emails=[_point(p, p.value) for p in points if p.system == ContactSystem.EMAIL],
        addresses=[_address(address, country) for address in patient.addresses.all()],
        identifiers=_identifiers(patient, organization),
        people=[_person(person, country, as_written=as_written) for person in related],
        household=_household(sharing, related),
        channel=str(profile.SHORT.get(patient.preferred_channel, "")),
        times=times_in_words(patient.preferred_times),
        tags=list(patient.tags),
    )


def _point(point: ContactPoint, shown: str) -> Said:
    # "Mobile" goes without saying.
    use = "" if point.use == ContactUse.MOBILE else str(ContactUse(point.use).label).lower()
    verified = _("verified") if point.verified_at else ""
    return Said(shown, ", ".join(part for part in (point.label or use, verified) if part))


def _address(address: Address, home_country: str) -> Said:
    abroad = country_name(address.country) if address.country not in {"", home_country} else ""
    place = " ".join(part for part in (address.state, address.postal_code) if part)
    lines = (*address.lines, ", ".join(part for part in (address.city, address.district, place) if part), abroad)
    # Home goes without saying.
    note = str(address.get_use_display()).lower() if address.use != "home" else ""
    first, *further = [line for line in lines if line] or [address.country]
    return Said(first, note, further=tuple(further))


def _identifiers(patient: Patient, organization: Organization) -> list[Said]:
    numbers = list(patient.identifiers.all())
    if not numbers:
        return []
    listed = IdentifierSystem.objects.for_organization(organization).values_list("system", "name")
    names = dict(listed)
    return [Said(number.value, names.get(number.system, number.system)) for number in numbers]


def _person(person: RelatedPerson, country: str, *, as_written: bool) -> Said:
    linked = None if as_written else person.linked_patient
    roles = [str(person.get_relationship_display()).lower()]
    roles += [_("emergency contact")] if person.is_emergency_contact else []
    roles += [_("guardian")] if person.is_guardian and person.relationship != "guardian" else []
    reach = (show_phone(person.phone, country=country) if person.phone else "", person.email)
    return Said(
        linked.full_name if linked else person.name,
        ", ".join(roles),
        None if as_written else person.linked_patient_id,
        tuple(part for part in reach if part),
    )


def _household(sharing: Sequence[Patient], related: Iterable[RelatedPerson]) -> list[Said]:
    known = {person.linked_patient_id: str(person.get_relationship_display()).lower() for person in related}
    return [Said(other.full_name, known.get(other.pk, ""), other.pk) for other in sharing]
