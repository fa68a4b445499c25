"""System checks: wrong configuration is named at start, with the remedy, instead of failing later."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from apps.core.tenancy import APP_ROLE, unguarded_tables

SHORTEST_SECRET = 32


@register(Tags.security)
def secrets_are_set(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Outside demo mode there is no default secret: name each one that is missing."""
    problems: list[CheckMessage] = []
    try:
        if len(settings.SECRET_KEY) < SHORTEST_SECRET and not (settings.DEMO or settings.DEBUG or settings.TESTING):
            problems.append(
                Error(
                    f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters.",
                    hint="It signs sessions and patients' links: put a long random value into the environment or .env.",
                    id="clinic.E007",
                )
            )
    except ImproperlyConfigured:  # Django's answer to an empty one
        problems.append(
            Error(
                "SECRET_KEY is not set.", hint="Put a long random value into the environment or .env.", id="clinic.E001"
            )
        )
    if not settings.ALLOWED_HOSTS:
        problems.append(
            Error("ALLOWED_HOSTS is empty.", hint="List the host names this portal answers to.", id="clinic.E002")
        )
    if settings.TWILIO_ACCOUNT_SID and not settings.TWILIO_AUTH_TOKEN:
        problems.append(
            Error(
                "TWILIO_ACCOUNT_SID is set, TWILIO_AUTH_TOKEN is not.",
                hint="Both come from the Twilio console.",
                id="clinic.E003",
            )
        )
    return problems


@register()
def demo_stays_here(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Demo mode has public passwords: it must not face the network."""
    host = urlsplit(settings.PUBLIC_BASE_URL).hostname or ""
    if settings.DEMO and host not in {"localhost", "127.0.0.1", "::1"}:
        return [
            Error(
                "DEMO is on but PUBLIC_BASE_URL is not a loopback address.",
                hint="Turn DEMO off for anything but this machine: its passwords are public.",
                id="clinic.E004",
            )
        ]
    if urlsplit(settings.PUBLIC_BASE_URL).scheme not in {"http", "https"}:
        return [
            Error(
                "PUBLIC_BASE_URL is not an http(s) URL.", hint="Example: https://portal.example.org", id="clinic.E005"
            )
        ]
    if (
        not settings.DEMO
        and not settings.DEBUG
        and not settings.TESTING
        and settings.PUBLIC_BASE_URL.startswith("http://")
    ):
        return [
            Warning("PUBLIC_BASE_URL is not https.", hint="Twilio signs the https address it calls.", id="clinic.W001")
        ]
    return []


@register(Tags.database)
def row_level_security_binds(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The role that queries run as must be bound by the policies: no superuser, no BYPASSRLS, not the tables' owner."""
    if not databases or "default" not in databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        role, bypasses = cursor.fetchone()
        cursor.execute("SELECT to_regclass('organizations_organization')")
        if cursor.fetchone()[0] is None:
            return []
    problems: list[CheckMessage] = []
    if role != APP_ROLE or bypasses:
        problems.append(
            Error(
                f"Queries run as the role {role}, which row-level security does not bind.",
                hint="Run manage.py migrate, which makes clinic_app the default role of this login, then reconnect.",
                id="clinic.E006",
            )
        )
    if unguarded := unguarded_tables():
        problems.append(
            Error(
                f"Row-level security does not cover {', '.join(unguarded)}.",
                hint="A migration was interrupted: run manage.py migrate, which ends with the policies.",
                id="clinic.E008",
            )
        )
    return problems
