"""Which patient of a file a reference means, in every form that FHIR R4 has for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from apps.patients.exchange.fhir_elements import Element, as_object, as_text, objects

_HISTORY = re.compile(r"/_history/[^/]*$")
_BY_NUMBER = re.compile(r"^Patient\?identifier=(.*)$")


class PatientsOfFile:
    """The patients of a file by everything that a reference may call them; first of the same bundle, then of the file.

    What two patients are called means neither.
    """

    def __init__(self) -> None:
        self._in_bundle: dict[tuple[int, str], dict[str, Any] | None] = {}
        self._in_file: dict[str, dict[str, Any] | None] = {}

    def add(self, patient: dict[str, Any], *, url: str, bundle: int) -> None:
        """Remember a patient, whom the bundle calls `url`."""
        for name in dict.fromkeys(_names_of(patient, url)):
            self._in_bundle[bundle, name] = None if (bundle, name) in self._in_bundle else patient
            self._in_file[name] = None if name in self._in_file else patient

    def find(self, reference: Any, *, bundle: int) -> dict[str, Any] | None:
        """Return the patient whom a Reference of this bundle means, None for nobody or not surely one."""
        names = list(_meant_by(as_object(reference)))
        inside = next((found for name in names if (found := self._in_bundle.get((bundle, name)))), None)
        return inside or next((found for name in names if (found := self._in_file.get(name))), None)


def _names_of(patient: Element, url: str) -> Iterator[str]:
    if url:
        yield url
    if pk := as_text(patient.get("id")):
        yield from (f"Patient/{pk}", f"urn:uuid:{pk}")
    for one in objects(patient, "identifier"):
        if value := as_text(one.get("value")):
            yield f"{as_text(one.get('system'))}|{value}"


def _meant_by(reference: Element) -> Iterator[str]:
    """Yield what the reference calls the patient, the surest first: `urn:uuid:…`, an address, `Patient/…`, a number."""
    text = _HISTORY.sub("", as_text(reference.get("reference")))
    if text:
        yield text
        by_number = _BY_NUMBER.match(text)
        if by_number:
            yield unquote(by_number[1])
        kind, _slash, pk = text.rpartition("/")
        if kind == "Patient" or kind.endswith("/Patient"):
            yield f"Patient/{pk}"
    number = as_object(reference.get("identifier"))
    if value := as_text(number.get("value")):
        yield f"{as_text(number.get('system'))}|{value}"
