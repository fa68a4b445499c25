"""What leaves for Sentry: where and what kind of failure, never whose. An allow-list, so that a new field stays here."""

from __future__ import annotations

import sys
from typing import Any

KEPT = {
    "event_id",
    "timestamp",
    "level",
    "platform",
    "logger",
    "release",
    "environment",
    "server_name",
    "sdk",
    "modules",
    "fingerprint",
}
KEPT_OF_FRAMES = {
    "filename",
    "abs_path",
    "function",
    "module",
    "lineno",
    "pre_context",
    "context_line",
    "post_context",
    "in_app",
}
KEPT_TAGS = {"request_id", "task"}


def start(dsn: str, **options: Any) -> None:
    """Report failures of web, worker and commands to the given address."""
    import sentry_sdk  # 0.2 s, so only where it is wanted
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration

    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        attach_stacktrace=False,
        send_client_reports=False,
        auto_session_tracking=False,
        default_integrations=False,
        integrations=[
            DjangoIntegration(transaction_style="function_name", middleware_spans=False, signals_spans=False),
            CeleryIntegration(),
            ExcepthookIntegration(),
            DedupeIntegration(),
            AtexitIntegration(callback=lambda _pending, _timeout: None),
        ],
        before_send=scrub,
        **options,
    )


def report(error: BaseException) -> None:
    """Report a failure that was caught and logged; nothing happens when Sentry was not started."""
    sentry_sdk = sys.modules.get("sentry_sdk")
    if sentry_sdk is not None and sentry_sdk.is_initialized():
        sentry_sdk.capture_exception(error)


def scrub(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """Return a new event that holds only what can hold no patient data: no request, no values, no messages, no locals."""
    import structlog

    clean = {name: value for name, value in event.items() if name in KEPT}
    if (event.get("transaction_info") or {}).get("source") in {"component", "task"}:
        clean["transaction"] = event.get("transaction")  # a function's name; of another source it may be a path
    exceptions = (event.get("exception") or {}).get("values") or []
    if exceptions:
        clean["exception"] = {"values": [_exception(one) for one in exceptions]}
    known = structlog.contextvars.get_contextvars()
    clean["tags"] = {name: str(known[name]) for name in KEPT_TAGS if name in known}
    return clean


def _exception(one: dict[str, Any]) -> dict[str, Any]:
    frames = (one.get("stacktrace") or {}).get("frames") or []
    return {
        "type": one.get("type"),
        "module": one.get("module"),
        "mechanism": {"type": (one.get("mechanism") or {}).get("type", "generic")},
        "stacktrace": {"frames": [{name: frame[name] for name in KEPT_OF_FRAMES & frame.keys()} for frame in frames]},
    }
