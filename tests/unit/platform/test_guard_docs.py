"""Documents that speak of the code: links lead somewhere, decisions stay short, floors and paths exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:|#)([^)#]+)")  # pictures are made anew now and then
PATH = re.compile(r"`((?:apps|clinic|core|tests|templates|static|docs)/[\w/.-]+\.\w+)`")


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_links_lead_to_files(document):
    broken = [target for target in LINK.findall(document.read_text()) if not (document.parent / target).exists()]
    assert broken == []


def test_paths_that_the_architecture_names_exist():
    named = PATH.findall((ROOT / "docs" / "architecture.md").read_text())
    assert len(named) > 8
    missing = [path for path in named if not (ROOT / path).exists() and not (ROOT / "apps" / path).exists()]
    assert missing == []


@pytest.mark.parametrize(
    "document", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda document: document.name
)
def test_decisions_are_short(document):
    assert len(document.read_text().split()) < 400


def test_every_app_has_its_floor_in_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert [name for name in settings.CLINIC_APPS if name.removeprefix("apps.") not in text] == []
