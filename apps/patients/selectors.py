"""Reading patients: the search as you type, and who is behind an address."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from apps.organizations.models import Organization
from apps.patients.contact import comparable_address
from apps.patients.folding import fold
from apps.patients.matching.nicknames import forms_of
from apps.patients.merging.living import merged_under_number
from apps.patients.models import ContactPoint, ContactSystem, Patient, RelatedPerson
from apps.patients.reasons import number_reasons, reason_of
from apps.patients.typed import Typed, readings_of

SAME_NAME_RATIO = 85
SIMILAR = 0.3  # as patients_search has it


@dataclass(frozen=True, slots=True)
class PatientMatch:
    """A patient that a search found, and in words why."""

    patient: Patient
    reason: str


@dataclass(frozen=True, slots=True)
class _Hit:
    id: uuid.UUID
    how: str
    known_by: str
    typed: Typed


def search_patients(
    *, organization: Organization, text: str, limit: int = 10, archived: bool = False
) -> list[PatientMatch]:
    """Return the active patients that fit what was typed, best first; three queries (five at most), at most 50 patients.

    With `archived`, those in the archive instead; a merged record is in neither.

    Words are names in any order, script and spelling (the start of a word is enough), an e-mail address, or with
    three digits and more a part of a phone or the beginning of another number; a date is a birth date in the
    organization's order, a month or a year of birth too; up to six digits are also a record number. When nothing more
    fits as typed, other forms of a name (Bill for William), two words as one, then small typos. What can be read in
    several ways takes a query for each way; who was found by a number of theirs, two more.
    """
    hits = _hits(readings_of(text, organization), organization, limit, archived=archived)
    if not hits:
        return []
    loaded = with_contact_points(Patient.objects.for_organization(organization)).in_bulk([hit.id for hit in hits])
    found = [(loaded[hit.id], hit) for hit in hits if hit.id in loaded]
    reasons = {patient: reason_of(patient, hit.typed, hit.how, organization) for patient, hit in found}
    unclear = [(patient, hit.typed) for patient, hit in found if not reasons[patient]]
    if unclear:
        reasons |= number_reasons(unclear, organization)
    return [PatientMatch(patient, reasons[patient] or _("name")) for patient, _hit in found]


def find_patient_ids(
    *, organization: Organization, text: str, limit: int = 10, archived: bool = False
) -> list[uuid.UUID]:
    """Return the ids of the patients that `search_patients` finds, in its order; one query for each way to read it."""
    return [hit.id for hit in _hits(readings_of(text, organization), organization, limit, archived=archived)]


def _hits(readings: list[Typed], organization: Organization, limit: int, *, archived: bool) -> list[_Hit]:
    if not readings:
        return []
    limit = max(1, min(limit, 50))
    hits: list[_Hit] = []
    if len(readings) > 1:
        hits = _ask_each(readings, limit, archived=archived)
    for typed in readings:
        hits = hits or _ask(typed, limit, {}, archived=archived, typos=not typed.exact)
    if not any(hit.how != "similar" for hit in hits):
        as_one = [way for typed in readings for way in typed.joined()]
        hits = [*_ask_each(as_one, limit, archived=archived), *hits][:limit]
    for typed in readings if not hits else []:
        slips = {word: turned for word in typed.words if word.isalpha() and (turned := _exchanged(word))}
        if slips and not typed.exact and not hits:
            hits = _ask_exchanged(typed, limit, slips, archived=archived)
            hits = hits or _ask(typed, limit, slips, archived=archived)
    number = next((typed.number for typed in readings if typed.number is not None), None)
    if number is not None and not archived and not any(hit.how == "number" for hit in hits):
        living = merged_under_number(organization=organization, number=number)
        if living is not None:
            merged = _Hit(living, "merged number", "", Typed(number=number))
            hits = [merged, *(hit for hit in hits if hit.id != living)][:limit]
    return hits


def _ask_each(readings: list[Typed], limit: int, *, archived: bool) -> list[_Hit]:
    """Ask for each way to read what was typed, no typos, until there are enough; a patient's first way counts."""
    hits: dict[uuid.UUID, _Hit] = {}
    for typed in readings:
        for hit in _ask(typed, limit, {}, archived=archived, typos=False) if len(hits) < limit else []:
            hits.setdefault(hit.id, hit)
    return list(hits.values())[:limit]


def _ask(typed: Typed, limit: int, slips: dict[str, list[str]], *, archived: bool, typos: bool = True) -> list[_Hit]:
    """Ask the database with each word's other forms (Bill: William), and with neighbouring letters exchanged.

    An exchange in a short word leaves hardly a trigram as it was, so it has to be asked for; in every word at once that
    costs the index many looks, and is done only where nothing else was found.
    """
    forms = {word: named for word in typed.words if (named := forms_of(word))}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, how, known_by FROM patients_search(%s, %s, %s, %s, %s::date[], %s, %s, %s, %s, %s::daterange, %s)",
            [
                *(list(typed.words), list(typed.raw), list(typed.digits), typed.number, list(typed.births), limit),
                *(Jsonb(forms), Jsonb(slips), archived, _range(typed), typos),
            ],
        )
        hits = [_Hit(*row, typed=typed) for row in cursor.fetchall()]
    return _without_far_fetched(hits, typed.words)[:limit]


def _ask_exchanged(typed: Typed, limit: int, slips: dict[str, list[str]], *, archived: bool) -> list[_Hit]:
    """Ask for an exchange in one word, the others as they were typed: what a slip of the hand mostly is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, how, known_by FROM patients_search_exchanged(%s, %s, %s::date[], %s, %s, %s::daterange)",
            [
                *(list(typed.words), list(typed.digits), list(typed.births)),
                *(Jsonb(slips), archived, _range(typed)),
            ],
        )
        hits = [_Hit(*row, typed=typed) for row in dict.fromkeys(cursor.fetchall())]
    return _without_far_fetched(hits, typed.words)[:limit]


def _range(typed: Typed) -> str | None:
    return f"[{typed.born[0]},{typed.born[1]})" if typed.born else None


def _exchanged(word: str) -> list[str]:
    if not 3 <= len(word) <= 8:
        return []
    turned = (word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1))
    return [other for other in dict.fromkeys(turned) if other != word and not _are_similar(word, other)]


def _are_similar(one: str, other: str) -> bool:
    """Tell whether pg_trgm's word_similarity of two words reaches the search's threshold (PostgreSQL manual, F.35)."""
    ours, theirs = _trigrams(one), _trigrams(other)
    same = [part in ours for part in theirs]
    runs = (
        sum(same[a:b]) / (len(ours) + (b - a) - sum(same[a:b]))
        for a in range(len(same))
        for b in range(a + 1, len(same) + 1)
    )
    return max(runs) >= SIMILAR


def _trigrams(word: str) -> list[str]:
    padded = f"  {word} "
    return list(dict.fromkeys(padded[n : n + 3] for n in range(len(padded) - 2)))


def _without_far_fetched(hits: list[_Hit], words: Sequence[str]) -> list[_Hit]:
    """Keep hits that fit as typed, then similar ones whose every word is a small typo away, nearest first."""
    fitting = [hit for hit in hits if hit.how != "similar"]
    scored = [
        (distance, hit)
        for hit in hits
        if hit.how == "similar"
        if (distance := _typos(words, hit.known_by.split())) is not None
    ]
    return fitting + [hit for _distance, hit in sorted(scored, key=lambda pair: pair[0])]


def _typos(words: Sequence[str], known: list[str]) -> int | None:
    """Count the typos between what was typed and the patient's words; None when one word is too far from all."""
    total = 0
    for word in words:
        # A number with another digit is another number.
        allowed = 0 if len(word) < 3 or any(c.isdigit() for c in word) else 1 if len(word) < 8 else 2
        nearest = min(
            (min(OSA.distance(word, other), OSA.distance(word, other[: len(word)])) for other in known), default=99
        )
        if nearest > allowed:
            return None
        total += nearest
    return total


def with_contact_points(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Load each patient's phones and e-mails, in the order to try, with one more query."""
    return patients.prefetch_related(Prefetch("contact_points", ContactPoint.objects.order_by("rank", "created_at")))


RECORD = ("addresses", "identifiers", "related_persons")


def with_record(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Load each patient's contact points, addresses, identifiers and the people around them; four more queries."""
    people = Prefetch("related_persons", RelatedPerson.objects.select_related("linked_patient"))
    return with_contact_points(patients).prefetch_related("addresses", "identifiers", people)


def household(*, patient: Patient) -> list[Patient]:
    """Return the other active patients on one of this patient's phones; one query."""
    phones = ContactPoint.objects.filter(patient=patient, system=ContactSystem.PHONE).values("value")
    others = Patient.objects.filter(organization_id=patient.organization_id, archived_at__isnull=True).exclude(
        pk=patient.pk
    )
    sharing = others.filter(contact_points__system=ContactSystem.PHONE, contact_points__value__in=phones)
    return list(sharing.distinct().order_by("sort_name")[:10])


def patients_with_address(
    *, organization: Organization, system: str, value: str, archived: bool = False
) -> list[Patient]:
    """Return the active patients who share a phone or e-mail, oldest record first; two queries with their addresses.

    With `archived`, those in the archive instead.
    """
    address = comparable_address(system, value, country=organization.country)
    patients = Patient.objects.for_organization(organization)
    patients = patients.archived() if archived else patients.active()
    sharing = patients.filter(contact_points__system=system, contact_points__value=address)
    return list(with_contact_points(sharing).order_by("number"))


def find_patient_by_identity(
    *, organization: Organization, address: str, given_name: str, family_name: str, birth_date: dt.date
) -> Patient | None:
    """Return the one patient who has this address, this birth date and this name, else None; two queries.

    The address must be known for the patient: a name and a birth date alone are no proof of who writes. Names are
    compared folded, in any order, small typos forgiven; two people who fit equally (twins) verify nobody.
    """
    system = ContactSystem.EMAIL if "@" in address else ContactSystem.PHONE
    said = " ".join(sorted(fold(f"{given_name} {family_name}").split()))
    if not said:
        return None
    scored = sorted(
        (
            (_name_score(patient, said), patient)
            for patient in patients_with_address(organization=organization, system=system, value=address)
            if patient.is_born_on(birth_date)
        ),
        key=lambda pair: -pair[0],
    )
    fitting = [(score, patient) for score, patient in scored if score >= SAME_NAME_RATIO]
    if not fitting or (len(fitting) > 1 and fitting[0][0] == fitting[1][0]):
        return None
    return fitting[0][1]


def _name_score(patient: Patient, said: str) -> float:
    known = (
        patient.full_name,
        f"{patient.preferred_name} {patient.family_name}" if patient.preferred_name else patient.full_name,
        patient.name_latin or patient.full_name,
    )
    return max(fuzz.ratio(said, " ".join(sorted(fold(name).split()))) for name in known)
