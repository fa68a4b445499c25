"""Rate limit per API key or person."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at start it imports this module

SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}


def parse_rate(rate: str) -> tuple[int, int]:
    """Return requests and seconds of a rate such as `600/min`; raise ValueError for anything else."""
    count, _, period = rate.partition("/")
    if period not in SECONDS:
        raise ValueError(f"{rate} is not a rate. Example: 600/min")
    return int(count), SECONDS[period]


class ActorThrottle(BaseThrottle):
    """Count an actor's requests in windows of the rate's length; over the limit: 429 with `Retry-After`.

    One counter per actor and window in the shared cache, two short commands per request whatever the rate. While
    the cache is away each process counts for itself.
    """

    def __init__(self) -> None:
        self.limit, self.seconds = parse_rate(settings.API_RATE_LIMIT)
        self.now = time.time()

    def allow_request(self, request: Request, view: APIView) -> bool:
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return True
        key = f"throttle:{actor.kind}:{actor.id}:{int(self.now // self.seconds)}"
        if cache.add(key, 1, timeout=self.seconds):
            return self.limit > 0
        try:
            return cache.incr(key) <= self.limit
        except ValueError:  # the window ended between the two commands
            return True

    def wait(self) -> float:
        """Return the seconds until the next window opens."""
        return self.seconds - self.now % self.seconds
