"""What services that set things up share: which fields may change, validation by the model, somebody else's change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput, StaleVersion
from apps.core.models import BaseModel


def clean(row: models.Model, *, exclude: Iterable[str] = ()) -> None:
    """Validate as the model says, its constraints included unless a field is left out; raise InvalidInput by field."""
    left_out = set(exclude)
    try:
        row.full_clean(exclude=left_out, validate_constraints=not left_out)
    except ValidationError as error:
        messages = error.message_dict
        raise InvalidInput(next(iter(messages.values()))[0], errors=messages) from error


def insert(row: models.Model) -> None:
    """Validate and save a new row."""
    clean(row)
    row.save(force_insert=True)


def change(
    locked: BaseModel, changes: Mapping[str, Any], *, editable: Collection[str], seen: dt.datetime | None = None
) -> dict[str, list[Any]]:
    """Set and save what differs on a row that the caller locked; return it as before and after, for the event.

    `seen` is the row's `updated_at` as the caller read it: when somebody saved since, and other values than these,
    StaleVersion says which fields differ. Raises InvalidInput for fields that may not change or are wrong.
    """
    refuse_unknown(changes, editable)
    wanted = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    differing = {name: (getattr(locked, name), value) for name, value in wanted.items()}
    differing = {name: pair for name, pair in differing.items() if pair[0] != pair[1]}
    if not differing:
        return {}
    require_unchanged(locked, seen, differing)
    for name, (_before, after) in differing.items():
        setattr(locked, name, after)
    clean(locked)
    locked.save()
    return {name: [_plain(before), _plain(after)] for name, (before, after) in differing.items()}


def refuse_unknown(fields: Iterable[str], editable: Collection[str]) -> None:
    """Raise InvalidInput for fields that nobody may change this way."""
    unknown = sorted(set(fields) - set(editable))
    if unknown:
        raise InvalidInput(
            _("These can't be changed: %(fields)s.") % {"fields": ", ".join(unknown)},
            errors={field: [_("Can't be changed.")] for field in unknown},
        )


def require_unchanged(
    locked: BaseModel, seen: dt.datetime | None, differing: Mapping[str, tuple[Any, Any]] | None = None
) -> None:
    """Raise StaleVersion when the row was saved after the caller read it; None is for callers that read nothing."""
    if seen is None or locked.updated_at <= seen:
        return
    conflicts = [
        {"field": name, "current": _plain(current), "yours": _plain(yours)}
        for name, (current, yours) in (differing or {}).items()
    ]
    raise StaleVersion(
        _("Somebody else saved this meanwhile. Compare the fields, then save again."),
        current=int(locked.updated_at.timestamp() * 1_000_000),
        conflicts=conflicts,
    )


def _plain(value: Any) -> Any:
    return str(value.pk) if isinstance(value, models.Model) else value
