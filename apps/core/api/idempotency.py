"""`Idempotency-Key`: a POST that is sent again gets the first answer again, and has no second effect.

Source: IETF draft-ietf-httpapi-idempotency-key-header-07. What is kept: answers below 300, and 409, which a
decision of ours stands behind. Other refusals changed nothing and are worked out anew, so that a caller may correct
the body or the rights and try again with the same key. Records live for RETENTION.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import traces
from apps.core.api.problems import Malformed
from apps.core.errors import Conflict, InvalidInput
from apps.core.models import IdempotencyRecord
from apps.core.tenancy import all_organizations

RETENTION = timedelta(hours=48)
# Bodies that are a file, and may be larger than other bodies; of JSON those that a view reads as one.
FILES = frozenset(
    {"text/csv", "text/calendar", "application/json", "application/fhir+json", "application/fhir+ndjson"}
    | {"application/ndjson", "application/x-ndjson"}
)
KEPT_HEADERS = ("Location", "ETag")
MAX_KEY_LENGTH = 255


class KeyReused(InvalidInput):
    """The same key with another request."""

    code = "idempotency_key_reused"


class InProgress(Conflict):
    """The same key while its first request still runs."""

    code = "in_progress"


class AnswerOnceMixin:
    """Give every POST of an API view the meaning of `Idempotency-Key`, after authentication, permission and throttle."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get("Idempotency-Key")
        handler = getattr(self, "post", None)
        if request.method == "POST" and key is not None and handler is not None:
            self.post = partial(self._answer_once, handler, key)

    def _answer_once(
        self, handler: Callable[..., HttpResponseBase], key: str, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Replay the kept answer, or run the handler in a savepoint and keep its answer in the same transaction.

        Takes an advisory lock on the key until the transaction ends; a second request does not wait for it.
        """
        key = _cleaned(key)
        actor_key = f"{request.actor.kind}:{request.actor.id}"
        fingerprint = _fingerprint(request)
        if not _try_lock(f"{request.organization.pk}:{actor_key}:{key}"):
            raise InProgress(_("The first request with this Idempotency-Key is still running. Ask again in a moment."))
        known = (
            IdempotencyRecord.objects.for_organization(request.organization)
            .filter(actor_key=actor_key, key=key)
            .first()
        )
        if known is not None:
            return _replay(known, fingerprint)
        before = len(traces.left())
        with transaction.atomic():
            try:
                response = handler(request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 - DRF's own rule: what it does not know it raises again
                response = self.handle_exception(error)  # type: ignore[attr-defined]
            is_undone = transaction.get_rollback()
        seen = traces.left()[before:]
        if is_undone:
            traces.leave_again(seen)
        if isinstance(response, Response) and (response.status_code < 300 or response.status_code == 409):
            _keep(
                response,
                organization_id=request.organization.pk,
                actor_key=actor_key,
                key=key,
                fingerprint=fingerprint,
                traces=seen,
            )
        return response


def forget_expired() -> int:
    """Delete the kept answers that are older than RETENTION, of every organization; return how many."""
    with all_organizations():
        count, _by_model = IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()
    return count


def _cleaned(key: str) -> str:
    key = key.strip()
    if not key or len(key) > MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise Malformed(
            _("Idempotency-Key must be 1 to 255 printable ASCII characters, for example a UUID."),
            code="invalid_idempotency_key",
        )
    return key


def _fingerprint(request: Request) -> str:
    """Hash method, address and body.

    JSON counts by its meaning, not by spaces or the order of names; a form by its fields and files, because what
    parts them is new with every sending. Files are read as their parser gives them, up to the limit of the view.
    """
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    media_type = (request.content_type or "").partition(";")[0].strip()
    if media_type in FILES and isinstance(request.data, bytes):
        digest.update(request.data)
    elif media_type == "application/json":
        digest.update(json.dumps(request.data, sort_keys=True, separators=(",", ":")).encode())
    elif media_type == "multipart/form-data":
        for part in _parts(request):
            digest.update(len(part).to_bytes(8, "big") + part)
    else:
        digest.update(request._request.body)
    return digest.hexdigest()


def _parts(request: Request) -> Iterator[bytes]:
    for name, values in sorted(request.data.lists()):
        for value in values:
            yield name.encode()
            if isinstance(value, UploadedFile):
                yield b"".join(value.chunks())
                value.seek(0)
            else:
                yield str(value).encode()


def _try_lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"idempotency:{name}"])
        return bool(cursor.fetchone()[0])


def _keep(response: Response, **identity: Any) -> None:
    body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if body:
        headers["Content-Type"] = response.content_type or "application/json"
    IdempotencyRecord.objects.create(status=response.status_code, body=body, headers=headers, **identity)


def _replay(known: IdempotencyRecord, fingerprint: str) -> HttpResponse:
    if known.fingerprint != fingerprint:
        raise KeyReused(_("This Idempotency-Key was used for another request. Use a new key for each new request."))
    traces.leave_again(known.traces)
    response = HttpResponse(known.body, status=known.status, headers=known.headers)
    if not known.body:
        del response.headers["Content-Type"]
    response["Idempotency-Replayed"] = "true"
    return response
