"""Two records that were one for a while, and are two again: what of that time is another person's, and leaves no house."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models
from django.db.models import Q

from apps.events.models import Event
from apps.organizations.models import Organization
from apps.patients.models import Consent, Merge, Patient

_RECORD, _CONSENT = Patient._meta.label, Consent._meta.label


@dataclass(frozen=True, slots=True)
class Together:
    """While which time (UTC) two records were one."""

    pair: frozenset[uuid.UUID]
    since: dt.datetime
    until: dt.datetime

    def has(self, event: Event) -> bool:
        """Tell whether the event happened to either meanwhile."""
        return event.patient_id in self.pair and self.since <= event.occurred_at <= self.until


@dataclass(slots=True)
class Parted:
    """The merges of somebody that were undone, but for those with a record that is theirs after all.

    `others` finds the events since the first of them about what is somebody else's now, because it went back or was
    given to them.
    """

    times: list[Together] = field(default_factory=list)
    others: Q = field(default_factory=lambda: Q(pk__in=[]))
    _mixed: set[str] = field(default_factory=set)
    _answered: set[uuid.UUID] = field(default_factory=set)

    def withhold(self, event: Event) -> list[str]:
        """Empty the values of an event that may be the other person's, and return which fields that were; not saved.

        Of the record itself that is everything that was changed while the two were one, and the next change of such a
        field after it, which says what stood there; of a consent it is what proves it. Takes events oldest first.
        """
        meanwhile = any(time.has(event) for time in self.times)
        if event.subject_type == _RECORD:
            names = set(event.changes) if meanwhile else self._mixed & event.changes.keys()
            # What the merge itself chose, its end has given back.
            edited = names if event.type != "patient.merged" else set()
            self._mixed = self._mixed | edited if meanwhile else self._mixed - names
        else:
            names = {"evidence"} & event.changes.keys() if meanwhile and event.subject_type == _CONSENT else set()
            self._forget_earlier(event, meanwhile=meanwhile)
        event.changes = {name: [None, None] if name in names else both for name, both in event.changes.items()}
        return sorted(names)

    def _forget_earlier(self, event: Event, *, meanwhile: bool) -> None:
        """Take what proved an answer of that time out of the event of the next answer, which keeps the one before it."""
        if event.subject_type != _CONSENT:
            return
        if event.subject_id in self._answered and "evidence" in event.changes:
            event.changes = event.changes | {"evidence": [None, event.changes["evidence"][1]]}
        (self._answered.add if meanwhile else self._answered.discard)(event.subject_id)


def parted_of(organization: Organization, ids: Collection[uuid.UUID]) -> Parted:
    """Return what was undone of the merges of a person, who is known under these ids.

    One query for whom nothing was undone; else one more, and one per table that something happened in.
    """
    merges = Merge.objects.for_organization(organization).filter(
        Q(survivor__in=ids) | Q(duplicate__in=ids), undone_at__isnull=False
    )
    known = set(ids)
    times = [
        Together(frozenset(pair), since, until)
        for *pair, since, until in merges.values_list("survivor_id", "duplicate_id", "created_at", "undone_at")
        if until is not None and not known.issuperset(pair)
    ]
    if not times:
        return Parted()
    first = min(time.since for time in times)
    events = Event.objects.for_organization(organization).filter(patient_id__in=ids, occurred_at__gte=first)
    return Parted(times, Q(subject_id__in=_others(events, known), occurred_at__gte=first))


def consents_to_tell(patient: Patient, parted: Parted) -> list[Consent]:
    """Return a patient's consents without what proves those that were last answered while an undone merge stood.

    The emptied ones are not to be saved. One query, none for whom nothing was undone.
    """
    consents: list[Consent] = list(patient.consents.all())
    if parted.times:
        events = Event.objects.filter(organization_id=patient.organization_id, subject_id__in=[c.pk for c in consents])
        latest = {event.subject_id: event for event in events.order_by("id")}
        for consent in consents:
            event = latest.get(consent.pk)
            if event is not None and any(time.has(event) for time in parted.times):
                consent.evidence = ""
    return consents


def _others(events: models.QuerySet[Event], known: set[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of the events' subjects are somebody else's now."""
    subjects: dict[str, set[uuid.UUID]] = defaultdict(set)
    for label, pk in events.order_by().values_list("subject_type", "subject_id").distinct():
        subjects[label].add(pk)
    found: set[uuid.UUID] = set()
    for label, pks in subjects.items():
        model = apps.get_model(label)
        owner = "pk" if model is Patient else _owner(model)
        if owner:
            rows = model._default_manager.filter(pk__in=pks, **{f"{owner}__isnull": False})
            found |= set(rows.exclude(**{f"{owner}__in": known}).order_by().values_list("pk", flat=True))
    return found


def _owner(model: type[models.Model]) -> str:
    """Return the way from a row to its patient: its own field, or that of what it belongs to; empty for none."""
    fields = [one for one in model._meta.concrete_fields if isinstance(one, models.ForeignKey)]
    own = [one.name for one in fields if one.name == "patient"]
    further = [
        f"{one.name}__patient"
        for one in fields
        if any(inner.name == "patient" for inner in one.related_model._meta.concrete_fields)
    ]
    return next(iter([*own, *further]), "")
