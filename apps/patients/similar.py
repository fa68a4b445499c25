"""Who may be the person that somebody is typing into a form: scored candidates, and who shares an address."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.organizations.models import Organization
from apps.patients.candidates import MOST_COMPARED, Candidate, best_of, find_candidates, load_facts
from apps.patients.dates import BirthPrecision
from apps.patients.folding import sort_text
from apps.patients.matching import REVIEW, PersonFacts, Score
from apps.patients.matching.words import reason_of
from apps.patients.models import ContactSystem, Patient
from apps.patients.review import LIKELY, VERY_LIKELY
from apps.patients.selectors import find_patient_ids, patients_with_address, with_contact_points

MOST, MOST_REASONS = 5, 3


@dataclass(frozen=True, slots=True)
class Similar:
    """A patient beside the form, with the strongest reasons in words; a likely one is rather the same person, a certain
    one is registered a second time only when somebody insists."""

    patient: Patient
    reason: str
    is_likely: bool
    is_certain: bool = False

    @property
    def is_archived(self) -> bool:
        return self.patient.archived_at is not None


def similar_patients(*, organization: Organization, typed: PersonFacts, own: uuid.UUID | None = None) -> list[Similar]:
    """Return who may be the typed person, likeliest first, then who else has the phone or the e-mail.

    Those in the archive too, else they are registered again. 24 queries at most. What was saved in the last seconds may
    be missing among the scored ones: their keys are written behind the page. Addresses, the archive, and whole names
    with a birth date, are looked up directly.
    """
    scored = find_candidates(organization=organization, facts=typed, own=own, at_least=REVIEW, limit=MOST)
    scored += _archived_candidates(organization=organization, typed=typed, own=own)
    patients = with_contact_points(Patient.objects.for_organization(organization)).in_bulk(
        [one.patient_id for one in scored]
    )
    found = {
        one.patient_id: Similar(
            patients[one.patient_id], _reasons(one.score), one.score.bits >= LIKELY, one.score.bits >= VERY_LIKELY
        )
        for one in scored
        if one.patient_id in patients
    }
    for patient in _same_name_and_birth(organization, typed):
        if patient.pk != own:
            reason = found[patient.pk].reason if patient.pk in found else _("same name and birth date")
            found[patient.pk] = Similar(patient, reason, is_likely=True, is_certain=True)
    shared = (
        (ContactSystem.PHONE, typed.phones, _("same phone")),
        (ContactSystem.EMAIL, typed.emails, _("same e-mail")),
    )
    for system, values, reason in shared:
        for value in values:
            for patient in patients_with_address(organization=organization, system=system, value=value):
                if patient.pk != own:
                    found.setdefault(patient.pk, Similar(patient, reason, False))
    return sorted(found.values(), key=lambda one: (not one.is_certain, not one.is_likely))[:MOST]


def _same_name_and_birth(organization: Organization, typed: PersonFacts) -> list[Patient]:
    name = sort_text(given_name=typed.given_name, family_name=typed.family_name)
    if not name or len(typed.birth_date) != len("1984-03-14"):
        return []
    same = Patient.objects.for_organization(organization).filter(
        sort_name=name, birth_date=typed.birth_date, birth_precision=BirthPrecision.DAY, merged_into=None
    )
    return list(with_contact_points(same).order_by("number")[:MOST])


def _archived_candidates(*, organization: Organization, typed: PersonFacts, own: uuid.UUID | None) -> list[Candidate]:
    """Return who may be the typed person among the archived, who have no keys: by the name, then by the addresses."""
    name = " ".join(part for part in (typed.given_name, typed.family_name) if part)
    ids = find_patient_ids(organization=organization, text=name, limit=MOST_COMPARED, archived=True)
    for system, values in ((ContactSystem.PHONE, typed.phones), (ContactSystem.EMAIL, typed.emails)):
        for value in values:
            sharing = patients_with_address(organization=organization, system=system, value=value, archived=True)
            ids += [patient.pk for patient in sharing]
    wanted = set(ids) - {own}
    if not wanted:
        return []
    facts = {pk: known.facts for pk, known in load_facts(organization=organization, patient_ids=wanted).items()}
    return best_of(organization=organization, facts=typed, others=facts, at_least=REVIEW, limit=MOST)


def _reasons(score: Score) -> str:
    """Return the reasons that speak most for one person, in words."""
    strongest = sorted((one for one in score.evidence if one.weight > 1), key=lambda one: -one.weight)
    words = [reason_of(one).text for one in strongest[:MOST_REASONS]]
    return ", ".join(word[:1].lower() + word[1:] for word in words)
