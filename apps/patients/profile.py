"""What the patient page shows, as plain values: flags, days of the timeline, consents in words."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.actors import Actor
from apps.events.models import Event
from apps.events.registry import presented_types
from apps.events.selectors import Outside, TimelineEntry, entry_of, fold_entries, patient_timeline
from apps.organizations.models import Organization
from apps.patients.merging.living import merged_ids_of
from apps.patients.models import (
    SAID_NO,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    ContactPoint,
    ContactSystem,
    Patient,
)
from apps.patients.selectors import household

STEP = 50
MOST_SHOWN = 500
ANSWER_EVENTS = ("consent.given", "consent.withdrawn", "consent.cleared")
KINDS = {
    "visits": (gettext_lazy("Visits"), "calendar"),
    "messages": (gettext_lazy("Messages"), "message"),
    "tickets": (gettext_lazy("Tickets"), "ticket"),
    "journeys": (gettext_lazy("Journeys"), "route"),
    "files": (gettext_lazy("Files"), "file-text"),
    "record": (gettext_lazy("Record"), "user-circle"),
}
CHANNELS: dict[str, dict[str, Promise]] = {
    purpose: {ConsentStatus.WITHDRAWN: withdrawn, ConsentStatus.REFUSED: refused}
    for purpose, withdrawn, refused in (
        (ConsentPurpose.WHATSAPP, gettext_lazy("Opted out of WhatsApp"), gettext_lazy("Refused WhatsApp")),
        (ConsentPurpose.SMS, gettext_lazy("Opted out of SMS"), gettext_lazy("Refused SMS")),
        (ConsentPurpose.EMAIL, gettext_lazy("Opted out of e-mail"), gettext_lazy("Refused e-mail")),
        (ConsentPurpose.VOICE, gettext_lazy("Opted out of calls"), gettext_lazy("Refused calls")),
    )
}
NO_DATA_SHARING: dict[str, Promise] = {
    "": gettext_lazy("Consent missing: data sharing"),
    ConsentStatus.REFUSED: gettext_lazy("Data sharing refused"),
    ConsentStatus.WITHDRAWN: gettext_lazy("Data sharing withdrawn"),
}


SHORT: dict[str, Promise] = {
    ConsentPurpose.WHATSAPP: gettext_lazy("WhatsApp"),
    ConsentPurpose.SMS: gettext_lazy("SMS"),
    ConsentPurpose.EMAIL: gettext_lazy("E-mail"),
    ConsentPurpose.VOICE: gettext_lazy("Calls"),
    ConsentPurpose.DATA_SHARING: gettext_lazy("Data sharing"),
    ConsentPurpose.AI_PROCESSING: gettext_lazy("AI processing"),
    ConsentPurpose.PHOTOS: gettext_lazy("Photos"),
}


# Words of alerts that say what somebody needs, by the sign for it; in the languages that staff write here.
NEEDS = {
    "wheelchair": ("ramp", "wheelchair", "rampa", "silla de ruedas"),
    "language": ("interpreter", "intérprete", "interprete"),
    "ear": ("hearing", "deaf", "sordo", "sorda"),
}


@dataclass(frozen=True, slots=True)
class Flag:
    """A badge in the header: something to know before acting."""

    word: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a history; `at` is None when the time of an answer before the events is not known."""

    text: str
    at: dt.datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One purpose and the present answer, in words."""

    purpose: str
    label: str
    short: str
    status: str
    word: str
    tone: str
    icon: str
    source: str
    decided_at: dt.datetime | None
    method: str = ""
    how: str = ""
    evidence: str = ""
    by: str = ""
    history: tuple[Answered, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status == ConsentStatus.ACTIVE

    @property
    def other(self) -> str:
        """Return the status that the other answer would give."""
        return ConsentStatus.WITHDRAWN if self.is_active else ConsentStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the timeline with its entries, newest first."""

    label: str
    entries: list[TimelineEntry]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stretch of a patient's history and what a page needs to go on from it."""

    days: list[Day]
    kind: str
    shown: int
    more: bool
    last: uuid.UUID | None
    before: uuid.UUID | None

    @property
    def grows(self) -> bool:
        """Tell whether "earlier" makes this stretch longer, or opens the next one."""
        return self.before is None and self.shown < MOST_SHOWN


def flags_of(patient: Patient, consents: Iterable[Consent], sharing: Sequence[Patient]) -> list[Flag]:
    """Return the header's flags, what must not be missed first."""
    # Stable: dangers first, else in the order in which they were written.
    flags = sorted((_alert(alert) for alert in patient.alerts), key=lambda flag: flag.tone != "bad")
    answers = {consent.purpose: consent.status for consent in consents}
    flags += [
        Flag(str(words[answers[purpose]]), "warn", "bell-off")
        for purpose, words in CHANNELS.items()
        if answers.get(purpose) in SAID_NO
    ]
    sharing_data = answers.get(ConsentPurpose.DATA_SHARING, "")
    if sharing_data != ConsentStatus.ACTIVE:
        icon = "ban" if sharing_data else "file-alert"
        flags.append(Flag(str(NO_DATA_SHARING[sharing_data]), "warn", icon))
    if sharing:
        word = ngettext("Phone shared with %(n)d person", "Phone shared with %(n)d people", len(sharing))
        flags.append(Flag(word % {"n": len(sharing)}, "neutral", "users"))
    return flags


def _alert(alert: str) -> Flag:
    """Return an alert as a badge: what somebody needs has its own sign, anything else is a danger."""
    for icon, words in NEEDS.items():
        if any(word in alert.casefold() for word in words):
            return Flag(alert, "warn", icon)
    return Flag(alert, "bad", "alert-triangle")


def consent_lines(patient: Patient, consents: Iterable[Consent], *, everything: bool = False) -> list[ConsentLine]:
    """Return the purposes that matter for this patient: answered ones, reachable channels, data sharing; or all."""
    answered = {consent.purpose: consent for consent in consents}
    systems = {point.system for point in patient.contact_points.all()}
    wanted = {ConsentPurpose.DATA_SHARING, *answered}
    if ContactSystem.PHONE in systems:
        wanted |= {ConsentPurpose.WHATSAPP, ConsentPurpose.SMS}
    if ContactSystem.EMAIL in systems:
        wanted.add(ConsentPurpose.EMAIL)
    return [
        _line(purpose, answered.get(purpose), wanted=purpose in wanted)
        for purpose in ConsentPurpose
        if everything or purpose in wanted
    ]


_NO = {
    ConsentStatus.REFUSED: gettext_lazy("Refused %(date)s"),
    ConsentStatus.WITHDRAWN: gettext_lazy("Withdrawn %(date)s"),
}


def _line(purpose: ConsentPurpose, consent: Consent | None, *, wanted: bool) -> ConsentLine:
    label, short = str(purpose.label), str(SHORT[purpose])
    if consent is None:
        tone, icon = ("warn", "help") if wanted else ("neutral", "circle-dashed")
        return ConsentLine(purpose, label, short, "", _("Not asked"), tone, icon, "", None)
    decided = timezone.localtime(consent.decided_at)
    since = formats.date_format(decided, "j M" if decided.year == timezone.localtime().year else "j M Y")
    if consent.status == ConsentStatus.ACTIVE:
        word, tone, icon = _("Since %(date)s") % {"date": since}, "ok", "circle-check"
    else:
        word, tone, icon = str(_NO[ConsentStatus(consent.status)]) % {"date": since}, "bad", "ban"
    how = str(ConsentMethod(consent.method).label) if consent.method else ""
    return ConsentLine(
        purpose,
        label,
        short,
        consent.status,
        word,
        tone,
        icon,
        consent.source,
        consent.decided_at,
        consent.method,
        how,
        consent.evidence,
    )


def with_history(lines: Iterable[ConsentLine], organization: Organization, patient: Patient) -> list[ConsentLine]:
    """Return the lines with who recorded the present answer and every answer before it, newest first; one query."""
    both = [patient.pk, *merged_ids_of(patient)]
    found = Event.objects.for_organization(organization).filter(patient_id__in=both, type__in=ANSWER_EVENTS)
    by_purpose: dict[str, list[Event]] = {}
    for event in found.order_by("-id")[:MOST_SHOWN]:
        by_purpose.setdefault(event.payload.get("purpose", ""), []).append(event)
    return [
        replace(line, by=entries[0].by if events else "", history=tuple(entries))
        for line in lines
        for events in (by_purpose.get(line.purpose, []),)
        for entries in (_answers(line, events),)
    ]


def _answers(line: ConsentLine, events: Sequence[Event]) -> list[Answered]:
    """Return every answer, newest first: those of events, and the one before them that was written without one."""
    entries = [Answered(entry.text, entry.at, entry.by) for entry in map(entry_of, events)]
    if not events:
        before = {"status": line.status, "source": line.source, "method": line.method, "evidence": line.evidence}
        at = line.decided_at
    else:
        before = {name: values[0] for name, values in events[-1].changes.items()}
        at = parse_datetime(before.get("decided_at") or "")
    status = before.get("status")
    if not status:
        return entries
    written = Event(
        type="consent.given" if status == ConsentStatus.ACTIVE else "consent.withdrawn",
        payload={"purpose": line.purpose, "source": before.get("source") or "", "method": before.get("method") or ""},
        changes={"status": [None, status], "evidence": [None, before.get("evidence") or ""]},
    )
    return [*entries, Answered(entry_of(written).text, at, "")]


def timeline_of(
    organization: Organization,
    patient: Patient,
    *,
    kind: str,
    shown: int,
    before: uuid.UUID | None,
    outside: Outside | None = None,
    actor: Actor | None = None,
) -> Timeline:
    """Return a stretch of the history by local days, a message in one line, with its words if the actor may read them.

    With `outside` it is for readers outside the house. Two queries.
    """
    shown = max(STEP, min(shown, MOST_SHOWN))
    entries = patient_timeline(
        organization=organization,
        patient_id=patient.pk,
        merged_ids=merged_ids_of(patient),
        kind=kind or None,
        before=before,
        limit=shown + 1,
        outside=outside,
    )
    page = entries[:shown]
    return Timeline(
        _by_day(fold_entries(page, organization=organization, actor=actor), organization),
        kind,
        shown,
        len(entries) > shown,
        page[-1].id if page else None,
        before,
    )


def known_kinds() -> list[tuple[str, str, str]]:
    """Return the filters of the timeline as (kind, label, icon): those that some app shows events of."""
    return [(kind, str(label), icon) for kind, (label, icon) in KINDS.items() if presented_types(kind)]


def _by_day(entries: Sequence[TimelineEntry], organization: Organization) -> list[Day]:
    today = organization.today()
    grouped = itertools.groupby(entries, key=lambda entry: entry.at.astimezone(organization.zone).date())
    return [Day(day_label(date, today), list(group)) for date, group in grouped]


def day_label(date: dt.date, today: dt.date) -> str:
    """Return a day in words: today and yesterday by name, the year only when it is another one."""
    text = formats.date_format(date, "l j F" if date.year == today.year else "l j F Y")
    if date == today:
        return _("Today, %(date)s") % {"date": text}
    if date == today - dt.timedelta(days=1):
        return _("Yesterday, %(date)s") % {"date": text}
    return text


def relatives(patient: Patient) -> list[Patient]:
    """Return who shares a phone with the patient."""
    has_phone = any(point.system == ContactSystem.PHONE for point in patient.contact_points.all())
    return household(patient=patient) if has_phone else []


def first_of(patient: Patient, system: str) -> ContactPoint | None:
    """Return the address of a system that is tried first."""
    return next((point for point in patient.contact_points.all() if point.system == system), None)
