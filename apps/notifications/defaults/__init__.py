"""What a clinic starts with: texts in three languages, and the rules that send them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from apps.communications.accounts import simulator_allowed
from apps.communications.models import Category, Channel
from apps.notifications.defaults import english, hindi, spanish
from apps.notifications.models import Rule, Template
from apps.organizations.models import Organization

TEXTS = {"en": english.TEXTS, "es": spanish.TEXTS, "hi": hindi.TEXTS}
PHONE_FIRST = (Channel.WHATSAPP, Channel.SMS)
DAY, TWO_HOURS = 24 * 60, 2 * 60


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule as it is installed; the offset counts in minutes from the visit's start."""

    name: str
    event_type: str
    template_key: str
    category: str
    offset_minutes: int | None = None
    channels: tuple[str, ...] = PHONE_FIRST
    also_channels: tuple[str, ...] = ()


RULES = (
    DefaultRule(
        "Confirmation of a booking",
        "appointment.booked",
        "appointment-booked",
        Category.CONFIRMATION,
        also_channels=(Channel.EMAIL,),
    ),
    DefaultRule(
        "Reminder a day before",
        "appointment.booked",
        "appointment-reminder",
        Category.REMINDER,
        -DAY,
        (*PHONE_FIRST, Channel.EMAIL),
    ),
    DefaultRule(
        "Reminder two hours before",
        "appointment.booked",
        "appointment-reminder-soon",
        Category.REMINDER,
        -TWO_HOURS,
    ),
    DefaultRule(
        "New time of a visit",
        "appointment.rescheduled",
        "appointment-rescheduled",
        Category.CONFIRMATION,
        also_channels=(Channel.EMAIL,),
    ),
    DefaultRule(
        "Cancellation of a visit",
        "appointment.cancelled",
        "appointment-cancelled",
        Category.NOTICE,
        also_channels=(Channel.EMAIL,),
    ),
    DefaultRule(
        "Confirmation of a series",
        "series.booked",
        "series-booked",
        Category.CONFIRMATION,
        also_channels=(Channel.EMAIL,),
    ),
    DefaultRule(
        "New times of a series",
        "series.changed",
        "series-changed",
        Category.CONFIRMATION,
        also_channels=(Channel.EMAIL,),
    ),
    DefaultRule(
        "Cancellation in a series",
        "series.cancelled",
        "series-cancelled",
        Category.NOTICE,
        also_channels=(Channel.EMAIL,),
    ),
)


@transaction.atomic
def install_defaults(*, organization: Organization) -> None:
    """Give the organization what it lacks of the default texts and rules; nothing that exists is touched.

    Where the simulator stands in for WhatsApp, the texts count as approved there. Runs in the organization's scope.
    """
    Template.objects.bulk_create(_templates(organization), ignore_conflicts=True)
    Rule.objects.bulk_create(_rules(organization), ignore_conflicts=True)


def _templates(organization: Organization) -> list[Template]:
    rows = []
    for language, texts in TEXTS.items():
        for key, text in texts.items():
            common = {"organization": organization, "key": key, "language": language}
            rows += [
                Template(
                    **common, channel=Channel.WHATSAPP, body=text.whatsapp, content_sid=simulated_sid(key, language)
                ),
                Template(**common, channel=Channel.SMS, body=text.sms),
                Template(**common, channel=Channel.EMAIL, subject=text.subject, body=text.email),
            ]
    return rows


def _rules(organization: Organization) -> list[Rule]:
    """Return the rules that are missing; one that was renamed or switched off is there."""
    present = set(Rule.objects.for_organization(organization).values_list("event_type", "template_key"))
    return [
        Rule(
            organization=organization,
            name=rule.name,
            event_type=rule.event_type,
            template_key=rule.template_key,
            category=rule.category,
            offset_minutes=rule.offset_minutes,
            channels=list(rule.channels),
            also_channels=list(rule.also_channels),
        )
        for rule in RULES
        if (rule.event_type, rule.template_key) not in present
    ]


def simulated_sid(key: str, language: str) -> str:
    """Return a content SID for the simulator; at Twilio each text is approved first and gets its own."""
    if not simulator_allowed() or settings.TWILIO_ACCOUNT_SID:
        return ""
    return "HX" + hashlib.md5(f"{key}:{language}".encode(), usedforsecurity=False).hexdigest()
