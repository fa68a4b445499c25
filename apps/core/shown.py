"""What a template shows many times over: rows that answer a template's look-ups at once."""

from __future__ import annotations


class Shown:
    """Base of dataclasses that a list shows.

    A template that meets `row.name` tries `row["name"]` first, and goes on to the attribute only when that raised
    (django.template.base: `Variable._resolve_lookup`): an exception for every variable of every row, a third of what a
    row costs. So the item is the attribute.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> object:
        return getattr(self, name)
