"""Two records side by side, as the page shows them: plain values in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.patients import profile
from apps.patients.contact import show_phone
from apps.patients.dates import PartialDate
from apps.patients.merging.fields import BOTH, DUPLICATE, JOINED, ORDERED, SURVIVOR, FieldChoice, is_empty
from apps.patients.merging.preview import MergePreview
from apps.patients.models import Patient, Sex
from apps.patients.presentations import FIELD_NAMES
from apps.patients.times import times_in_words


@dataclass(frozen=True, slots=True)
class Cell:
    """One record's value of a field: its lines, when it was last set, the choice it stands for, and whether it is taken."""

    choice: str
    lines: list[str]
    meta: str
    is_taken: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A field in which the two differ. `both` is the third choice, where there is one."""

    name: str
    label: str
    help: str
    cells: tuple[Cell, Cell]
    has_both: bool
    takes_both: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page shows: fields to choose, and those that are the same in both, as (label, value)."""

    lines: list[Line]
    same: list[tuple[str, str]]


def compare(preview: MergePreview, chosen: Mapping[str, str]) -> Comparison:
    """Return the preview as the page shows it; `chosen` are answers that were given already."""
    pair = preview.pair
    lines = [_line(preview, field, chosen.get(field.name, field.proposed)) for field in preview.differing]
    same = [
        (_label(field.name), ", ".join(_words(field.name, field.mine, pair.survivor)))
        for field in preview.fields
        if not field.differs and not is_empty(field.mine)
    ]
    return Comparison(lines, same)


def _line(preview: MergePreview, field: FieldChoice, choice: str) -> Line:
    pair = preview.pair
    is_fixed = field.name in ORDERED and (is_empty(field.mine) or is_empty(field.theirs))
    help_text = _("All stay. Choose whose come first.") if field.name in ORDERED and not is_fixed else ""
    return Line(
        field.name,
        _label(field.name),
        help_text,
        (
            _cell(SURVIVOR, field.name, field.mine, pair.survivor, field.mine_at, choice),
            _cell(DUPLICATE, field.name, field.theirs, pair.duplicate, field.theirs_at, choice),
        ),
        BOTH in field.choices and not is_empty(field.mine) and not is_empty(field.theirs),
        choice == BOTH,
        is_fixed,
    )


def _cell(choice: str, name: str, value: Any, patient: Patient, at: dt.datetime, taken: str) -> Cell:
    empty = is_empty(value)
    meta = "" if empty else _("since %(date)s") % {"date": date_format(timezone.localtime(at), "j M Y")}
    return Cell(choice, [] if empty else _words(name, value, patient), meta, taken == choice)


def _label(name: str) -> str:
    label = str(FIELD_NAMES.get(name, name))
    return label[:1].upper() + label[1:]


def _words(name: str, value: Any, patient: Patient) -> list[str]:
    """Return a value as people read it, a line per item of a list."""
    if name == "phones":
        return [show_phone(number, country=patient.organization.country) for number in value]
    if name in ORDERED or (name in JOINED and isinstance(value, list)):
        return list(value)
    if isinstance(value, PartialDate):
        return [value.in_words()]
    if name == "preferred_times":
        return [times_in_words(value)]
    if name == "sex":
        return [str(Sex(value).label)]
    if name == "language":
        return [str(dict(settings.LANGUAGES).get(value, value))]
    if name == "preferred_channel":
        return [str(profile.SHORT.get(value, value))]
    return [str(value)]
