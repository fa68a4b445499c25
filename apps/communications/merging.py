"""What happens with the ledger when two records of one person are merged: its rows move, nothing else."""

from __future__ import annotations

from django.utils.translation import ngettext_lazy

from apps.communications.models import Communication
from apps.patients.merging.rules import Rule, register


def register_merging() -> None:
    """Say how messages are counted."""
    register(Communication, Rule(noun=ngettext_lazy("%(n)d message sent", "%(n)d messages sent", "n")))
