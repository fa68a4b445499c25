"""`/healthz` and `/readyz`: each part by name, 503 when one is missing."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core import health
from apps.core.tasks import HEARTBEAT_KEY, heartbeat
from apps.core.tenancy import all_organizations


@pytest.fixture(autouse=True)
def a_worker(db):
    heartbeat()
    yield
    cache.clear()


def ask(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_the_process_says_that_it_is_up_without_asking_anything_else(anonymous_client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert anonymous_client.get("/healthz").status_code == 200


def test_everything_fine_is_200(anonymous_client):
    assert ask(anonymous_client) == (200, dict.fromkeys(["database", "broker", "migrations", "worker"], "ok"))


def test_a_broker_that_is_away_is_named(anonymous_client, monkeypatch):
    def away(self):
        raise RedisConnectionError("away")

    monkeypatch.setattr("apps.core.cache.TolerantRedisCache.ping", away)
    status, checks = ask(anonymous_client)
    assert (status, checks["broker"]) == (503, "unreachable (ConnectionError)")


@pytest.mark.parametrize(("age", "said"), [(None, "no worker has reported"), (3600, "last heartbeat 3600 s ago")])
def test_a_worker_that_is_silent_is_named(anonymous_client, age, said):
    cache.delete(HEARTBEAT_KEY)
    if age:
        cache.set(HEARTBEAT_KEY, time.time() - age)
    status, checks = ask(anonymous_client)
    assert (status, said in checks["worker"]) == (503, True)


def test_a_migration_that_is_missing_is_named(anonymous_client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr("django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *args: ["one"])
    status, checks = ask(anonymous_client)
    assert (status, "migrate" in checks["migrations"]) == (503, True)


def test_a_role_that_sees_everything_is_not_ready(anonymous_client):
    with all_organizations():
        assert "row-level security does not bind" in health.CHECKS["database"]()
