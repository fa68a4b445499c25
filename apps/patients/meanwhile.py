"""What two people changed at the same time: read, theirs and mine, field by field. Values are plain, as events keep them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

# Lists of words: what either of two people added or took away holds, so they never have to be asked.
WORDS = frozenset({"alerts", "tags"})


def touched_fields(read: Mapping[str, Any], mine: Mapping[str, Any]) -> set[str]:
    """Return the fields that say something else than was read; one that was not read counts."""
    return {field for field, value in mine.items() if field not in read or read[field] != value}


def contested_fields(
    read: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any], touched: Collection[str]
) -> set[str]:
    """Return those of the touched fields that somebody else changed as well, and to something else."""
    return {
        field
        for field in set(touched) - WORDS
        if theirs[field] != mine[field] and (field not in read or read[field] != theirs[field])
    }


def merge_words(read: Collection[str], theirs: Collection[str], mine: Collection[str]) -> list[str]:
    """Return their words without those that were taken away here, then those that were added here."""
    kept = [word for word in theirs if word in mine or word not in read]
    return kept + [word for word in mine if word not in read and word not in kept]
