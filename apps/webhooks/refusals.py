"""Counting requests that were not taken in: nothing is written for them, yet they can be seen.

Each refusal adds to a Prometheus counter of this process and to a counter per day in the shared cache (which may be
away: `core.cache`), from which the integrations page reads.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from django.core.cache import cache
from django.utils import timezone
from prometheus_client import Counter

log = structlog.get_logger(__name__)
KEEP_DAYS = 8
REASONS = ("signature", "unsigned", "no_token", "unknown_number", "malformed", "unreadable", "too_large")
ENDPOINTS = ("message", "status")
REFUSED = Counter("clinic_webhook_refused_total", "Webhook requests that were refused, by why.", ["endpoint", "reason"])


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """How many requests one endpoint refused on one day (UTC) for one reason."""

    day: dt.date
    endpoint: str
    reason: str
    count: int


def count_refusal(endpoint: str, reason: str) -> None:
    """Count one refused request; never fails."""
    REFUSED.labels(endpoint=endpoint, reason=reason).inc()
    log.warning("webhook.refused", endpoint=endpoint, reason=reason)
    key = _key(timezone.now().date(), endpoint, reason)
    cache.add(key, 0, timeout=KEEP_DAYS * 86_400)
    try:
        cache.incr(key)
    except ValueError:
        log.warning("webhook.refusal_counter_evicted", endpoint=endpoint, reason=reason)


def recent_refusals(*, days: int = 7) -> list[RefusedCount]:
    """Return the refusals of the last days, newest day first, of every process together; one look into the cache."""
    today = timezone.now().date()
    wanted = {
        _key(day, endpoint, reason): (day, endpoint, reason)
        for day in (today - dt.timedelta(days=back) for back in range(min(days, KEEP_DAYS)))
        for endpoint in ENDPOINTS
        for reason in REASONS
    }
    found = cache.get_many(list(wanted))
    return [RefusedCount(*wanted[key], count=found[key]) for key in wanted if found.get(key)]


def _key(day: dt.date, endpoint: str, reason: str) -> str:
    return f"webhooks:refused:{day.isoformat()}:{endpoint}:{reason}"
