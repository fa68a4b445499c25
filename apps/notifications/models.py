"""Message templates, the rules that plan messages from events, and in-app notices for staff."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.communications.models import Category, Channel
from apps.core.models import TenantModel, TenantQuerySet
from apps.organizations.models import User


class TemplateQuerySet(TenantQuerySet):
    def for_message(self, key: str, channels: Iterable[str], languages: Iterable[str]) -> TemplateQuerySet:
        """Keep the active texts of one key on these channels and in these languages."""
        return self.filter(key=key, channel__in=list(channels), language__in=list(languages), is_active=True)


class Template(TenantModel):
    """The text of a message per key, channel and language, in Liquid; validated when it is saved.

    `content_sid` names the approved WhatsApp template at Twilio that may go out when the 24-hour window is closed.
    """

    key = models.SlugField(max_length=60, help_text="appointment-reminder, follow-up, …")
    channel = models.CharField(max_length=10, choices=Channel)
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=200, blank=True, help_text="e-mail only; names no patient")
    body = models.TextField()
    content_sid = models.CharField(
        max_length=64,
        blank=True,
        help_text="its {{1}}, {{2}} … are the variables in the order in which they first appear above",
    )
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["key", "channel", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key", "channel", "language"], name="template_is_one_per_key_channel_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} · {self.channel} · {self.language}"


class RuleQuerySet(TenantQuerySet):
    def planned_by(self, event_type: str, *, replanned: Iterable[str] = ()) -> RuleQuerySet:
        """Keep the active rules of an event type, and those with an offset of the types that it plans anew."""
        again = Q(event_type__in=list(replanned), offset_minutes__isnull=False)
        return self.filter(Q(event_type=event_type) | again, is_active=True)


class Rule(TenantModel):
    """When `event_type` happens, plan `template_key` for its subject.

    Without an offset the message is due at once; with one, that many minutes after (negative: before) the
    subject's anchor time, which for an appointment is its start. Channels are tried in order; `email` beside a
    phone channel in `also_channels` goes out in addition.
    """

    name = models.CharField(max_length=80)
    event_type = models.CharField(max_length=60)
    template_key = models.SlugField(max_length=60)
    category = models.CharField(max_length=14, choices=Category)
    offset_minutes = models.IntegerField(null=True, blank=True)
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel),
        help_text="first reachable one is used, the rest are the fallback",
    )
    also_channels = ArrayField(models.CharField(max_length=10, choices=Channel), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["event_type", "offset_minutes"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="rule_name_is_unique_in_organization")
        ]
        indexes = [
            models.Index(fields=["organization", "event_type"], name="rule_by_event", condition=Q(is_active=True))
        ]

    def __str__(self) -> str:
        return self.name


class StaffNoticeQuerySet(TenantQuerySet):
    def unread_by(self, user: User) -> StaffNoticeQuerySet:
        """Keep what the person has not seen."""
        return self.filter(user=user, read_at__isnull=True)


class StaffNotice(TenantModel):
    """A line behind the bell of one member of staff."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    text = models.CharField(max_length=200)
    url = models.CharField(max_length=200, blank=True)
    dedupe_key = models.CharField(max_length=120)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = StaffNoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user", "dedupe_key"], name="staff_notice_is_sent_once")
        ]
        indexes = [models.Index(fields=["organization", "user", "-created_at"], name="staff_notice_for_bell")]

    def __str__(self) -> str:
        return self.text
