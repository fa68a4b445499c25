"""Health: the process is up (`/healthz`); everything it needs answers (`/readyz`), each by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from apps.core.cache import TolerantRedisCache
from apps.core.tasks import HEARTBEAT_KEY
from apps.core.tenancy import APP_ROLE

HEARTBEAT_LIMIT_SECONDS = 60
_migrated = False


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
    if role != APP_ROLE:
        return f"queries run as {role}, which row-level security does not bind: run manage.py migrate"
    return "ok"


def _broker() -> str:
    cast("TolerantRedisCache", cache).ping()
    return "ok"


def _migrations() -> str:
    global _migrated  # noqa: PLW0603 - a migrated database stays migrated for this code
    if not _migrated:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            return f"{len(plan)} migrations are not applied: run manage.py migrate"
        _migrated = True
    return "ok"


def _worker() -> str:
    seen = cache.get(HEARTBEAT_KEY)
    if seen is None:
        return "no worker has reported: start the worker and beat"
    age = time.time() - seen
    return "ok" if age < HEARTBEAT_LIMIT_SECONDS else f"last heartbeat {age:.0f} s ago: is beat running?"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "migrations": _migrations,
    "worker": _worker,
}


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, broker, migrations and worker are fine, else 503; says which one is not."""
    results = {}
    for name, check in CHECKS.items():
        try:
            results[name] = check()
        except (DatabaseError, RedisError, OSError) as error:
            results[name] = f"unreachable ({type(error).__name__})"
    ready = all(result == "ok" for result in results.values())
    return JsonResponse({"ready": ready, "checks": results}, status=200 if ready else 503)
