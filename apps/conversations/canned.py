"""Templates that fit a thread: what may go out to the contact when a free text may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.appointments.messages import template_variables
from apps.appointments.models import Appointment
from apps.appointments.selectors import next_appointment
from apps.communications.models import Channel
from apps.conversations.models import Conversation
from apps.core.errors import InvalidInput, NotFound
from apps.notifications.models import Template
from apps.notifications.rendering import Rendered, render
from apps.patients.contact import show_phone


@dataclass(frozen=True, slots=True)
class FittingTemplate:
    """A template as it would arrive: filled with what is known about the verified person."""

    key: str
    language: str
    words: Rendered

    @property
    def name(self) -> str:
        """Return the key as a person reads it: "Appointment reminder"."""
        return self.key.replace("-", " ").replace("_", " ").capitalize()


def fitting_templates(
    *, conversation: Conversation, channel: str = "", coming: Sequence[Appointment] | None = None
) -> list[FittingTemplate]:
    """Return the templates that can be filled for the contact, in their language if there is one.

    On WhatsApp only approved ones (with a content SID). A template that names a patient or a visit fits only a thread
    whose person is verified, or has a coming visit. One query, and another for the coming visit unless the caller
    knows it (`coming`, empty when there is none).
    """
    wanted = channel or conversation.channel
    languages = list(dict.fromkeys([conversation.language, conversation.organization.language, "en"]))
    found = Template.objects.for_organization(conversation.organization).filter(
        channel=wanted, language__in=languages, is_active=True
    )
    best: dict[str, Template] = {}
    for template in sorted(found, key=lambda template: languages.index(template.language)):
        if template.content_sid or wanted != Channel.WHATSAPP:
            best.setdefault(template.key, template)
    variables = _variables(conversation, _coming(conversation) if coming is None else coming)
    return [filled for key in sorted(best) if (filled := _filled(best[key], variables)) is not None]


def require_template(*, conversation: Conversation, key: str, channel: str = "") -> FittingTemplate:
    """Return one fitting template; raise NotFound when there is none of that name that fits."""
    chosen = next(
        (one for one in fitting_templates(conversation=conversation, channel=channel) if one.key == key), None
    )
    if chosen is None:
        raise NotFound(_("The template “%(key)s” does not fit this conversation. Choose another one.") % {"key": key})
    return chosen


def _filled(template: Template, variables: dict[str, Any]) -> FittingTemplate | None:
    try:
        return FittingTemplate(key=template.key, language=template.language, words=render(template, variables))
    except InvalidInput:
        return None


def _coming(conversation: Conversation) -> Sequence[Appointment]:
    visit = next_appointment(patient=conversation.patient) if conversation.patient else None
    return [visit] if visit else []


def _variables(conversation: Conversation, coming: Sequence[Appointment]) -> dict[str, Any]:
    organization, patient = conversation.organization, conversation.patient
    if coming:
        visit = coming[0]
        visit.organization = organization
        return template_variables(visit)
    named = {"patient": {"first_name": patient.first_name}} if patient else {}
    return {
        **named,
        "clinic": {"name": organization.name, "phone": show_phone(organization.phone, country=organization.country)},
    }
