"""The outside services: each app's `integrations.py` registers how to ask whether its one answers, and
`manage.py check_integrations` asks."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from apps.core.cache import TolerantRedisCache


@dataclass(frozen=True, slots=True)
class Answer:
    """`ok`, `off` (not configured: its stand-in works), or `failed`; and a sentence that says what to do."""

    state: Literal["ok", "off", "failed"]
    sentence: str


Check = Callable[[], Answer]
_checks: dict[str, Check] = {}


def integration(name: str) -> Callable[[Check], Check]:
    """Register a check under the service's name. It may use the network, for a few seconds at most; it changes nothing."""

    def decorate(check: Check) -> Check:
        if name in _checks:
            raise RuntimeError(f"two checks are called {name}")
        _checks[name] = check
        return check

    return decorate


def ask_all() -> dict[str, Answer]:
    """Return every service's answer, in the order of registration."""
    return {name: check() for name, check in _checks.items()}


@integration("database")
def database() -> Answer:
    """Ask PostgreSQL for its version."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT split_part(version(), ' ', 2)")
            return Answer("ok", f"PostgreSQL {cursor.fetchone()[0]}")
    except DatabaseError as error:
        return Answer("failed", f"does not answer ({type(error).__name__}): is DATABASE_URL right?")


@integration("broker and cache")
def broker() -> Answer:
    """Ping Redis."""
    try:
        cast("TolerantRedisCache", cache).ping()
    except (RedisError, OSError) as error:
        return Answer(
            "failed", f"does not answer ({type(error).__name__}): is REDIS_URL right? Work waits, nothing is lost."
        )
    return Answer("ok", "Redis answers")


@integration("e-mail")
def email() -> Answer:
    """Open and close a connection to the mail server."""
    if not settings.EMAIL_URL:
        return Answer("off", "EMAIL_URL is not set")
    try:
        server = get_connection()
        server.open()
        server.close()
    except (smtplib.SMTPException, OSError) as error:
        return Answer("failed", f"the server refuses ({type(error).__name__}): is EMAIL_URL right?")
    return Answer("ok", f"{settings.EMAIL_HOST} accepts us")
