"""The shared cache, which may be away: then each process remembers for itself and no request fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 3.0


class TolerantRedisCache(RedisCache):
    """Redis, and while it does not answer a cache of this process alone.

    Everything kept here can be lost (rate limits, heartbeats, computed figures). After a failure Redis is left alone
    for a few seconds, so that a hanging one costs one time-out and not one per request.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache(f"tolerant-{id(self)}", params)
        self._away_until = 0.0

    def _call(self, shared: Callable[..., Any], own: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                return shared(*args, **kwargs)
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + PAUSE_SECONDS
                log.warning("cache.away", reason=type(error).__name__)
        return own(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().add, self._own.add, *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().get, self._own.get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().set, self._own.set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().touch, self._own.touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().delete, self._own.delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().get_many, self._own.get_many, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().set_many, self._own.set_many, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().delete_many, self._own.delete_many, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().has_key, self._own.has_key, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(super().incr, self._own.incr, *args, **kwargs)

    def clear(self) -> None:
        """Forget this cache's keys only: the same Redis holds the queues, which FLUSHDB would empty."""
        self._own.clear()
        client = self._cache.get_client(None, write=True)
        keys = list(client.scan_iter(match=self.make_key("*")))
        if keys:
            client.delete(*keys)

    def ping(self) -> None:
        """Ask Redis itself, without tolerance; raise what it raises."""
        self._cache.get_client(None, write=True).ping()
