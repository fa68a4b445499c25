"""The patient page's parts that other apps bring: tabs, panels of the rail, flags, actions and the photo.

A higher app registers by URL name, so that no import points upward; the page includes what the URL answers, and the
owner enforces its own permission. The URL takes the patient's id as its only argument and answers a fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from apps.core.actors import Actor
from apps.patients.models import Patient

Slot = Literal["tab", "rail", "flag", "action", "photo"]
COUNT_CAP = 100


@dataclass(frozen=True, slots=True)
class Panel:
    """One part. `rows` gives those whose number stands at a tab, up to COUNT_CAP; all tabs share one query.

    `live` names the topics (`appointments`, …) that make a rail panel or a flag load again. An action is a button in
    the header: `icon`, `shortcut`, whether its URL opens in the dialog, and whether it is for `active_only` patients.
    """

    slot: Slot
    key: str
    label: str | Promise
    url_name: str
    order: int
    permission: str
    icon: str = ""
    shortcut: str = ""
    modal: bool = False
    active_only: bool = False
    live: tuple[str, ...] = ()
    rows: Callable[[Patient], QuerySet] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A part of one patient's page, with its address."""

    panel: Panel
    url: str

    @property
    def follow(self) -> str:
        """Return the topics after whose events the part loads again, as `data-follow` takes them."""
        return " ".join(self.panel.live)


_panels: dict[tuple[str, str], Panel] = {}


def register(
    *,
    slot: Slot,
    key: str,
    label: str | Promise,
    url_name: str,
    order: int,
    permission: str,
    icon: str = "",
    shortcut: str = "",
    modal: bool = False,
    active_only: bool = False,
    live: tuple[str, ...] = (),
    rows: Callable[[Patient], QuerySet] | None = None,
) -> None:
    """Put a part onto the patient page; a second registration of the same slot and key replaces the first."""
    _panels[slot, key] = Panel(
        slot, key, label, url_name, order, permission, icon, shortcut, modal, active_only, live, rows
    )


def placed(slot: Slot, *, patient: Patient, actor: Actor) -> list[Placed]:
    """Return the parts of a slot that fit the patient and that the actor may see, in order; a URL that does not exist leaves its part out."""
    found = []
    for panel in sorted((p for p in _panels.values() if p.slot == slot), key=lambda p: p.order):
        if not actor.may(panel.permission) or (panel.active_only and patient.archived_at is not None):
            continue
        try:
            found.append(Placed(panel, reverse(panel.url_name, args=[patient.pk])))
        except NoReverseMatch:
            continue
    return found
