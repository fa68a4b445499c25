"""What stages can do by themselves in this slice: send a message from a template, and wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.communications.models import Category, Channel
from apps.core.errors import InvalidInput
from apps.journeys.messages import CONTEXT
from apps.journeys.registry import Outcome, StageEntry, action
from apps.notifications.models import Template
from apps.organizations.models import Organization

MESSAGE_CHANNELS = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
MOST_WAIT_MINUTES = 366 * 24 * 60


def _clean_message(organization: Organization, settings: Mapping[str, Any]) -> dict[str, Any]:
    template = str(settings.get("template", ""))
    if not Template.objects.for_organization(organization).filter(key=template, is_active=True).exists():
        raise InvalidInput(
            _("There is no active message template “%(key)s”. Create it under Messages first.") % {"key": template}
        )
    category = str(settings.get("category", Category.NOTICE))
    if category not in Category.values:
        raise InvalidInput(_("Choose the message's category: %(list)s.") % {"list": ", ".join(Category.values)})
    channels = list(settings.get("channels") or MESSAGE_CHANNELS)
    if not set(channels) <= set(MESSAGE_CHANNELS):
        raise InvalidInput(_("A template can go out by %(list)s.") % {"list": ", ".join(MESSAGE_CHANNELS)})
    after = settings.get("after_minutes", 0)
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after <= MOST_WAIT_MINUTES:
        raise InvalidInput(
            _("Say how long after the stage begins: `after_minutes`, from 0 to %(most)d.") % {"most": MOST_WAIT_MINUTES}
        )
    cleaned = {"template": template, "category": category, "channels": [str(channel) for channel in channels]}
    return cleaned | ({"after_minutes": after} if after else {})


def _describe_message(settings: Mapping[str, Any]) -> str:
    channels = " → ".join(str(Channel(channel).label) for channel in settings["channels"])
    return _("Send “%(template)s” by %(channels)s") % {"template": settings["template"], "channels": channels}


@action("send_message", label=gettext_lazy("Send a message"), clean=_clean_message, describe=_describe_message)
def send_message(entry: StageEntry) -> Outcome:
    """Plan the template for the run's patient on the first channel that reaches them."""
    from apps.notifications.services import send_template

    after = entry.settings.get("after_minutes", 0)
    planned = send_template(
        organization=entry.instance.organization,
        template_key=entry.settings["template"],
        category=entry.settings["category"],
        context_type=CONTEXT,
        subject_id=entry.instance.pk,
        channels=entry.settings["channels"],
        dedupe_suffix=entry.key,
        actor=entry.actor,
        due_at=timezone.now() + dt.timedelta(minutes=after) if after else None,
    )
    if not planned:
        return Outcome(note=_("No message: no address of the patient fits the channels"))
    return Outcome()


def _clean_wait(organization: Organization, settings: Mapping[str, Any]) -> dict[str, Any]:
    minutes = settings.get("minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= MOST_WAIT_MINUTES:
        raise InvalidInput(_("Say how long to wait: `minutes`, from 1 to %(most)d.") % {"most": MOST_WAIT_MINUTES})
    return {"minutes": minutes}


def _describe_wait(settings: Mapping[str, Any]) -> str:
    minutes = settings["minutes"]
    if minutes % 1440 == 0:
        return ngettext("Wait %(n)d day", "Wait %(n)d days", minutes // 1440) % {"n": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("Wait %(n)d hour", "Wait %(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("Wait %(n)d minute", "Wait %(n)d minutes", minutes) % {"n": minutes}


@action("wait", label=gettext_lazy("Wait"), clean=_clean_wait, describe=_describe_wait)
def wait(entry: StageEntry) -> Outcome:
    """Let the following actions wait; as the last action of a stage without another end, it ends the stage."""
    return Outcome(wait_minutes=entry.settings["minutes"])
