"""Threads with a contact on a channel, and what was said in them."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communications.models import Channel, Communication
from apps.core.models import TenantModel, TenantQuerySet
from apps.organizations.models import User
from apps.patients.models import Patient


class ConversationStatus(models.TextChoices):
    OPEN = "open", _("Open")
    SNOOZED = "snoozed", _("Snoozed")
    CLOSED = "closed", _("Closed")


class OwnerKind(models.TextChoices):
    BOT = "bot", _("Bot")
    PERSON = "person", _("Person")
    NOBODY = "nobody", _("Nobody yet")


class FlowState(models.TextChoices):
    """Where the booking flow stands; the allowed steps are in `conversations/flow/machine.py`."""

    IDLE = "idle", _("Idle")
    NAME = "name", _("Asked for the name")
    BIRTH_DATE = "birth_date", _("Asked for the birth date")
    FOR_WHOM = "for_whom", _("Asked for whom")
    REASON = "reason", _("Asked for the reason")
    SLOTS = "slots", _("Offered times")
    CONFIRM = "confirm", _("Asked to confirm")
    BOOKED = "booked", _("Booked")
    HANDED_OVER = "handed_over", _("With staff")


class Attention(models.TextChoices):
    """Why a person must look: shown in the inbox until somebody owns it."""

    NONE = "", _("None")
    EMERGENCY = "emergency", _("Emergency words")
    ASKED = "asked", _("Asked for a person")
    UNCLEAR = "unclear", _("The bot did not understand")
    IDENTITY = "identity", _("Could not verify the person")
    NO_SLOTS = "no_slots", _("No free time suited")
    PROBLEM = "problem", _("Something failed")


class ConversationQuerySet(TenantQuerySet):
    def open(self) -> ConversationQuerySet:
        """Keep threads that are neither closed nor snoozed."""
        return self.filter(status=ConversationStatus.OPEN)

    def with_contact(self, channel: str, address: str) -> ConversationQuerySet:
        """Keep the threads of one address on one channel, closed ones too."""
        return self.filter(channel=channel, address=address)

    def for_list(self) -> ConversationQuerySet:
        """Load what every list shows, in one query."""
        return self.select_related("patient", "owner")


MEMORY = dt.timedelta(hours=24)


class Conversation(TenantModel):
    """One thread with one address on one channel; at most one is not closed at a time.

    `owner_kind` is checked in the transaction that enqueues a bot reply, so the bot never talks over a person.
    `context` is the flow's memory (`flow/context.py`): what the writer said so far, ids, offered slots, tries.
    `patient` is the verified or staff-chosen person; until then the writer is only an address.
    `version` counts what staff decide about the thread (owner, status, patient), not its messages: a new message
    makes nobody's click stale.
    """

    channel = models.CharField(max_length=10, choices=Channel.choices)
    address = models.CharField(max_length=254, help_text="the contact's: E.164 or e-mail")
    clinic_address = models.CharField(max_length=254)
    display_name = models.CharField(max_length=120, blank=True, help_text="profile name the channel gave; not verified")
    patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="conversations")
    language = models.CharField(max_length=8, default="en")
    status = models.CharField(max_length=10, choices=ConversationStatus, default=ConversationStatus.OPEN)
    owner_kind = models.CharField(max_length=8, choices=OwnerKind, default=OwnerKind.BOT)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, choices=FlowState, default=FlowState.IDLE)
    context = models.JSONField(default=dict, blank=True)
    attention = models.CharField(max_length=10, choices=Attention, blank=True, default=Attention.NONE)
    summary = models.CharField(max_length=500, blank=True, help_text="what the bot passes on when it hands over")
    unread_count = models.PositiveIntegerField(default=0)
    message_count = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True)
    last_message_text = models.CharField(max_length=160, blank=True)
    last_inbound_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True, help_text="first unanswered message; null when nobody waits")
    snoozed_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "channel", "address"],
                condition=~Q(status="closed"),
                name="conversation_is_one_open_thread_per_contact",
            ),
            models.CheckConstraint(
                condition=Q(owner_kind="person", owner__isnull=False)
                | (~Q(owner_kind="person") & Q(owner__isnull=True)),
                name="conversation_owner_is_a_person_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "-last_message_at", "id"], name="conversation_for_list"),
            models.Index(fields=["organization", "channel", "address", "-created_at"], name="conversation_by_contact"),
            models.Index(fields=["organization", "patient", "-last_message_at"], name="conversation_by_patient"),
            models.Index(
                fields=["organization", "waiting_since"],
                name="conversation_waiting",
                condition=Q(waiting_since__isnull=False) & ~Q(status="closed"),
            ),
            models.Index(
                fields=["organization", "owner_kind", "owner"], name="conversation_by_owner", condition=Q(status="open")
            ),
            models.Index(fields=["snoozed_until"], name="conversation_snoozed", condition=Q(status="snoozed")),
            models.Index(
                fields=["last_message_at"],
                name="conversation_left_with_bot",
                condition=Q(status="open", owner_kind="bot"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} thread {self.pk}"

    @property
    def is_closed(self) -> bool:
        return self.status == ConversationStatus.CLOSED

    @property
    def is_with_bot(self) -> bool:
        """Tell whether the bot may answer; ask again under the row's lock before it does."""
        return self.owner_kind == OwnerKind.BOT and self.status != ConversationStatus.CLOSED

    def is_memory_stale(self, now: dt.datetime) -> bool:
        """Tell whether the contact was silent so long that a half-finished dialogue is forgotten."""
        return self.last_inbound_at is not None and now - self.last_inbound_at > MEMORY


class Author(models.TextChoices):
    CONTACT = "contact", _("Contact")
    BOT = "bot", _("Bot")
    PERSON = "person", _("Person")
    SYSTEM = "system", _("System")


class MessageKind(models.TextChoices):
    TEXT = "text", _("Message")
    NOTE = "note", _("Internal note")
    MARK = "mark", _("What happened")


class Mark(models.TextChoices):
    """What a line of kind `mark` says: its body is the value, and after a colon what it is about."""

    OPENED_AGAIN = "opened_again", _("Opened again")
    TAKEN_OVER = "taken_over", _("Took over")
    HANDED_BACK = "handed_back", _("Handed back to the bot")
    HANDED_OVER = "handed_over", _("Bot handed over")
    ASSIGNED = "assigned", _("Assigned")
    SNOOZED = "snoozed", _("Snoozed")
    WOKEN = "woken", _("Woken up")
    CLOSED = "closed", _("Closed")
    IDENTIFIED = "identified", _("Person identified")
    OPTED_OUT = "opted_out", _("Opted out of this channel")
    OPTED_IN = "opted_in", _("Opted in to this channel")


class Message(TenantModel):
    """One line of a thread, in order of `sequence`. An outbound one points at its ledger row, which has the ticks."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=MessageKind, default=MessageKind.TEXT)
    author = models.CharField(max_length=8, choices=Author)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    body = models.TextField(blank=True)
    media = models.JSONField(default=list, blank=True, help_text="[{url, content_type, sid}] as the provider named it")
    communication = models.OneToOneField(
        Communication, on_delete=models.SET_NULL, null=True, blank=True, related_name="message"
    )
    provider_id = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="message_has_its_place_in_the_thread"),
            models.UniqueConstraint(
                fields=["organization", "provider_id"],
                condition=~Q(provider_id=""),
                name="message_provider_id_is_unique",
            ),
        ]
        indexes = [models.Index(fields=["organization", "conversation", "-sequence"], name="message_by_conversation")]

    def __str__(self) -> str:
        return f"{self.author} #{self.sequence}"
