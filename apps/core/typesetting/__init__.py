"""Documents for paper: a template in Typst's language and facts become a PDF with real text and tags.

A process of its own sets each document and ends: what the typesetter keeps (some 200 MB after ten long documents) would
stay in the web's memory for ever, and a fault of it would take the web along. It sees neither settings nor secrets.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

LONGEST = 30  # seconds
FONTS = Path(__file__).parent / "fonts"
_SETTER = Path(__file__).parent / "setter.py"
# Marks that turn the direction of text: one too many in a name would turn everything behind it. Each text is isolated.
_TURNS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_NOT_SHOWABLE = "\ufffd"


class TypesettingFailed(RuntimeError):
    """A document could not be set: a fault of its template, or of the machine; never of what the facts say."""


def typeset(template: str, facts: Mapping[str, Any], *, at: dt.datetime) -> bytes:
    """Return the template (a name below `templates/`) with these facts as a PDF, made `at` a moment; about 0.2 s.

    Facts are texts, numbers, lists and mappings. They reach the template as JSON, and are never read as markup. What
    can't be printed shows as a sign that something is there. Raises TypesettingFailed.
    """
    order = {
        "root": str(settings.BASE_DIR / "templates"),
        "template": template,
        "fonts": str(FONTS),
        "facts": json.dumps(_printable(facts), ensure_ascii=False),
        "at": int(at.timestamp()),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_SETTER)],
            input=json.dumps(order).encode(),
            capture_output=True,
            env={},
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingFailed(f"{template} took more than {LONGEST} s") from error
    if done.returncode:
        # The last line says what is wrong with the template; it does not repeat the facts.
        raise TypesettingFailed(f"{template}: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}")
    return done.stdout


def _printable(value: Any) -> Any:
    """Return the value with texts that can stand on paper: composed, without marks that turn the direction of others."""
    if isinstance(value, Mapping):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, str):
        text = _TURNS.sub("", unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\t", " ")))
        return "".join(_NOT_SHOWABLE if _is_control(one) else one for one in text)
    if isinstance(value, Sequence):
        return [_printable(item) for item in value]
    return value


def _is_control(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in {"Cc", "Cs", "Cn", "Co"}
