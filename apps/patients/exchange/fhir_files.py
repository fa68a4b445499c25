"""FHIR R4 files: which patients they hold, and what else, counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.core.csv_files import MOST_ROWS, too_large
from apps.core.errors import InvalidInput

# What we read of a patient; the rest (photos, generated narrative) is not kept even until the import.
_KEPT = (
    *("resourceType", "id", "identifier", "active", "name", "telecom", "gender", "birthDate", "deceasedBoolean"),
    *("deceasedDateTime", "address", "contact", "communication"),
)


@dataclass(frozen=True, slots=True)
class FhirFile:
    """The patients of a file, each with its line (ndjson) or its place; what else is in it, by resource type."""

    patients: list[tuple[int, dict[str, Any]]]
    skipped: dict[str, int]


def is_json(content: bytes) -> bool:
    """Tell whether a file is JSON rather than CSV, by its first sign."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def read_fhir(content: bytes, *, most_bytes: int) -> FhirFile:
    """Return what a file holds: a Bundle, a Patient, a list of either, or one of them per line.

    Raises InvalidInput (field `file`) that says what is wrong with the file.
    """
    if len(content) > most_bytes:
        raise _refused(too_large(most_bytes))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(_("The file is not in UTF-8. Export it again as JSON.")) from error
    patients: list[tuple[int, dict[str, Any]]] = []
    skipped: Counter[str] = Counter()
    for line, resource in _resources(text):
        kind = str(resource.get("resourceType") or "?")[:60]
        if kind != "Patient":
            skipped[kind] += 1
            continue
        patients.append((line, {name: resource[name] for name in _KEPT if name in resource}))
        if len(patients) > MOST_ROWS:
            raise _refused(_("The file has more than %(n)d patients. Export it in parts.") % {"n": MOST_ROWS})
    if not patients:
        found = ", ".join(f"{kind} ({n})" for kind, n in sorted(skipped.items())[:10]) or _("nothing")
        raise _refused(_("There is no Patient in this file. It holds: %(found)s.") % {"found": found})
    return FhirFile(patients, dict(skipped))


def _resources(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        whole = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        yield from _by_line(text, error)
        return
    yield from enumerate(_within(whole), start=1)


def _by_line(text: str, error: Exception) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = text.split("\n")
    try:
        json.loads(lines[0])
    except (json.JSONDecodeError, RecursionError):
        where = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise _refused(
            _("Line %(line)d is not JSON. Export the file again, as a FHIR R4 bundle or ndjson.") % {"line": where}
        ) from error
    place = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as wrong:
            raise _refused(_("Line %(line)d is not JSON. Correct it, or take it out.") % {"line": number}) from wrong
        for resource in _within(found):
            # A bundle in a line may hold several patients: their places go on counting.
            place = max(place + 1, number)
            yield place, resource


def _within(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _within(item)
    elif isinstance(value, dict) and value.get("resourceType") == "Bundle":
        entries = value.get("entry")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield from _within(entry.get("resource"))
    elif isinstance(value, dict):
        yield value


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"file": [message]}, code="invalid_fhir")
