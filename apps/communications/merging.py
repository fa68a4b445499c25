"""What happens with the ledger when two records of one person are merged: its rows move, nothing else."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Left
from django.utils.translation import ngettext_lazy

from apps.communications.models import OPEN_STATUSES, Channel, Communication, Status
from apps.patients.merging.rules import Moving, Rule, register

SHOWN = 120  # characters of a message


def register_merging() -> None:
    """Say how messages are counted."""
    register(
        Communication,
        Rule(
            noun=ngettext_lazy("%(n)d message sent", "%(n)d messages sent", "n"),
            moving=Moving(
                text=lambda row, _organization: f"{Channel(row['channel']).label}: {row['words']}",
                columns=("channel",),
                named={"words": Left("body", SHOWN)},
                # What is still to go out is addressed to somebody; what was said in a thread comes along with it.
                only=~Q(status__in=[*OPEN_STATUSES, Status.SENDING]) & Q(conversation_id__isnull=True),
            ),
        ),
    )
