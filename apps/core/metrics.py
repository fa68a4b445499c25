"""`/metrics`: what the processes counted, and gauges that are asked of the database at each scrape.

Each app brings a `metrics.py` with gauges over its own tables; they are found at start. A gauge must be cheap: one
query on a partial index, counted up to LIMIT.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.core.tasks import HEARTBEAT_KEY
from apps.core.tenancy import all_organizations

LIMIT = 100_000
Measure = Callable[[], float | None]
_gauges: dict[str, tuple[str, Measure]] = {}


def gauge(name: str, description: str) -> Callable[[Measure], Measure]:
    """Register a gauge `clinic_<name>`; it is asked in a scope of all organizations, None leaves it out."""

    def decorate(measure: Measure) -> Measure:
        if name in _gauges:
            raise RuntimeError(f"two gauges are called {name}")
        _gauges[name] = (description, measure)
        return measure

    return decorate


def counted(rows: models.QuerySet) -> float:
    """Return how many rows there are, at most LIMIT: a scrape must not cost more because more is waiting."""
    return float(rows.order_by()[:LIMIT].count())


def seconds_since(moment: datetime | None) -> float:
    """Return how long ago a moment was, 0 for none and for a future one."""
    return max(0.0, (timezone.now() - moment).total_seconds()) if moment else 0.0


class DatabaseCollector(Collector):
    """Ask the gauges. A database that is away gives `clinic_database_up 0` and no gauge, not a failed scrape."""

    def collect(self) -> Iterable[Metric]:
        try:
            with all_organizations():
                found = list(self._measured())
        except DatabaseError:
            found = []
        yield GaugeMetricFamily(
            "clinic_database_up", "1 when the database answered this scrape", value=float(bool(found))
        )
        yield from found

    def _measured(self) -> Iterator[Metric]:
        for name, (description, measure) in _gauges.items():
            value = measure()
            if value is not None:
                yield GaugeMetricFamily(f"clinic_{name}", description, value=value)


@gauge("worker_heartbeat_age_seconds", "Since a worker last took a task that beat had sent; absent when never")
def heartbeat_age() -> float | None:
    seen = cache.get(HEARTBEAT_KEY)
    return None if seen is None else max(0.0, time.time() - seen)


_database = CollectorRegistry()
_database.register(DatabaseCollector())


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format. No label holds a name, a number or an address; keep it off the internet anyway."""
    counters: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counters = CollectorRegistry()
        MultiProcessCollector(counters)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(counters) + generate_latest(_database), content_type=CONTENT_TYPE_LATEST)
