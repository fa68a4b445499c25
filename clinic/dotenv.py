"""Check what the portal is told, in `.env` and in the environment, before anything reads it.

A wrong line or value is named, in one sentence, instead of surfacing later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
BOOLEANS = {"DEBUG", "DEMO", "SECURE_SSL_REDIRECT", "BEHIND_PROXY"}
NUMBERS = {"CONN_MAX_AGE", "TRUSTED_PROXY_COUNT"}
SCHEMES = {
    "DATABASE_URL": {"postgres", "postgresql", "pgsql", "psql"},
    "REDIS_URL": {"redis", "rediss", "unix"},
    "EMAIL_URL": {"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail"},
    "PUBLIC_BASE_URL": {"http", "https"},
    "SENTRY_DSN": {"http", "https"},
}
WITHOUT_A_SERVER = {
    "unix",
    "consolemail",
    "filemail",
    "memorymail",
    "dummymail",
    "postgres",
    "postgresql",
    "pgsql",
    "psql",
}
CHOICES = {"LOG_FORMAT": {"console", "json"}}
RATE = re.compile(r"\d+/(s|sec|second|m|min|minute|h|hour|d|day)")
TRUTHS = {"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "ok", "t", "f"}


class DotenvError(ValueError):
    """Which line of `.env`, or which variable of the environment, is wrong, and how, as one sentence."""


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


def check_environment(environment: Mapping[str, str]) -> None:
    """Raise :class:`DotenvError` for the first of our variables whose value can't be meant."""
    for name, value in environment.items():
        if problem := _wrong_value(name, value.strip()):
            raise DotenvError(f"The environment variable {problem}")


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
    return _wrong_value(name, value.strip("'\""))


def _wrong_value(name: str, value: str) -> str | None:
    """Return what is wrong, without repeating the value: it may be a secret."""
    if not value:
        return None
    if name in BOOLEANS and value.lower() not in TRUTHS:
        return f"{name} must be true or false."
    if name in NUMBERS and not value.isdecimal():
        return f"{name} must be a number."
    if name == "PORT" and not (value.isdecimal() and int(value) <= 65535):
        return f"{name} must be a number from 1 to 65535."
    if name in CHOICES and value not in CHOICES[name]:
        return f"{name} must be {' or '.join(sorted(CHOICES[name]))}."
    if name == "API_RATE_LIMIT" and not RATE.fullmatch(value):
        return f"{name} must be a number of requests and a time, as in 600/min."
    return _wrong_url(name, value) if name in SCHEMES else None


def _wrong_url(name: str, value: str) -> str | None:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return f"the server or the port in {name} can't be read; special characters in a password are written %40 for @, %23 for #, %2F for /."
    if parts.scheme not in SCHEMES[name]:
        kinds = " or ".join(f"{kind}://" for kind in sorted(SCHEMES[name])[:3])
        return f"{name} must start with {kinds}, not with {parts.scheme + '://' if parts.scheme else 'something else'}."
    if not host and parts.scheme not in WITHOUT_A_SERVER:
        return f"{name} names no server."
    if name == "SENTRY_DSN" and not (parts.username and parts.path.rpartition("/")[2].isdecimal()):
        return f"{name} must look like https://key@server/number, as Sentry shows it."
    return None
