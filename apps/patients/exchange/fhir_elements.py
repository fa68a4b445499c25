"""Elements of FHIR resources from files: what has another shape than it should says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Element = Mapping[str, Any]


def objects(resource: Element, name: str) -> list[Element]:
    """Return the objects of a list."""
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def as_object(value: Any) -> Element:
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """Return a text with single spaces."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    return [text for one in value if (text := as_text(one))] if isinstance(value, list) else []


def first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else ""


def extension(element: Element, url: str) -> Element:
    """Return the extension of this address, an empty one when there is none."""
    return next((one for one in objects(element, "extension") if one.get("url") == url), {})


def codes_of(concepts: list[Element]) -> set[str]:
    """Return every code of CodeableConcepts, whatever its system."""
    return {as_text(coding.get("code")) for concept in concepts for coding in objects(concept, "coding")}
