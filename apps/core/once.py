"""A form that is sent twice (a double click, a browser that tries again) has one effect, and gets the first answer again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.actors import Actor
from apps.core.models import IdempotencyRecord

if TYPE_CHECKING:
    from apps.organizations.models import Organization

_NOT_CONTENT = frozenset({"csrfmiddlewaretoken"})


class Once:
    """One sending of a form: the form's own key and everything that was written into it.

    The same form with other content is another sending: somebody went back to register the next person.
    Made inside the transaction of the request; waits until a first sending that still runs has ended.
    """

    def __init__(
        self, *, key: str, content: Mapping[str, Sequence[str]], organization: Organization, actor: Actor
    ) -> None:
        written = {name: list(values) for name, values in content.items() if name not in _NOT_CONTENT}
        digest = hashlib.sha256(json.dumps([key, written], sort_keys=True).encode()).hexdigest()
        self._is_guarded = bool(key)
        self._identity = {
            "organization_id": organization.pk,
            "actor_key": f"{actor.kind}:{actor.id}",
            "key": f"form:{digest}",
        }
        if self._is_guarded:
            with connection.cursor() as cursor:
                name = ":".join(map(str, self._identity.values()))
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"once:{name}"])

    def first_answer(self) -> str:
        """Return what the first sending kept; empty when this is the first, or the form has no key."""
        if not self._is_guarded:
            return ""
        known = IdempotencyRecord.objects.filter(**self._identity).values_list("body", flat=True).first()
        return known or ""

    def keep(self, answer: str) -> None:
        """Keep what later sendings are answered with, as long as the API's answers are kept."""
        if self._is_guarded:
            IdempotencyRecord.objects.create(fingerprint="", status=200, body=answer, **self._identity)
