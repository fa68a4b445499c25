"""What happens with files when two records of one person are merged: they move, nothing else."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import ngettext_lazy

from apps.media.models import Media, MediaState, Purpose
from apps.organizations.models import Organization
from apps.patients.merging.rules import Moving, Rule, register


def _in_words(row: dict[str, Any], _organization: Organization) -> str:
    return row["file_name"] or str(Purpose(row["purpose"]).label)


def register_merging() -> None:
    """Say how files are counted, and which may be moved after an unmerge: those of messages come along with their thread."""
    register(
        Media,
        Rule(
            noun=ngettext_lazy("%(n)d file", "%(n)d files", "n"),
            moving=Moving(
                text=_in_words,
                columns=("file_name", "purpose"),
                only=Q(state=MediaState.READY) & ~Q(purpose=Purpose.MESSAGE),
            ),
        ),
    )
