"""From an event to rows in the ledger: which rules apply, whom they reach on which channel, in which words, when."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications import policy
from apps.communications.models import Category, Channel, Communication
from apps.communications.quiet import last_moment_before_quiet, quiet_until
from apps.communications.services import cancel_for_context, plan_communication, record_skipped_communication
from apps.core.actors import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.notifications.contexts import MessageContext, load_context
from apps.notifications.models import Rule, Template
from apps.notifications.rendering import Rendered, render
from apps.organizations.models import Organization
from apps.patients.models import ContactSystem

# What only time mends is no reason to leave a channel out when planning; the dispatcher asks again.
_MAY_PASS_LATER = frozenset({policy.Code.QUIET_HOURS, policy.Code.WINDOW_CLOSED})
STILL_USEFUL = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Order:
    """What one rule asks for: these words, to this person, by the first channel that works."""

    key: str
    template_key: str
    category: str
    channels: tuple[str, ...]
    due_at: dt.datetime | None = None
    is_before_anchor: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A channel on which the person may be reached, with the words for it."""

    channel: str
    address: str
    words: Rendered
    attachments: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NoWay:
    """Why a channel is left out."""

    channel: str
    reason: str
    address: str = ""


@transaction.atomic
def plan_from_rules(
    *,
    organization: Organization,
    event_type: str,
    context_type: str,
    subject_id: uuid.UUID,
    actor: Actor,
    version: int | None = None,
    replanned: Sequence[str] = (),
    at_once: bool = True,
) -> list[Communication]:
    """Plan what the active rules of an event type say about its subject; return the ledger's rows, skipped ones too.

    Idempotent. `version` is the one the event spoke of: when the subject has moved on, nothing is planned, the later
    event does it. `replanned` are event types whose rules with an offset are planned anew (a new time needs new
    reminders); what was planned for older versions is cancelled. Without `at_once`, rules without an offset are left
    out.
    """
    context = load_context(organization, context_type, subject_id)
    if context is None or (version is not None and version != context.version):
        return []
    cancel_for_context(
        organization=organization,
        context_type=context.context.type,
        context_id=context.context.id,
        reason=_("Replaced: the plan changed."),
        actor=actor,
        below_version=context.version,
    )
    rules = Rule.objects.for_organization(organization).planned_by(event_type, replanned=replanned)
    if not at_once:
        rules = rules.filter(offset_minutes__isnull=False)
    return [row for rule in rules for row in _plan_rule(organization, rule, context, actor)]


@transaction.atomic
def send_template(
    *,
    organization: Organization,
    template_key: str,
    category: str,
    context_type: str,
    subject_id: uuid.UUID,
    channels: Sequence[str],
    dedupe_suffix: str,
    actor: Actor,
    due_at: dt.datetime | None = None,
) -> Communication:
    """Plan one template about an object by the first of the channels that works; return its row.

    A person who can't be reached gets a skipped row that says why. Idempotent by `dedupe_suffix` and the object's
    version. Raises NotFound when there is nobody to tell.
    """
    context = load_context(organization, context_type, subject_id)
    if context is None:
        raise NotFound(_("There is nobody to send this message to."))
    key = f"{context.context.type}:{context.context.id}:{context.version}:{category}:{dedupe_suffix}"
    return _plan_order(organization, Order(key, template_key, category, tuple(channels), due_at), context, actor)


def _plan_rule(organization: Organization, rule: Rule, context: MessageContext, actor: Actor) -> list[Communication]:
    due_at = None if rule.offset_minutes is None else context.anchor + dt.timedelta(minutes=rule.offset_minutes)
    is_before = rule.offset_minutes is not None and rule.offset_minutes < 0
    stem = f"{context.context.type}:{context.context.id}:{context.version}:{rule.category}:{rule.pk}"

    def order(suffix: str, channels: Sequence[str]) -> Order:
        return Order(f"{stem}:{suffix}", rule.template_key, rule.category, tuple(channels), due_at, is_before)

    orders = [order("main", rule.channels)]
    orders += [
        order(f"also:{channel}", [channel])
        for channel in rule.also_channels
        if channel not in rule.channels and _address_of(context, channel)
    ]
    return [_plan_order(organization, one, context, actor) for one in orders]


def _plan_order(organization: Organization, order: Order, context: MessageContext, actor: Actor) -> Communication:
    """Plan an order by the first channel that works, the others as its fallback; or note why it is skipped."""
    now = timezone.now()
    late = _too_late(order, context, now)
    if late is not None:
        channel = order.channels[0]
        return _skip(organization, order, context, NoWay(channel, late, _address_of(context, channel)), actor)
    ways, closed = _ways(organization, order, context, now)
    if not ways:
        return _skip(organization, order, context, closed[0], actor)
    first, *rest = ways
    due_at = _due_on(organization, order, first, now)
    if due_at is not None and order.is_before_anchor and due_at <= now:
        reason = _("Skipped: it would fall into quiet hours, and the last moment before them has passed.")
        return _skip(organization, order, context, NoWay(first.channel, reason, first.address), actor)
    return plan_communication(
        organization=organization,
        channel=first.channel,
        category=order.category,
        to_address=first.address,
        dedupe_key=order.key,
        actor=actor,
        patient=context.patient,
        language=context.language,
        due_at=due_at,
        not_after=_useless_after(order, context, due_at or now),
        template_key=order.template_key,
        context=context.context,
        fallback_channels=[(way.channel, way.address, _content(way)) for way in rest],
        **_content(first),
    )


def _content(way: Way) -> dict[str, Any]:
    return {
        "subject": way.words.subject,
        "body": way.words.body,
        "content_sid": way.words.content_sid,
        "content_variables": way.words.content_variables,
        "attachments": way.attachments,
    }


def _too_late(order: Order, context: MessageContext, now: dt.datetime) -> str | None:
    if order.is_before_anchor and order.due_at is not None and order.due_at <= now:
        return _("Skipped: booked after it was due.")
    if order.due_at is None and order.category != Category.FOLLOW_UP and context.anchor <= now:
        return _("Skipped: the time it speaks of has passed.")
    return None


def _due_on(organization: Organization, order: Order, way: Way, now: dt.datetime) -> dt.datetime | None:
    """Return when to send by this channel (UTC), None for at once: never planned into the person's quiet hours.

    What comes before its anchor moves to the evening before, everything else to the morning after.
    """
    if order.due_at is None or way.channel == Channel.EMAIL:
        return order.due_at
    zone = policy.zone_for(organization, way.channel, way.address)
    start, end = organization.quiet_hours_start, organization.quiet_hours_end
    if order.is_before_anchor:
        return last_moment_before_quiet(order.due_at, zone, start, end)
    return quiet_until(order.due_at, zone, start, end) or order.due_at


def _useless_after(order: Order, context: MessageContext, due_at: dt.datetime) -> dt.datetime:
    return context.anchor if due_at < context.anchor else due_at + STILL_USEFUL


def _ways(
    organization: Organization, order: Order, context: MessageContext, now: dt.datetime
) -> tuple[list[Way], list[NoWay]]:
    """Return the channels that work, the preferred one first, and why the others don't; four queries."""
    preferred = context.patient.preferred_channel
    channels = sorted(dict.fromkeys(order.channels), key=lambda channel: channel != preferred)
    texts = _texts(organization, order.template_key, channels, context.language)
    probes = {
        channel: Communication(
            organization=organization,
            channel=channel,
            category=order.category,
            to_address=_address_of(context, channel),
            patient=context.patient,
        )
        for channel in channels
    }
    facts = policy.load_facts(organization, probes.values())
    ways: list[Way] = []
    closed: list[NoWay] = []
    for channel in channels:
        address = probes[channel].to_address
        decision = policy.judge(facts[probes[channel].pk], now)
        template = texts.get(channel)
        if not address:
            closed.append(NoWay(channel, _skipped_without_address(channel)))
        elif not decision.allowed and decision.code not in _MAY_PASS_LATER:
            closed.append(NoWay(channel, _("Skipped: %(why)s") % {"why": decision.reason}, address))
        elif template is None:
            reason = _("Skipped: there is no active template “%(key)s” for this channel.")
            closed.append(NoWay(channel, reason % {"key": order.template_key}, address))
        else:
            way = _fill(template, context, address)
            (ways if isinstance(way, Way) else closed).append(way)  # type: ignore[arg-type]
    return ways, closed


def _fill(template: Template, context: MessageContext, address: str) -> Way | NoWay:
    try:
        words = render(template, context.variables)
    except InvalidInput as error:
        return NoWay(template.channel, _("Skipped: %(why)s") % {"why": error.message}, address)
    return Way(template.channel, address, words, context.attachments(template.channel))


def _texts(organization: Organization, key: str, channels: Sequence[str], language: str) -> dict[str, Template]:
    """Return the text per channel: in the person's language, else the organization's, else English; one query."""
    languages = list(dict.fromkeys([language, language.split("-", maxsplit=1)[0], organization.language, "en"]))
    found = Template.objects.for_organization(organization).for_message(key, channels, languages)
    best: dict[str, Template] = {}
    for template in sorted(found, key=lambda template: languages.index(template.language)):
        best.setdefault(template.channel, template)
    return best


def _address_of(context: MessageContext, channel: str) -> str:
    system = ContactSystem.EMAIL if channel == Channel.EMAIL else ContactSystem.PHONE
    points = [point for point in context.patient.contact_points.all() if point.system == system]
    return points[0].value if points else ""


def _skipped_without_address(channel: str) -> str:
    if channel == Channel.EMAIL:
        return _("Skipped: the patient has no e-mail address.")
    return _("Skipped: the patient has no phone number.")


def _skip(organization: Organization, order: Order, context: MessageContext, why: NoWay, actor: Actor) -> Communication:
    return record_skipped_communication(
        organization=organization,
        channel=why.channel,
        category=order.category,
        dedupe_key=order.key,
        reason=why.reason,
        actor=actor,
        due_at=order.due_at or timezone.now(),
        to_address=why.address,
        patient=context.patient,
        language=context.language,
        template_key=order.template_key,
        context=context.context,
    )
