"""Several texts in one cell of a CSV file: a backslash stands before what would part them, or is one itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

SEVERAL = "; "  # between what stands together in one cell
_SPECIAL = re.compile(r"[\\;|\n]")
_ESCAPED = re.compile(r"\\([\\;|\n])")
_TOKEN = re.compile(r"\\[\\;|\n]|.", re.DOTALL)


def escaped(text: str) -> str:
    r"""Return a text that parts nothing: `a;b` as `a\;b`, `a\b` as `a\\b`."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def unescaped(text: str) -> str:
    r"""Return what was meant; a backslash before anything else is itself (`C:\x` in files of others)."""
    return _ESCAPED.sub(r"\1", text)


def parted(text: str, separators: str) -> list[str]:
    """Return the parts between separators that no backslash stands before; still escaped, at least one."""
    parts: list[list[str]] = [[]]
    for token in _TOKEN.findall(text):
        if len(token) == 1 and token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return ["".join(part) for part in parts]


def write_list(texts: Iterable[str]) -> str:
    """Return the texts in one cell; what has a comma, and stands alone, ends with a semicolon: it is not two."""
    written = [escaped(text) for text in texts]
    if len(written) == 1 and "," in written[0]:
        return f"{written[0]};"
    return SEVERAL.join(written)


def read_list(text: str) -> tuple[str, ...]:
    """Return what stands in a cell: parted by semicolons, bars or lines, else by commas."""
    parts = parted(text, ";|\n")
    if len(parts) == 1:
        parts = text.split(",")
    return tuple(unescaped(part.strip()) for part in parts if part.strip())


def write_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Return numbers with their systems in one cell: `system|number; …`."""
    return SEVERAL.join(f"{escaped(system)}|{escaped(value)}" for system, value in pairs)


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Return (system, number) of each; a part without a bar belongs to the number before it, in files of others."""
    pairs: list[str] = []
    for part in filter(None, map(str.strip, parted(text, ";\n"))):
        before, *further = parted(part, "|")
        if pairs and not (before and further):
            pairs[-1] = f"{pairs[-1]};{part}"
        else:
            pairs.append(part)
    return [_pair(pair) for pair in pairs]


def _pair(pair: str) -> tuple[str, str]:
    *system, value = parted(pair, "|")
    return unescaped("|".join(system).strip()), unescaped(value.strip())
