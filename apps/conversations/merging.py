"""What happens with threads when two records of one person are merged: they move, and wait for who writes in them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import ngettext_lazy

from apps.conversations.models import Conversation
from apps.patients.merging.rules import Pair, Rule, register


def lock(pair: Pair) -> None:
    """Take both records' threads before the patients: a message locks its thread first, then whom it books for."""
    threads = Conversation.objects.for_organization(pair.organization).filter(
        Q(patient=pair.survivor.pk) | Q(patient=pair.duplicate.pk)
    )
    list(threads.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def register_merging() -> None:
    """Say what happens with threads."""
    register(Conversation, Rule(noun=ngettext_lazy("%(n)d conversation", "%(n)d conversations", "n"), lock=lock))
