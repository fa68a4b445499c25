"""What a state's function gets, and what it returns."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from django.utils import timezone

from apps.communications.models import Category, Channel, Communication, ContactState
from apps.conversations.flow.context import FlowContext
from apps.conversations.models import Attention, Conversation, FlowState, Mark, Message
from apps.conversations.understanding import SUPPORTED
from apps.conversations.understanding.language import base
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.merging.living import living_ids
from apps.patients.models import Patient
from apps.patients.selectors import patients_with_address

ANSWERED_WITHIN = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Identified:
    """A person the thread is about from now on, and how that is known: `address`, `identity`, `new`."""

    patient: Patient
    how: str


def _follow_merges(context: FlowContext, thread: Conversation) -> None:
    """Let the memory name records that were merged meanwhile by what they became a part of; no query while it is short."""
    named = {context.patient_id, *context.candidates} - {None, thread.patient_id}
    moved = living_ids([pk for pk in named if pk is not None]) if named else {}
    if moved:
        context.patient_id = moved.get(context.patient_id, context.patient_id) if context.patient_id else None
        context.candidates = [moved.get(pk, pk) for pk in context.candidates]


@dataclass
class Turn:
    """One message of a contact, with the memory that the state's function may change. The thread itself it may not.

    `opening` is what the answer begins with: the greeting of a first message, or that the dialogue starts over.
    `heard_at` (UTC) is when the contact wrote before this message, None when never.
    """

    thread: Conversation
    state: FlowState
    text: str
    has_media: bool
    is_voice: bool
    context: FlowContext
    language: str
    now: dt.datetime
    is_first: bool
    is_stale: bool = False
    heard_at: dt.datetime | None = None
    opt_out_type: str = ""
    identified: Identified | None = None
    opted: Mark | None = None
    opening: str = ""

    @classmethod
    def of(
        cls,
        thread: Conversation,
        message: Message,
        *,
        is_stale: bool,
        heard_at: dt.datetime | None,
        opt_out_type: str,
    ) -> Self:
        context = FlowContext.from_json(thread.context)
        _follow_merges(context, thread)
        return cls(
            thread=thread,
            state=FlowState(thread.state),
            text=message.body,
            has_media=bool(message.media),
            is_voice=any(item.get("content_type", "").startswith("audio/") for item in message.media),
            context=context,
            language=thread.language,
            now=timezone.now(),
            is_first=message.sequence == 1,
            is_stale=is_stale,
            heard_at=heard_at,
            opt_out_type=opt_out_type,
        )

    @property
    def organization(self) -> Organization:
        return self.thread.organization

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.organization.zone).date()

    @property
    def country(self) -> str:
        return self.organization.country

    @property
    def clinic_phone(self) -> str:
        """Return the clinic's number as people there write it, empty when it has none."""
        return show_phone(self.organization.phone, country=self.country)

    @property
    def day_first(self) -> bool | None:
        """Tell whether this writer's 3/4 is the third of April; None where nobody knows.

        In a country that writes the month first, who writes another language than English may do either.
        """
        return self.organization.day_first or (False if self.language == "en" else None)

    @property
    def languages(self) -> list[str]:
        """Return the languages that both the organization and the bot speak."""
        return [code for code in self.organization.languages if code in SUPPORTED] or ["en"]

    @cached_property
    def written_in(self) -> tuple[str, ...]:
        """Return the language of the last message to this address that this one may answer, if the bot speaks it; one query.

        A reminder may be in another language than the dialogue was, and in one that the organization's list leaves out.
        """
        sent = Communication.objects.for_organization(self.organization).filter(
            channel__in=(Channel.WHATSAPP, Channel.SMS),
            to_address=self.thread.address,
            sent_at__gt=max(self.now - ANSWERED_WITHIN, self.heard_at or self.now - ANSWERED_WITHIN),
        )
        last = sent.order_by("-sent_at").values_list("language", flat=True).first()
        spoken = base(last) if last else ""
        return (spoken,) if spoken in SUPPORTED else ()

    @property
    def patient(self) -> Patient | None:
        """Return who the thread is about, as far as that is verified: in this message or before."""
        return self.identified.patient if self.identified else self.thread.patient

    @cached_property
    def opted_out(self) -> bool:
        """Tell whether the contact has opted out of this channel; one query, once."""
        return (
            ContactState.objects.for_organization(self.organization)
            .filter(channel=self.thread.channel, address=self.thread.address, opted_out_at__isnull=False)
            .exists()
        )

    @cached_property
    def sharing(self) -> list[Patient]:
        """Return the active patients whose phone this is, with their contact points; two queries, once."""
        return patients_with_address(organization=self.organization, system="phone", value=self.thread.address)


@dataclass(frozen=True, slots=True)
class Step:
    """What the flow decided: the next state, what to say in the contact's language, and whether staff must go on.

    `text` may be empty: then the bot says nothing. `summary` is for staff, `facts` go into the hand-over's event.
    """

    state: FlowState
    text: str = ""
    attention: Attention = Attention.NONE
    summary: str = ""
    category: Category = Category.REPLY
    facts: dict[str, Any] = field(default_factory=dict)
