"""The ledger of outbound messages: one row is one message on one channel, and the only way out."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import TenantModel, TenantQuerySet
from apps.patients.models import Patient


class Channel(models.TextChoices):
    WHATSAPP = "whatsapp", _("WhatsApp")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    VOICE = "voice", _("Call")


class Status(models.TextChoices):
    """Forward only. `ambiguous`: the request left, the answer never came; never resent by itself."""

    SCHEDULED = "scheduled", _("Scheduled")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Not sent")
    UNDELIVERED = "undelivered", _("Not delivered")
    BLOCKED = "blocked", _("Blocked")
    CANCELLED = "cancelled", _("Cancelled")
    AMBIGUOUS = "ambiguous", _("Not certain")


class Category(models.TextChoices):
    """Why a message goes out; the send policy treats answers and emergencies unlike planned messages."""

    REPLY = "reply", _("Answer in a conversation")
    EMERGENCY = "emergency", _("Emergency text")
    CONFIRMATION = "confirmation", _("Confirmation")
    INVITE = "invite", _("Calendar invite")
    REMINDER = "reminder", _("Reminder")
    FOLLOW_UP = "follow_up", _("Follow-up")
    NOTICE = "notice", _("Notice")


OPEN_STATUSES = (Status.SCHEDULED, Status.QUEUED)
URGENT_CATEGORIES = (Category.REPLY, Category.EMERGENCY)


class Provider(models.TextChoices):
    TWILIO = "twilio", "Twilio"
    SMTP = "smtp", "SMTP"
    SIMULATOR = "simulator", "Simulator"


class ChannelAccount(TenantModel):
    """The organization's own address on a channel, and how to send from it.

    Empty credentials mean the environment's (`TWILIO_*`). The address routes inbound messages to the organization.
    """

    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=254, help_text="E.164 number, or e-mail address")
    provider = models.CharField(max_length=12, choices=Provider)
    account_sid = models.CharField(max_length=64, blank=True)
    auth_token = models.CharField(max_length=128, blank=True)
    messaging_service_sid = models.CharField(max_length=64, blank=True)
    per_second = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(1)], help_text="most messages a second from this sender"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="channel_address_belongs_to_one_organization")
        ]
        indexes = [models.Index(fields=["organization", "channel"], name="channel_account_by_channel")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.address}"


class ContactState(TenantModel):
    """What is known about an outside address, patient or not: last word from it, opt-out, unreachable."""

    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=254)
    last_inbound_at = models.DateTimeField(null=True, help_text="opens WhatsApp's 24-hour window")
    opted_out_at = models.DateTimeField(null=True)
    unreachable_at = models.DateTimeField(null=True)
    unreachable_code = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "channel", "address"], name="contact_state_is_one_per_address"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}"


class SenderPace(TenantModel):
    """When the next message may leave from one sender: the shared clock of all workers (`pace.py`)."""

    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=254)
    next_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "channel", "address"], name="sender_pace_is_one_per_sender")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}"


class CommunicationQuerySet(TenantQuerySet):
    def open(self) -> CommunicationQuerySet:
        """Keep rows that are planned and not yet taken."""
        return self.filter(status__in=OPEN_STATUSES)

    def planned(self) -> CommunicationQuerySet:
        """Leave out answers in a conversation and emergency texts: nobody planned those."""
        return self.exclude(category__in=URGENT_CATEGORIES)

    def claimable(self, now: dt.datetime) -> CommunicationQuerySet:
        """Keep rows that the dispatcher may claim at this time, whichever organization's, in no order.

        A row waits while an earlier one of its conversation is still on its way out: threads keep their order.
        """
        earlier = Communication.objects.filter(
            conversation_id=OuterRef("conversation_id"),
            id__lt=OuterRef("id"),
            status__in=[Status.QUEUED, Status.SENDING],
        )
        return self.open().filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            Q(conversation_id__isnull=True) | ~Exists(earlier),
            due_at__lte=now,
        )

    def about(self, subject_type: str, subject_id: uuid.UUID) -> CommunicationQuerySet:
        """Keep what was planned or sent because of one object (an appointment, a journey instance)."""
        return self.filter(context_type=subject_type, context_id=subject_id)


class Communication(TenantModel):
    """One outbound message. Times are UTC.

    `dedupe_key` makes planning idempotent, e.g. `appointment:<id>:<version>:reminder:<rule>:<channel>`.
    `context_*` name what it is about; a guard registered for `context_type` is asked at send time whether the
    reason still holds (`context_version` is the version it was planned for). `due_at` is moved forward by
    retries; `planned_at` keeps the first plan. `reason` says in words why it was blocked, cancelled or failed,
    and `legal_at` when a blocked message would be allowed. `lease_until` is a claim on an open row, the provider's
    time to answer on one that is `sending`, and the next look-up on an `ambiguous` one.
    """

    channel = models.CharField(max_length=10, choices=Channel)
    category = models.CharField(max_length=14, choices=Category)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    to_address = models.CharField(max_length=254)
    from_address = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    language = models.CharField(max_length=8, default="en")
    template_key = models.CharField(max_length=60, blank=True)
    content_sid = models.CharField(max_length=64, blank=True, help_text="approved WhatsApp template at Twilio")
    content_variables = models.JSONField(default=dict, blank=True)
    attachments = models.JSONField(default=list, blank=True, help_text="[{filename, content_type, text}]")
    dedupe_key = models.CharField(max_length=200)
    context_type = models.CharField(max_length=60, blank=True)
    context_id = models.UUIDField(null=True, blank=True)
    context_version = models.PositiveIntegerField(default=0)
    conversation_id = models.UUIDField(
        null=True, blank=True, help_text="the thread it shows in; no key, it lies on a higher floor"
    )
    actor_kind = models.CharField(max_length=10, blank=True)
    actor_id = models.UUIDField(null=True, blank=True)

    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(
        null=True, blank=True, help_text="pointless later: then it is cancelled, not sent late"
    )
    lease_until = models.DateTimeField(null=True, blank=True, help_text="no other worker touches the row before")
    attempts = models.PositiveSmallIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True, blank=True, help_text="when it was last handed to the provider")
    maybe_accepted = models.BooleanField(
        default=False, help_text="the last attempt failed in a way that needs a look-up before the next"
    )
    ignores_quiet_hours = models.BooleanField(default=False, help_text="a person pulled it forward in the simulator")
    provider = models.CharField(max_length=12, choices=Provider, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    legal_at = models.DateTimeField(null=True, blank=True)
    fallback_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="fallbacks")
    fallback_channels = models.JSONField(
        default=list,
        blank=True,
        help_text="[[channel, address, {subject, body, content_sid, …}], …] still to try; the words are optional",
    )

    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    objects = CommunicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "dedupe_key"], name="communication_is_planned_once"),
            models.UniqueConstraint(
                fields=["organization", "provider", "provider_id"],
                condition=~Q(provider_id=""),
                name="communication_provider_id_is_unique",
            ),
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(lease_until__isnull=False),
                name="communication_being_sent_has_a_lease",
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="communication_channel_is_known"),
        ]
        indexes = [
            models.Index(
                F("due_at"), F("id"), name="communication_due", condition=Q(status__in=["scheduled", "queued"])
            ),
            models.Index(
                F("due_at"),
                F("id"),
                name="communication_due_first",
                condition=Q(status__in=["scheduled", "queued"], category__in=["reply", "emergency"]),
            ),
            models.Index(
                F("conversation_id"),
                F("id"),
                name="communication_in_thread",
                condition=Q(status__in=["queued", "sending"], conversation_id__isnull=False),
            ),
            models.Index(
                F("lease_until"), name="communication_leased", condition=Q(status__in=["sending", "ambiguous"])
            ),
            models.Index(fields=["organization", "-planned_at", "-id"], name="communication_for_list"),
            models.Index(fields=["organization", "status", "-planned_at"], name="communication_by_status"),
            models.Index(fields=["organization", "patient", "-planned_at"], name="communication_by_patient"),
            models.Index(fields=["organization", "context_id", "planned_at"], name="communication_by_context"),
            models.Index(fields=["organization", "channel", "to_address", "-sent_at"], name="communication_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.get_category_display()} ({self.get_status_display()})"

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be cancelled: planned, not yet taken by the dispatcher."""
        return self.status in OPEN_STATUSES

    @property
    def did_not_arrive(self) -> bool:
        """Tell whether it was sent in vain, as far as anybody knows."""
        return self.status in (Status.FAILED, Status.UNDELIVERED, Status.AMBIGUOUS)


class SimulatorMessage(TenantModel):
    """What the built-in simulator's carrier accepted: the phone screen and mailbox of demo mode show these rows."""

    sid = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel)
    to_address = models.CharField(max_length=254)
    from_address = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    attachments = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=12, default="sent")
    error_code = models.CharField(max_length=20, blank=True)
    callback_url = models.CharField(max_length=500, blank=True, help_text="where the carrier reports each status")
    callbacks = models.JSONField(default=list, blank=True, help_text="statuses not yet reported")
    callback_due_at = models.DateTimeField(null=True, blank=True)
    callback_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sid"], name="simulator_sid_is_unique")]
        indexes = [
            models.Index(fields=["organization", "to_address", "-created_at"], name="simulator_by_address"),
            models.Index(
                fields=["callback_due_at"], name="simulator_callback_due", condition=Q(callback_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.to_address}"


class SimulatorPhone(TenantModel):
    """A phone in the simulator: how the carrier treats the next message to it ('delivers', 'reads' or a Twilio error code)."""

    address = models.CharField(max_length=254)
    label = models.CharField(max_length=80, blank=True)
    next_outcome = models.CharField(max_length=20, default="reads")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "address"], name="simulator_phone_is_one_per_address")
        ]

    def __str__(self) -> str:
        return self.address
