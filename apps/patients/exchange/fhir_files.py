"""FHIR R4 files: which patients they hold, and what else, counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from django.utils.translation import gettext as _

from apps.core.csv_files import MOST_ROWS, too_large
from apps.core.errors import InvalidInput
from apps.patients.exchange import fhir
from apps.patients.exchange.fhir_around import ATTACHED, attach
from apps.patients.exchange.fhir_elements import as_object, as_text, objects
from apps.patients.exchange.fhir_references import PatientsOfFile

# What we read of a patient; the rest (photos, generated narrative) is not kept even until the import.
_KEPT = (
    *("resourceType", "id", "identifier", "active", "name", "telecom", "gender", "birthDate", "deceasedBoolean"),
    *("deceasedDateTime", "address", "contact", "communication"),
)
_EXTENSIONS = frozenset({fhir.GENDER_IDENTITY, fhir.CHANNEL, fhir.TIMES, fhir.NOTE})


@dataclass(frozen=True, slots=True)
class FhirFile:
    """The patients of a file, each with its line (ndjson) or its place; what was left out, by resource type.

    With a patient, under `related_persons`, `consents` and `flags`, is what the file says of them in other resources.
    """

    patients: list[tuple[int, dict[str, Any]]]
    skipped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A resource: its line or place, what its bundle calls it, and which bundle of the file that is."""

    place: int
    resource: dict[str, Any]
    url: str
    bundle: int

    @property
    def kind(self) -> str:
        return str(self.resource.get("resourceType") or "?")[:60]


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
    known, belonging = PatientsOfFile(), []
    for found in _resources(text):
        if found.kind in ATTACHED:
            belonging.append(found)
            continue
        if found.kind != "Patient":
            skipped[found.kind] += 1
            continue
        kept = _kept(found.resource)
        patients.append((found.place, kept))
        known.add(kept, url=found.url, bundle=found.bundle)
        if len(patients) > MOST_ROWS:
            raise _refused(_("The file has more than %(n)d patients. Export it in parts.") % {"n": MOST_ROWS})
    # A reference may point to a patient further down.
    for found in belonging:
        patient = known.find(found.resource.get(ATTACHED[found.kind][0]), bundle=found.bundle)
        if patient is None or not attach(found.resource, patient):
            skipped[found.kind] += 1
    if not patients:
        if set(skipped) == {"?"}:
            raise _refused(_("This is no FHIR: nothing in it says what it is (“resourceType”). Choose another file."))
        holds = ", ".join(f"{kind} ({n})" for kind, n in sorted(skipped.items())[:10]) or _("nothing")
        raise _refused(_("There is no Patient in this file. It holds: %(found)s.") % {"found": holds})
    return FhirFile(patients, dict(skipped))


def _kept(resource: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: resource[name] for name in _KEPT if name in resource}
    extensions = [one for one in objects(resource, "extension") if one.get("url") in _EXTENSIONS]
    tags = [one for one in objects(as_object(resource.get("meta")), "tag") if one.get("system") == fhir.TAG]
    return kept | ({"extension": extensions} if extensions else {}) | ({"meta": {"tag": tags}} if tags else {})


def _resources(text: str) -> Iterator[Found]:
    bundles = count(1)
    try:
        whole = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        yield from _by_line(text, error, bundles)
        return
    for place, found in enumerate(_within(whole, bundles), start=1):
        yield replace(found, place=place)


def _by_line(text: str, error: Exception, bundles: Iterator[int]) -> Iterator[Found]:
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
        for one in _within(found, bundles):
            # A bundle in a line may hold several patients: their places go on counting.
            place = max(place + 1, number)
            yield replace(one, place=place)


def _within(value: Any, bundles: Iterator[int], *, url: str = "", bundle: int = 0) -> Iterator[Found]:
    if isinstance(value, list):
        for item in value:
            yield from _within(item, bundles, bundle=bundle)
    elif isinstance(value, dict) and value.get("resourceType") == "Bundle":
        inner = next(bundles)
        for entry in objects(value, "entry"):
            yield from _within(entry.get("resource"), bundles, url=as_text(entry.get("fullUrl")), bundle=inner)
    elif isinstance(value, dict):
        yield Found(0, value, url, bundle)


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"file": [message]}, code="invalid_fhir")
