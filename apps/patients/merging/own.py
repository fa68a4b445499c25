"""The rules of the patients' own tables: how to reach them, where they live, who stands behind them, what they agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.merging.ledger import Ledger
from apps.patients.merging.references import leave_out
from apps.patients.merging.rules import Answers, Finding, Moving, Pair, Rule, register
from apps.patients.models import (
    SAID_NO,
    Address,
    CandidateState,
    Consent,
    ConsentPurpose,
    ConsentStatus,
    ContactPoint,
    ContactSystem,
    DuplicateCandidate,
    Identifier,
    MatchIndex,
    Merge,
    Patient,
    RelatedPerson,
    Relationship,
)

FIELD_OF_SYSTEM = {ContactSystem.PHONE: "phones", ContactSystem.EMAIL: "emails"}


def settle_contact_points(ledger: Ledger) -> None:
    """Keep one of equal addresses, verified if either was; put the chosen record's addresses first."""
    pair = ledger.pair
    mine = list(pair.of_survivor(ContactPoint).order_by("rank", "created_at"))
    theirs = list(pair.of_duplicate(ContactPoint).order_by("rank", "created_at"))
    known = {(point.system, point.value): point for point in mine}
    twins = {point: known[point.system, point.value] for point in theirs if (point.system, point.value) in known}
    staying = [*mine, *(point for point in theirs if point not in twins)]
    with ledger.watch(ContactPoint, [point.pk for point in staying]):
        for theirs_too, point in twins.items():
            point.verified_at = min(filter(None, (point.verified_at, theirs_too.verified_at)), default=None)
        for system, field in FIELD_OF_SYSTEM.items():
            first, second = (theirs, mine) if ledger.choices.get(field) == "duplicate" else (mine, theirs)
            ordered = dict.fromkeys(twins.get(point, point) for point in (*first, *second) if point.system == system)
            for rank, point in enumerate(ordered, start=1):
                point.rank = rank
        ContactPoint.objects.bulk_update(staying, ["rank", "verified_at"])
    ledger.drop(ContactPoint, {theirs_too.pk: point.pk for theirs_too, point in twins.items()})


def settle_addresses(ledger: Ledger) -> None:
    """Keep one of equal addresses; put the chosen record's first."""
    pair = ledger.pair
    mine = list(pair.of_survivor(Address).order_by("rank", "created_at"))
    theirs = list(pair.of_duplicate(Address).order_by("rank", "created_at"))
    known = {address.in_one_line: address for address in mine}
    twins = {address: known[address.in_one_line] for address in theirs if address.in_one_line in known}
    staying = [*mine, *(address for address in theirs if address not in twins)]
    first, second = (theirs, mine) if ledger.choices.get("addresses") == "duplicate" else (mine, theirs)
    with ledger.watch(Address, [address.pk for address in staying]):
        for rank, address in enumerate(dict.fromkeys(twins.get(one, one) for one in (*first, *second)), start=1):
            address.rank = rank
        Address.objects.bulk_update(staying, ["rank"])
    ledger.drop(Address, {address.pk: kept.pk for address, kept in twins.items()})


def settle_people(ledger: Ledger) -> None:
    """Call the survivor's people first; nobody is a relative of themselves."""
    pair = ledger.pair
    people = [
        *pair.of_survivor(RelatedPerson).order_by("rank", "created_at"),
        *pair.of_duplicate(RelatedPerson).order_by("rank", "created_at"),
    ]
    both = {pair.survivor.pk, pair.duplicate.pk}
    with ledger.watch(RelatedPerson, [person.pk for person in people]):
        for rank, person in enumerate(people, start=1):
            person.rank = rank
            if person.linked_patient_id in both:
                person.linked_patient_id = None
        RelatedPerson.objects.bulk_update(people, ["rank", "linked_patient"])


def ask_people(pair: Pair) -> list[QuerySet]:
    """Ask for the people of either record who are the other one."""
    mine, theirs = pair.of_both(RelatedPerson)
    return [mine.filter(linked_patient=pair.duplicate.pk), theirs.filter(linked_patient=pair.survivor.pk)]


def find_people(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say when one record names the other as somebody else."""
    for person in chain.from_iterable(answers):
        message = _("One record names the other as somebody else: %(relationship)s.")
        values = {"relationship": person.get_relationship_display().lower()}
        yield Finding("related", message % values, doubt=True)


def ask_identifiers(pair: Pair) -> list[QuerySet]:
    """Ask for both records' numbers."""
    return [rows.order_by("created_at") for rows in pair.of_both(Identifier)]


def find_identifiers(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say which numbers of one kind differ: a passport belongs to one person."""
    mine, theirs = ({number.system: number.value for number in numbers} for numbers in answers)
    for system in sorted(mine.keys() & theirs.keys()):
        message = _("Different numbers of one kind (%(system)s): %(one)s and %(other)s.")
        values = {"system": system, "one": mine[system], "other": theirs[system]}
        yield Finding("identifiers_differ", message % values, doubt=True)


def settle_consents(ledger: Ledger) -> None:
    """Keep one answer per purpose: a no before a yes, then the later one."""
    mine = {consent.purpose: consent for consent in ledger.pair.of_survivor(Consent)}
    kept = {}
    for consent in ledger.pair.of_duplicate(Consent):
        other = mine.get(consent.purpose)
        if other is not None:
            winner, loser = sorted((other, consent), key=_weight, reverse=True)
            kept[loser.pk] = winner.pk
    ledger.drop(Consent, kept)


def _weight(consent: Consent) -> tuple[bool, float]:
    return consent.status in SAID_NO, consent.decided_at.timestamp()


def ask_consents(pair: Pair) -> tuple[QuerySet, QuerySet]:
    """Ask for both records' answers."""
    return pair.of_both(Consent)


def find_consents(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say which answers of the two differ, and which opt-outs the merged record will have."""
    mine, theirs = ({consent.purpose: consent.status for consent in consents} for consents in answers)
    refused = [
        purpose.label
        for purpose in ConsentPurpose
        if (mine.get(purpose) in SAID_NO) != (theirs.get(purpose) in SAID_NO)
    ]
    if refused:
        message = _("One record said no to: %(purposes)s. The no will count for both.")
        yield Finding("opted_out", message % {"purposes": ", ".join(refused)})


def keep_withdrawals(merge: Merge, pair: Pair) -> Iterable[str]:
    """Let a no that came while the records were one count for both: nobody knows which of the two said it."""
    said = Consent.objects.filter(
        organization_id=pair.organization.pk,
        patient__in=[pair.survivor.pk, pair.duplicate.pk],
        status__in=SAID_NO,
        decided_at__gte=merge.created_at,
    )
    sentences = []
    for consent in said.order_by("purpose", "-decided_at"):
        other = pair.duplicate if consent.patient_id == pair.survivor.pk else pair.survivor
        answer = Consent.objects.filter(patient=other, purpose=consent.purpose).first()
        if answer is not None and answer.status in SAID_NO:
            continue
        status = consent.status if answer is None else ConsentStatus.WITHDRAWN
        answer = answer or Consent(organization_id=pair.organization.pk, patient=other, purpose=consent.purpose)
        answer.status, answer.source = status, consent.source
        answer.evidence, answer.decided_at = consent.evidence, consent.decided_at
        answer.method = consent.method
        answer.save()
        if consent.status == ConsentStatus.REFUSED:
            text = _("%(purpose)s was refused while the records were one; the no stays on both.")
        else:
            text = _("%(purpose)s was withdrawn while the records were one; it stays withdrawn on both.")
        sentences.append(text % {"purpose": consent.get_purpose_display()})
    return sentences


def ask_told_apart(pair: Pair) -> list[QuerySet]:
    """Ask for the decision about these two."""
    first, second = sorted((pair.survivor.pk, pair.duplicate.pk))
    decided = DuplicateCandidate.objects.for_organization(pair.organization).filter(state=CandidateState.DISTINCT)
    return [decided.filter(first_id=first, second_id=second)]


def find_told_apart(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Warn when somebody decided that the two are not one person."""
    for decision in answers[0]:
        words = {"who": decision.decided_by_label or _("Somebody"), "note": decision.note or _("no reason given")}
        yield Finding("told_apart", _("%(who)s decided that these are two people: %(note)s.") % words, doubt=True)


def _point_in_words(row: dict[str, Any], organization: Organization) -> str:
    is_phone = row["system"] == ContactSystem.PHONE
    return show_phone(row["value"], country=organization.country) if is_phone else str(row["value"])


def register_rules() -> None:
    """Say what happens with the patients' own tables."""
    leave_out(MatchIndex, "patient", "says what a record is found by; made anew after each save")
    for side in ("first", "second"):
        leave_out(DuplicateCandidate, side, "names two records; the handler closes and reopens the pair")
    register(DuplicateCandidate, Rule(ask=ask_told_apart, find=find_told_apart))
    register(Patient, Rule(noun=ngettext_lazy("%(n)d record merged earlier", "%(n)d records merged earlier", "n")))
    register(
        ContactPoint,
        Rule(
            noun=ngettext_lazy("%(n)d phone or e-mail", "%(n)d phones and e-mails", "n"),
            settle=settle_contact_points,
            moving=Moving(
                text=_point_in_words,
                columns=("value", "system"),
                refusals={
                    "contact_point_is_unique_per_patient": gettext_lazy(
                        "%(name)s has this phone or e-mail already. Take it off the other record instead."
                    )
                },
            ),
        ),
    )
    register(
        Address,
        Rule(
            noun=ngettext_lazy("%(n)d address", "%(n)d addresses", "n"),
            settle=settle_addresses,
            moving=Moving(
                text=lambda row, _organization: ", ".join(part for part in (*row["lines"], row["city"]) if part),
                columns=("lines", "city"),
            ),
        ),
    )
    register(
        Identifier,
        Rule(
            noun=ngettext_lazy("%(n)d identifier", "%(n)d identifiers", "n"),
            ask=ask_identifiers,
            find=find_identifiers,
            moving=Moving(
                text=lambda row, _organization: f"{row['system']}: {row['value']}",
                columns=("system", "value"),
            ),
        ),
    )
    register(
        RelatedPerson,
        Rule(
            noun=ngettext_lazy("%(n)d person around them", "%(n)d people around them", "n"),
            ask=ask_people,
            find=find_people,
            settle=settle_people,
            moving=Moving(
                text=lambda row, _organization: f"{row['name']} ({Relationship(row['relationship']).label})",
                columns=("name", "relationship"),
            ),
        ),
    )
    register(
        Consent,
        Rule(
            noun=ngettext_lazy("%(n)d consent", "%(n)d consents", "n"),
            ask=ask_consents,
            find=find_consents,
            settle=settle_consents,
            separated=keep_withdrawals,
        ),
    )
