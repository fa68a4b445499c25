"""May this message go out now? One answer with a code, plain words, and when it would be legal, for every outbound path.

Sources of the rules: consent and STOP: TCPA (47 CFR 64.1200) and CTIA Messaging Principles 5.1; WhatsApp's 24-hour
customer service window: WhatsApp Business Messaging Policy; quiet hours: the organization's own setting, which by
default lies inside the TCPA's 8:00 to 21:00 at the called party's place.

Answers in a conversation and emergency texts are asked for by the person: they need no consent and know no quiet hours.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.models import URGENT_CATEGORIES, Category, Channel, Communication, ContactState
from apps.communications.quiet import quiet_until, zone_of_number
from apps.organizations.models import Organization
from apps.patients.models import Consent, ConsentStatus, Patient

WINDOW = dt.timedelta(hours=24)
UNREACHABLE_FOR = dt.timedelta(days=30)
EXCHANGE = dt.timedelta(minutes=30)
LAST_WORD = dt.timedelta(minutes=2)


class Code(StrEnum):
    OK = "ok"
    NO_ACCOUNT = "no_account"
    OPTED_OUT = "opted_out"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_MISSING = "consent_missing"
    UNREACHABLE = "unreachable"
    WINDOW_CLOSED = "window_closed"
    QUIET_HOURS = "quiet_hours"
    RATE = "rate"


REFUSED_BY_PERSON = frozenset({Code.OPTED_OUT, Code.CONSENT_WITHDRAWN, Code.CONSENT_REFUSED})


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy's answer. `legal_at` (UTC) is when the same message would be allowed, None when no time mends it."""

    allowed: bool
    code: Code
    reason: str = ""
    legal_at: dt.datetime | None = None


ALLOWED = Decision(allowed=True, code=Code.OK)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the policy looks at for one message."""

    channel: str
    category: str
    zone: ZoneInfo
    quiet_start: dt.time
    quiet_end: dt.time
    consent: str | None = None
    has_template: bool = False
    ignores_quiet_hours: bool = False
    last_inbound_at: dt.datetime | None = None
    opted_out_at: dt.datetime | None = None
    unreachable_at: dt.datetime | None = None

    @property
    def is_urgent(self) -> bool:
        return self.category in URGENT_CATEGORIES

    def wrote_within(self, span: dt.timedelta, now: dt.datetime) -> bool:
        """Tell whether the person wrote to us on this channel within the time before `now`."""
        return self.last_inbound_at is not None and now - self.last_inbound_at < span


def decide(
    *,
    organization: Organization,
    channel: str,
    category: str,
    address: str,
    patient: Patient | None = None,
    content_sid: str = "",
    now: dt.datetime | None = None,
) -> Decision:
    """Return the decision for a message that nobody planned yet; two queries, one for what needs no consent."""
    return decide_each(
        organization=organization,
        channels=[channel],
        category=category,
        address=address,
        patient=patient,
        content_sid=content_sid,
        now=now,
    )[channel]


def decide_each(
    *,
    organization: Organization,
    channels: Iterable[str],
    category: str,
    address: str,
    patient: Patient | None = None,
    content_sid: str = "",
    now: dt.datetime | None = None,
) -> dict[str, Decision]:
    """Return the decision for the same message on each channel, in as many queries as for one."""
    probes = {
        channel: Communication(
            organization=organization,
            channel=channel,
            category=category,
            to_address=address,
            patient=patient,
            content_sid=content_sid,
        )
        for channel in channels
    }
    facts = load_facts(organization, probes.values())
    return {channel: judge(facts[probe.pk], now or timezone.now()) for channel, probe in probes.items()}


def judge(facts: Facts, now: dt.datetime) -> Decision:
    """Return the first rule that forbids the message, or that it is allowed. Pure: no query."""
    for rule in (_opt_out, _consent, _reachable, _window, _quiet_hours):
        decision = rule(facts, now)
        if decision is not None:
            return decision
    return ALLOWED


def load_facts(
    organization: Organization, rows: Iterable[Communication], *, lock: bool = False
) -> dict[uuid.UUID, Facts]:
    """Return the facts for each row by id; two queries for any number of rows, one when none of them needs consent.

    With `lock` the consents stay locked until the commit, so that none is withdrawn between the decision and the
    mark that the message is on its way.
    """
    rows = list(rows)
    states = {
        (state.channel, state.address): state
        for state in ContactState.objects.for_organization(organization).filter(
            address__in={row.to_address for row in rows}
        )
    }
    asking = [row for row in rows if row.patient_id and row.category not in URGENT_CATEGORIES]
    given = Consent.objects.for_organization(organization).filter(
        patient_id__in={row.patient_id for row in asking}, purpose__in={row.channel for row in asking}
    )
    given = given.order_by("id").select_for_update(no_key=True) if lock else given
    consents: dict[tuple[uuid.UUID | None, str], str] = {
        (consent.patient_id, consent.purpose): consent.status for consent in given
    }
    return {row.pk: _facts(organization, row, states, consents) for row in rows}


def zone_for(organization: Organization, channel: str, address: str) -> ZoneInfo:
    """Return the zone of the person behind an address: the phone number's when it tells one, else the organization's."""
    zone = None if channel == Channel.EMAIL else zone_of_number(address)
    return zone or organization.zone


def _facts(
    organization: Organization,
    row: Communication,
    states: dict[tuple[str, str], ContactState],
    consents: dict[tuple[uuid.UUID | None, str], str],
) -> Facts:
    state = states.get((row.channel, row.to_address))
    return Facts(
        channel=row.channel,
        category=row.category,
        zone=zone_for(organization, row.channel, row.to_address),
        quiet_start=organization.quiet_hours_start,
        quiet_end=organization.quiet_hours_end,
        consent=consents.get((row.patient_id, row.channel)),
        has_template=bool(row.content_sid),
        ignores_quiet_hours=row.ignores_quiet_hours,
        last_inbound_at=state.last_inbound_at if state else None,
        opted_out_at=state.opted_out_at if state else None,
        unreachable_at=state.unreachable_at if state else None,
    )


def _opt_out(facts: Facts, now: dt.datetime) -> Decision | None:
    if facts.opted_out_at is None or facts.category == Category.EMERGENCY:
        return None
    if facts.category == Category.REPLY:
        wrote_after = facts.last_inbound_at is not None and facts.last_inbound_at > facts.opted_out_at
        is_last_word = now - facts.opted_out_at < LAST_WORD and facts.wrote_within(LAST_WORD, now)
        if wrote_after or is_last_word:
            return None
    return Decision(
        allowed=False,
        code=Code.OPTED_OUT,
        reason=_("The person opted out of %(channel)s. Nothing may be sent there until they write START.")
        % {"channel": _label(facts)},
    )


def _consent(facts: Facts, now: dt.datetime) -> Decision | None:
    if facts.is_urgent or facts.consent == ConsentStatus.ACTIVE:
        return None
    if facts.consent == ConsentStatus.WITHDRAWN:
        return Decision(
            allowed=False,
            code=Code.CONSENT_WITHDRAWN,
            reason=_("The patient withdrew consent for %(channel)s. Use another channel or ask again.")
            % {"channel": _label(facts)},
        )
    if facts.consent == ConsentStatus.REFUSED:
        return Decision(
            allowed=False,
            code=Code.CONSENT_REFUSED,
            reason=_("The patient refused consent for %(channel)s. Use another channel or ask again.")
            % {"channel": _label(facts)},
        )
    if facts.last_inbound_at is not None:
        return None
    return Decision(
        allowed=False,
        code=Code.CONSENT_MISSING,
        reason=_("No consent for %(channel)s is recorded. Ask the patient and record it in their profile.")
        % {"channel": _label(facts)},
    )


def _reachable(facts: Facts, now: dt.datetime) -> Decision | None:
    if facts.unreachable_at is None or facts.category == Category.EMERGENCY:
        return None
    legal_at = facts.unreachable_at + UNREACHABLE_FOR
    if legal_at <= now or (facts.last_inbound_at is not None and facts.last_inbound_at > facts.unreachable_at):
        return None
    return Decision(
        allowed=False,
        code=Code.UNREACHABLE,
        reason=_("The last message to this address could not be delivered on %(channel)s. Check it with the patient.")
        % {"channel": _label(facts)},
        legal_at=legal_at,
    )


def _window(facts: Facts, now: dt.datetime) -> Decision | None:
    if facts.channel != Channel.WHATSAPP or facts.has_template or facts.wrote_within(WINDOW, now):
        return None
    return Decision(
        allowed=False,
        code=Code.WINDOW_CLOSED,
        reason=_(
            "WhatsApp allows free text only within 24 hours of the person's last message. Use an approved template or another channel."
        ),
    )


def _quiet_hours(facts: Facts, now: dt.datetime) -> Decision | None:
    """Planned messages rest at night. E-mail rings nobody; a confirmation in the middle of an exchange is awaited."""
    if facts.is_urgent or facts.channel == Channel.EMAIL or facts.ignores_quiet_hours:
        return None
    if facts.category in (Category.CONFIRMATION, Category.INVITE, Category.NOTICE) and facts.wrote_within(
        EXCHANGE, now
    ):
        return None
    legal_at = quiet_until(now, facts.zone, facts.quiet_start, facts.quiet_end)
    if legal_at is None:
        return None
    clock = legal_at.astimezone(facts.zone)
    return Decision(
        allowed=False,
        code=Code.QUIET_HOURS,
        reason=_("Quiet hours until %(time)s (%(zone)s).") % {"time": f"{clock:%H:%M}", "zone": facts.zone.key},
        legal_at=legal_at,
    )


def _label(facts: Facts) -> str:
    return str(Channel(facts.channel).label)
