"""Whom a template could reach, on which channel and from when. Plans nothing: for choosing among people beforehand."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications import policy
from apps.communications.models import Channel, Communication
from apps.notifications.models import Rule, Template
from apps.organizations.models import Organization
from apps.patients.models import ContactSystem, Patient


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person can be written to now: by `channel` to `address`, at `not_before` (UTC; None: at once).

    Without a channel, `why_not` says in words why nobody gets through.
    """

    channel: str = ""
    address: str = ""
    not_before: dt.datetime | None = None
    why_not: str = ""

    @property
    def is_possible(self) -> bool:
        return self.channel != ""


def reach_of(
    *,
    organization: Organization,
    patients: Iterable[Patient],
    template_key: str,
    category: str,
    channels: Sequence[str],
    now: dt.datetime | None = None,
) -> dict[uuid.UUID, Reach]:
    """Return for each patient how the send policy lets a template through today; three queries for any number.

    Prefetch `contact_points`, else each patient costs one more. Quiet hours are no refusal, they only mean later; a
    closed 24-hour window is one, unless there is an approved template.
    """
    moment = now or timezone.now()
    people = list(patients)
    texts = _texts(organization, template_key, channels)
    probes = {
        (patient.pk, channel): Communication(
            organization=organization,
            channel=channel,
            category=category,
            to_address=_address_of(patient, channel),
            patient=patient,
            content_sid=_text_for(texts, organization, patient, channel)[1],
        )
        for patient in people
        for channel in channels
        if _text_for(texts, organization, patient, channel)[0] and _address_of(patient, channel)
    }
    facts = policy.load_facts(organization, probes.values()) if probes else {}
    decisions = {key: policy.judge(facts[probe.pk], moment) for key, probe in probes.items()}
    return {patient.pk: _best(patient, channels, probes, decisions) for patient in people}


def _best(
    patient: Patient,
    channels: Sequence[str],
    probes: dict[tuple[uuid.UUID, str], Communication],
    decisions: dict[tuple[uuid.UUID, str], policy.Decision],
) -> Reach:
    """Return the first channel that works, the preferred one before others; else the first reason against."""
    why_not = ""
    for channel in sorted(channels, key=lambda one: one != patient.preferred_channel):
        probe = probes.get((patient.pk, channel))
        if probe is None:
            continue
        decision = decisions[patient.pk, channel]
        if decision.allowed or decision.code == policy.Code.QUIET_HOURS:
            return Reach(channel, probe.to_address, decision.legal_at)
        why_not = why_not or decision.reason
    return Reach(why_not=why_not or _no_address(patient, channels))


def _no_address(patient: Patient, channels: Sequence[str]) -> str:
    if any(_address_of(patient, channel) for channel in channels):
        return _("There is no active template for this message.")
    return _("The patient has no phone number.")


def _address_of(patient: Patient, channel: str) -> str:
    system = ContactSystem.EMAIL if channel == Channel.EMAIL else ContactSystem.PHONE
    return next((point.value for point in patient.contact_points.all() if point.system == system), "")


def _texts(organization: Organization, key: str, channels: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the approved content SID of each active text by channel and language, "" where there is none; one query."""
    rows = Template.objects.for_organization(organization).filter(key=key, channel__in=list(channels), is_active=True)
    return {
        (channel, language): sid for channel, language, sid in rows.values_list("channel", "language", "content_sid")
    }


def _text_for(
    texts: dict[tuple[str, str], str], organization: Organization, patient: Patient, channel: str
) -> tuple[bool, str]:
    """Return whether there is a text for the person on the channel, and its content SID (languages as planning does)."""
    for language in (patient.language, patient.language.split("-", maxsplit=1)[0], organization.language, "en"):
        if (channel, language) in texts:
            return True, texts[channel, language]
    return False, ""


_NO_CONSENT = frozenset(
    {
        policy.Code.CONSENT_MISSING,
        policy.Code.CONSENT_REFUSED,
        policy.Code.CONSENT_WITHDRAWN,
        policy.Code.OPTED_OUT,
    }
)


def silence_of(*, organization: Organization, patient: Patient, event_type: str) -> str:
    """Return why nothing that an event is told by at once can reach the patient, in words; "" when something can.

    Looks at every channel of the rules without an offset, as planning does: "no consent for WhatsApp, SMS; no e-mail
    address". "" as well when no rule tells of the event. Five queries at most.
    """
    rules = list(Rule.objects.for_organization(organization).planned_by(event_type).filter(offset_minutes__isnull=True))
    wanted = {channel for rule in rules for channel in (*rule.channels, *rule.also_channels)}
    channels = [channel for channel in Channel.values if channel in wanted]
    if not channels:
        return ""
    refused: dict[str, str] = {}
    for channel in channels:
        if not _address_of(patient, channel):
            word = _("no e-mail address") if channel == Channel.EMAIL else _("no phone number")
            refused[channel] = str(word)
    decisions = _decide(organization, patient, rules[0].category, [one for one in channels if one not in refused])
    without_consent = [channel for channel, found in decisions.items() if found.code in _NO_CONSENT]
    for channel, found in decisions.items():
        if found.allowed or found.code in {policy.Code.QUIET_HOURS, policy.Code.WINDOW_CLOSED}:
            return ""
        if channel not in without_consent:
            refused[channel] = found.reason.rstrip(".")
    names = ", ".join(str(Channel(channel).label) for channel in without_consent)
    consent = [_("no consent for %(channels)s") % {"channels": names}] if names else []
    return "; ".join([*consent, *dict.fromkeys(refused.values())])


def _decide(
    organization: Organization, patient: Patient, category: str, channels: Sequence[str]
) -> dict[str, policy.Decision]:
    probes = {
        channel: Communication(
            organization=organization,
            channel=channel,
            category=category,
            to_address=_address_of(patient, channel),
            patient=patient,
        )
        for channel in channels
    }
    facts = policy.load_facts(organization, probes.values())
    return {channel: policy.judge(facts[probe.pk], timezone.now()) for channel, probe in probes.items()}
