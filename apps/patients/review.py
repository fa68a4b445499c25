"""What the review of duplicates shows, as plain values: pairs by score, two records side by side, reasons in words."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.core.dates import day_in_words
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.matching import MERGE, Band, band_of
from apps.patients.matching.words import Reason, reason_of
from apps.patients.models import CandidateState, ContactPoint, ContactSystem, DuplicateCandidate, Patient

PAGE = 50
_SIDES = ("for", "against", "corrects")
LIKELY, VERY_LIKELY = 0.0, 5.0
_LISTED = ("given_name", "family_name", "preferred_name", "name_latin", "birth_date", "birth_precision", "number")


@dataclass(frozen=True, slots=True)
class Likeness:
    """How sure the score is, for a badge."""

    word: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair in the list."""

    id: uuid.UUID
    first: Patient
    second: Patient
    likeness: Likeness
    note: str
    decided: str


@dataclass(frozen=True, slots=True)
class PairPage:
    """A page of the list, with its first pair whole; `next_after` asks for the next page, None on the last."""

    lines: list[PairLine]
    first: DuplicateCandidate | None
    next_after: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field of two records; `state` is same, different, one (only one of them has it), or plain (no wonder)."""

    label: str
    first: list[str]
    second: list[str]
    state: str


@dataclass(frozen=True, slots=True)
class WeighedReason:
    """A reason with its weight in words: it speaks `for` one person, `against`, or `corrects` what was added."""

    text: str
    weight: float
    strength: str
    side: str

    @property
    def percent(self) -> int:
        """Return the weight as a length: everything beyond 16 bits is as long as 16."""
        return min(100, round(abs(self.weight) / 16 * 100))


def likeness_of(bits: float, *, is_settled: bool) -> Likeness:
    """Put a score into words. docs/matching.md explains the steps."""
    if band_of(bits, is_settled=is_settled) is Band.MERGE:
        return Likeness(_("Almost certainly one person"), "active", "users")
    if bits >= VERY_LIKELY:
        return Likeness(_("Very likely one person"), "active", "users")
    if bits >= LIKELY:
        return Likeness(_("Likely one person"), "warn", "user-question")
    return Likeness(_("Possibly one person"), "neutral", "user-question")


def strength_of(weight: float) -> str:
    """Put a reason's weight into words."""
    size = abs(weight)
    if size >= 10:
        return _("very strong")
    if size >= 5:
        return _("strong")
    return _("moderate") if size >= 2 else _("weak")


def weighed(reason: Reason) -> WeighedReason:
    """Return a reason as pages show it."""
    side = "corrects" if reason.is_correction else "for" if reason.weight > 0 else "against"
    return WeighedReason(reason.text, reason.weight, strength_of(reason.weight), side)


def reasons_of(candidate: DuplicateCandidate) -> list[WeighedReason]:
    """Return the reasons of a pair in words, what speaks for one person first, the strongest first."""
    found = [weighed(reason_of(stored)) for stored in candidate.reasons]
    return sorted(found, key=lambda reason: (_SIDES.index(reason.side), -abs(reason.weight)))


def candidates(organization: Organization, state: str = CandidateState.OPEN) -> QuerySet[DuplicateCandidate]:
    """Return the pairs in a state: who is almost certainly one person, then the likeliest first."""
    rows = DuplicateCandidate.objects.for_organization(organization).filter(state=state)
    certain = Case(When(is_settled=True, bits__gte=MERGE, then=0), default=1)
    return rows.annotate(doubt=certain).order_by("doubt", "-bits", "id")


def pairs_of_patient(patient: Patient) -> QuerySet[DuplicateCandidate]:
    """Return all pairs of one patient, decided ones too, the likeliest first."""
    rows = DuplicateCandidate.objects.filter(
        Q(first=patient.pk) | Q(second=patient.pk), organization_id=patient.organization_id
    )
    return rows.order_by("-bits", "id")


def open_for_patient(patient: Patient) -> QuerySet[DuplicateCandidate]:
    """Return the pairs of one patient that wait for a decision, the likeliest first."""
    return pairs_of_patient(patient).filter(state=CandidateState.OPEN)


def list_pairs(*, organization: Organization, state: str, after: DuplicateCandidate | None = None) -> PairPage:
    """Return a page of pairs, the likeliest first; one query."""
    rows = candidates(organization, state)
    if after is not None:
        doubt = 0 if band_of(after.bits, is_settled=after.is_settled) is Band.MERGE else 1
        further = Q(bits__lt=after.bits) | Q(bits=after.bits, pk__gt=after.pk)
        rows = rows.filter(Q(doubt__gt=doubt) | Q(doubt=doubt) & further)
    shown = [f"{side}__{name}" for side in ("first", "second") for name in _LISTED]
    found = list(
        rows.select_related("first", "second").only(
            *("bits", "is_settled", "reasons", "state", "note", "decided_at", "decided_by_label", *shown)
        )[: PAGE + 1]
    )
    return PairPage(
        [_line(row, organization) for row in found[:PAGE]],
        found[0] if found else None,
        found[PAGE - 1].pk if len(found) > PAGE else None,
    )


def _line(row: DuplicateCandidate, organization: Organization) -> PairLine:
    decided = ""
    if row.decided_at is not None:
        day = day_in_words(row.decided_at.astimezone(organization.zone).date(), "j M Y")
        decided = _("%(name)s, %(day)s") % {"name": row.decided_by_label, "day": day}
    likeness = likeness_of(row.bits, is_settled=row.is_settled)
    return PairLine(row.pk, row.first, row.second, likeness, row.note, decided)


def compared_fields(first: Patient, second: Patient, *, country: str) -> list[ComparedField]:
    """Return the fields of two records side by side, as people read them; fields that neither has are left out."""

    def text(read: Callable[[Patient], str]) -> tuple[list[str], list[str]]:
        return [t for t in [read(first)] if t], [t for t in [read(second)] if t]

    fields: list[tuple[str, tuple[list[str], list[str]]]] = [
        (_("Given name"), text(lambda p: p.given_name)),
        (_("Family name"), text(lambda p: p.family_name)),
        (_("Called"), text(lambda p: p.preferred_name)),
        (_("Latin spelling"), text(lambda p: p.name_latin)),
        (_("Birth date"), text(lambda p: p.born.in_words() if p.born else "")),
        (_("Sex"), text(lambda p: "" if p.sex == "unknown" else p.get_sex_display())),
        (_("Phone"), (_phones(first, country), _phones(second, country))),
        (_("E-mail"), (_addresses(first, ContactSystem.EMAIL), _addresses(second, ContactSystem.EMAIL))),
        (_("Address"), ([str(a) for a in first.addresses.all()], [str(a) for a in second.addresses.all()])),
        (_("Numbers"), (_numbers(first), _numbers(second))),
    ]
    registered = text(lambda p: _day(p.created_at.astimezone(p.organization.zone).date()))
    return [
        *(
            ComparedField(label, ours, theirs, _state(ours, theirs))
            for label, (ours, theirs) in fields
            if ours or theirs
        ),
        ComparedField(_("Registered"), *registered, "plain"),
    ]


def _state(ours: Sequence[str], theirs: Sequence[str]) -> str:
    if not ours or not theirs:
        return "one"
    mine, others = ({value.casefold() for value in values} for values in (ours, theirs))
    return "different" if mine.isdisjoint(others) else "same"


def _day(date: dt.date | None) -> str:
    return day_in_words(date, "j M Y") if date else ""


def _points(patient: Patient, system: str) -> list[ContactPoint]:
    return [point for point in patient.contact_points.all() if point.system == system]


def _addresses(patient: Patient, system: str) -> list[str]:
    return [point.value for point in _points(patient, system)]


def _phones(patient: Patient, country: str) -> list[str]:
    return [show_phone(value, country=country) for value in _addresses(patient, ContactSystem.PHONE)]


def _numbers(patient: Patient) -> list[str]:
    return [f"{number.system}: {number.value}" for number in patient.identifiers.all()]


def merge_url(first: Patient, second: Patient) -> str:
    """Return where the two are merged into the older record; empty where merging does not exist."""
    survivor, duplicate = sorted((first, second), key=lambda patient: patient.number)
    try:
        return reverse("patients:merge", args=[survivor.pk, duplicate.pk], query={"from": "review"})
    except NoReverseMatch:
        return ""
