"""Which column of a file is which of our fields, as a caller says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput


def read_mapping(header: Sequence[str], wanted: Mapping[str, str | int], *, fields: Iterable[str]) -> dict[str, int]:
    """Return the position of each named column. A caller names it by the file's own word, or by its position from 0.

    Raises InvalidInput (field `mapping.FIELD`) for what is no field of ours and what is no column, or no single one.
    """
    if not header:
        message = _("This file has no columns: leave the mapping out.")
        raise InvalidInput(message, errors={"mapping": [message]})
    ours = list(fields)
    found: dict[str, int] = {}
    errors: dict[str, list[str]] = {}
    for field, column in wanted.items():
        name = column if isinstance(column, int) else " ".join(column.split())
        if field not in ours:
            problem = _("There is no such field. Choose of: %(names)s.") % {"names": ", ".join(ours)}
        elif isinstance(name, int) and 0 <= name < len(header):
            found[field], problem = name, ""
        elif isinstance(name, str) and header.count(name) == 1:
            found[field], problem = header.index(name), ""
        elif name in header:
            problem = _("Several columns have this name. Write the position instead, counted from 0.")
        else:
            problem = _("The file has no such column. It has: %(names)s.") % {"names": ", ".join(header)[:600]}
        if problem:
            errors[f"mapping.{field[:40]}"] = [problem]
    if errors:
        raise InvalidInput(next(iter(errors.values()))[0], errors=errors)
    return found
