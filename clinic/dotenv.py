"""Check `.env` before anything reads it: a wrong line is named, in one sentence, instead of surfacing later."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
BOOLEANS = {"DEBUG", "DEMO", "SECURE_SSL_REDIRECT", "BEHIND_PROXY"}
NUMBERS = {"PORT", "CONN_MAX_AGE", "TRUSTED_PROXY_COUNT"}
SCHEMES = {
    "DATABASE_URL": {"postgres", "postgresql", "pgsql", "psql"},
    "REDIS_URL": {"redis", "rediss", "unix"},
    "EMAIL_URL": {"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail"},
    "PUBLIC_BASE_URL": {"http", "https"},
    "SENTRY_DSN": {"http", "https"},
}
TRUTHS = {"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "ok", "t", "f"}


class DotenvError(ValueError):
    """Which line of `.env` is wrong, and how, as one sentence."""


def check(path: Path) -> None:
    """Raise :class:`DotenvError` for the first wrong line. Unknown names are fine: other programs may read the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DotenvError(f"{path.name} is not a text file in UTF-8.") from None
    except OSError as error:
        raise DotenvError(f"{path.name} can't be read: {error.strerror}.") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if problem := _problem(line.strip()):
            raise DotenvError(f"{path.name}, line {number}: {problem}")


def unknown_names(path: Path, known: Path) -> list[str]:
    """Return a sentence for each name that looks like a misspelt one from `known`, the documented example file."""
    documented = re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", known.read_text(encoding="utf-8"), re.MULTILINE)
    sentences = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = ASSIGNMENT.match(line.strip())
        if (
            match
            and match["name"] not in documented
            and (close := get_close_matches(match["name"], documented, 1, 0.85))
        ):
            sentences.append(f"{path.name}, line {number}: {match['name']} is not known. Did you mean {close[0]}?")
    return sentences


def _problem(line: str) -> str | None:
    if not line or line.startswith("#"):
        return None
    match = ASSIGNMENT.fullmatch(line)
    if match is None:
        # The value may be a secret on a line of its own, so it is not repeated here.
        return "this is not NAME=value."
    name, value = match["name"], match["value"]
    if value[:1] in {"'", '"'} and (len(value) == 1 or value[0] not in value[1:]):
        return f"the quote around the value of {name} is not closed."
    value = value.strip("'\"")
    if name in BOOLEANS and value and value.lower() not in TRUTHS:
        return f"{name} must be true or false."
    if name in NUMBERS and value and not value.isdecimal():
        return f"{name} must be a number."
    if name in SCHEMES and value and (scheme := urlsplit(value).scheme) not in SCHEMES[name]:
        kinds = " or ".join(f"{kind}://" for kind in sorted(SCHEMES[name])[:3])
        return f"{name} must start with {kinds}, not with {scheme + '://' if scheme else 'something else'}."
    return None
