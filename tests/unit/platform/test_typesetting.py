"""`typeset`: a template's fault is told, a slow one is ended, and nothing of the portal reaches the process that sets."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.core import typesetting
from apps.core.typesetting import TypesettingFailed, typeset
from tests.fixtures.pdf import ReadPdf

NOW = dt.datetime(2026, 11, 28, 9, 0, tzinfo=dt.UTC)
HEAD = '#let facts = json(bytes(sys.inputs.facts))\n#set document(title: "T")\n#set text(font: "Noto Sans")\n'


@pytest.fixture
def template(settings, tmp_path):
    """Return a function that makes a template below `templates/`."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "templates").mkdir()

    def make(source: str) -> str:
        (tmp_path / "templates" / "t.typ").write_text(HEAD + source)
        return "t.typ"

    return make


def test_facts_reach_the_template_as_they_are(template):
    name = template("#facts.words.join(linebreak()) #facts.number")
    content = typeset(name, {"words": ["*a*", "b"], "number": 7}, at=NOW)
    assert ReadPdf(content).text == "*a* b 7"


def test_same_facts_give_the_same_bytes(template):
    name = template("#facts.a")
    assert typeset(name, {"a": "b"}, at=NOW) == typeset(name, {"a": "b"}, at=NOW)


def test_fault_of_a_template_is_told_without_the_facts(template):
    with pytest.raises(TypesettingFailed, match=r"t\.typ") as fault:
        typeset(template("#nonsense"), {"secret": "Maya Chen"}, at=NOW)
    assert "Maya" not in str(fault.value)


def test_template_cannot_read_what_lies_outside(template, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(TypesettingFailed):
        typeset(template('#read("../secret.txt")'), {}, at=NOW)


def test_what_takes_too_long_is_ended(template, monkeypatch):
    monkeypatch.setattr(typesetting, "LONGEST", 0.01)
    with pytest.raises(TypesettingFailed, match="more than"):
        typeset(template("#lorem(10)"), {}, at=NOW)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("a\x00b\x1fc", "a\ufffdb\ufffdc"), ("a\r\nb\tc", "a\nb c"), ("\u202ea\u2066b\u200f", "ab"), ("e\u0301", "é")],
)
def test_text_is_made_fit_for_paper(written, shown):
    assert typesetting._printable({"list": [written]}) == {"list": [shown]}
