"""The committed description of the API is the one that the code gives."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"


def test_the_committed_description_equals_the_code():
    """When it differs: `make schema`, read the difference, commit it."""
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert COMMITTED.read_text() == out.getvalue()
