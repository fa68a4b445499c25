"""What happens with threads when two records of one person are merged: they move, and wait for who writes in them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import ngettext, ngettext_lazy

from apps.communications.models import Channel, Communication
from apps.conversations.models import Conversation
from apps.conversations.services.threads import announce, save_decision
from apps.core.actors import Actor
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.merging.rules import Moving, Pair, Rule, register
from apps.patients.models import Patient


def lock(pair: Pair) -> None:
    """Take both records' threads before the patients: a message locks its thread first, then whom it books for."""
    threads = Conversation.objects.for_organization(pair.organization).filter(
        Q(patient=pair.survivor.pk) | Q(patient=pair.duplicate.pk)
    )
    list(threads.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def bring_along(gives: Patient, gets: Patient, ids: Sequence[uuid.UUID], actor: Actor) -> None:
    """Say of each thread who its contact is now, as staff would (its files follow), and take its sent messages along."""
    for thread in Conversation.objects.filter(pk__in=ids).order_by("pk"):
        save_decision(thread)
        changes = {"patient": [str(gives.pk), str(gets.pk)]}
        announce("patient_identified", thread, actor, changes=changes, how="staff")
    Communication.objects.filter(
        organization_id=gets.organization_id, conversation_id__in=ids, patient=gives.pk
    ).update(patient=gets)


def _in_words(row: dict[str, Any], organization: Organization) -> str:
    channel = Channel(row["channel"])
    is_phone = channel != Channel.EMAIL
    address = show_phone(row["address"], country=organization.country) if is_phone else row["address"]
    lines = ngettext("%(n)d message", "%(n)d messages", row["message_count"]) % {"n": row["message_count"]}
    return f"{channel.label}, {address}, {lines}"


def register_merging() -> None:
    """Say what happens with threads."""
    register(
        Conversation,
        Rule(
            noun=ngettext_lazy("%(n)d conversation", "%(n)d conversations", "n"),
            lock=lock,
            moving=Moving(
                text=_in_words,
                columns=("channel", "address", "message_count"),
                follow=bring_along,
            ),
        ),
    )
