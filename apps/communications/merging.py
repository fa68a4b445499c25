"""What happens with the ledger when two records of one person are merged: its rows move, nothing else."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Left
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from apps.communications.models import OPEN_STATUSES, Category, Channel, Communication, Status
from apps.patients.merging.rules import Moving, Rule, register

SHOWN = 120  # characters of a message
_ARRIVED = frozenset({Status.SENT, Status.DELIVERED, Status.READ})


def _in_words(row: dict[str, Any]) -> str:
    """Return what a message says; of one that never went out, or has its words elsewhere, what it was and its fate."""
    channel = str(Channel(row["channel"]).label)
    if row["words"] and row["status"] in _ARRIVED:
        return f"{channel}: {row['words']}"
    fate = _("skipped") if row["status"] == Status.CANCELLED else str(Status(row["status"]).label).lower()
    what = f"{channel}, {str(Category(row['category']).label).lower()}, {fate}"
    return f"{what}: {row['words']}" if row["words"] else what


def register_merging() -> None:
    """Say how messages are counted."""
    register(
        Communication,
        Rule(
            noun=ngettext_lazy("%(n)d message", "%(n)d messages", "n"),
            moving=Moving(
                text=lambda row, _organization: _in_words(row),
                columns=("channel", "category", "status"),
                named={"words": Left("body", SHOWN)},
                # What is still to go out is addressed to somebody; what was said in a thread comes along with it.
                only=~Q(status__in=[*OPEN_STATUSES, Status.SENDING]) & Q(conversation_id__isnull=True),
            ),
        ),
    )
