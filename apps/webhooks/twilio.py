"""Reading what Twilio posts: its signature on our public address, its fields, its addresses. No database, no network.

Sources: Twilio, "Webhooks security" (signature, `bodySHA256`, ports) and "Twilio's request to your webhook URL".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.http.request import UnreadablePostError, split_domain_port, validate_host
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from apps.communications.models import Channel

MAX_BYTES = 1024 * 1024
COMMUNICATION_PARAMETER = "communication"
_FORM = "application/x-www-form-urlencoded"
_SID = re.compile(r"[A-Za-z0-9_-]{2,64}")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ADDRESS_CHARS = 254
_MAX_MEDIA = 20


class Refused(Exception):
    """A request that is not taken in; `reason` is the label it is counted under, the text says what is wrong."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text


class Malformed(ValueError):
    """The signature is good, the fields are not; the text names the field."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One request from Twilio: what it says, and what its signature covers."""

    urls: tuple[str, ...]
    signature: str | None
    algorithm: str
    signed: QueryDict | str
    fields: dict[str, str]
    digest: str
    communication_id: str

    def is_signed_with(self, token: str) -> bool:
        """Tell whether the signature was made with this token for one of the addresses that Twilio may have called.

        An empty token signs nothing: anybody could compute that signature. The validator raises on a missing header
        and on a JSON body without `bodySHA256`; both are bad signatures.
        """
        if not token:
            return False
        validator = RequestValidator(token)
        try:
            return any(validator.validate(url, self.signed, self.signature, self.algorithm) for url in self.urls)
        except (TypeError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class Address:
    """An address as the ledger spells it: channel, and the number without Twilio's prefix."""

    channel: Channel
    value: str


def read_callback(request: HttpRequest) -> Callback:
    """Return the request's content; raise Refused (413, 400) before reading more than Twilio ever sends."""
    if _content_length(request) > MAX_BYTES:
        raise Refused(413, "too_large", "The request is larger than 1 MiB.")
    try:
        body = request.body
    except UnreadablePostError as error:
        raise Refused(400, "unreadable", "The request ended before its body did.") from error
    signed, fields = _read_body(body, request.content_type or "")
    return Callback(
        urls=_public_urls(request),
        signature=request.headers.get(SIGNATURE_HEADER),
        algorithm=get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER)),
        signed=signed,
        fields=fields,
        digest=hashlib.sha256(body).hexdigest(),
        communication_id=request.GET.get(COMMUNICATION_PARAMETER, ""),
    )


def read_address(value: str, *, plain: Channel = Channel.SMS) -> Address | None:
    """Return the channel and number of Twilio's `From` or `To`; None for a channel we don't speak or an empty one.

    A number without a prefix is `plain`: SMS in message requests, voice in those of calls.
    """
    prefix, colon, rest = value.strip().partition(":")
    if not colon:
        prefix, rest = "", prefix
    channel = {"": plain, "whatsapp": Channel.WHATSAPP}.get(prefix.lower())
    rest = rest.strip()
    if channel is None or not rest or len(rest) > _ADDRESS_CHARS:
        return None
    return Address(channel=channel, value=rest)


def message_key(fields: Mapping[str, str]) -> tuple[str, Address]:
    """Return the message's id and its sender; raise Malformed when a required field is missing or makes no sense."""
    sid = _sid(fields, "MessageSid", "SmsMessageSid", "SmsSid")
    sender = read_address(fields.get("From", ""))
    if sender is None:
        raise Malformed("From is missing, or not an address on WhatsApp or SMS.")
    read_media(fields)
    return sid, sender


def status_key(fields: Mapping[str, str]) -> str:
    """Return what makes a status callback unique: the message or call, its status, and the error with it."""
    sid = _sid(fields, "MessageSid", "SmsSid", "CallSid")
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or fields.get("CallStatus") or ""
    if not re.fullmatch(r"[a-z-]{2,20}", status):
        raise Malformed("MessageStatus or CallStatus is missing, or not a status.")
    error = fields.get("ErrorCode", "")
    if not re.fullmatch(r"[0-9]{0,10}", error):
        raise Malformed("ErrorCode is not a number.")
    return f"{sid}:{status}:{error}" if error else f"{sid}:{status}"


def read_media(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the attachments as Twilio names them: `[{url, content_type, sid}]`; raise Malformed for a false count."""
    count = fields.get("NumMedia") or "0"
    if not count.isascii() or not count.isdigit() or int(count) > _MAX_MEDIA:
        raise Malformed(f"NumMedia is not a number from 0 to {_MAX_MEDIA}.")
    media = []
    for index in range(int(count)):
        url = fields.get(f"MediaUrl{index}", "")
        if not url:
            raise Malformed(f"MediaUrl{index} is missing although NumMedia is {count}.")
        media.append(
            {
                "url": url[:2000],
                "content_type": fields.get(f"MediaContentType{index}", "")[:100],
                "sid": url.rstrip("/").rsplit("/", 1)[-1][:64],
            }
        )
    return media


def message_text(fields: Mapping[str, str]) -> str:
    """Return what the message says: its text or the button that was pressed, and a shared place as text."""
    text = fields.get("Body") or fields.get("ButtonText") or ""
    if not fields.get("Latitude") or not fields.get("Longitude"):
        return text
    place = ", ".join(part for part in (fields.get("Label", ""), fields.get("Address", "")) if part)
    position = f"\N{ROUND PUSHPIN} {fields['Latitude']}, {fields['Longitude']}"
    return "\n".join(part for part in (text, place, position) if part)


def _sid(fields: Mapping[str, str], *names: str) -> str:
    sid = next((fields[name] for name in names if fields.get(name)), "")
    if not _SID.fullmatch(sid):
        raise Malformed(f"{names[0]} is missing, or not an id.")
    return sid


def _content_length(request: HttpRequest) -> int:
    value = request.headers.get("content-length") or "0"
    return int(value) if str(value).isdigit() else 0


def _read_body(body: bytes, content_type: str) -> tuple[QueryDict | str, dict[str, str]]:
    """Return what the signature covers (form fields, else the text) and the fields, free of what can't be stored."""
    if content_type == _FORM:
        try:
            form = QueryDict(body, encoding="utf-8")
        except TooManyFieldsSent as error:
            raise Refused(400, "unreadable", "The form has more fields than Twilio ever sends.") from error
        return form, {_storable(name): _storable(form[name]) for name in form}
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, "unreadable", "The body is not UTF-8 text.") from error
    return text, _json_fields(text)


def _json_fields(text: str) -> dict[str, str]:
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {_storable(name): _storable(_as_text(value)) for name, value in parsed.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _storable(text: str) -> str:
    """Replace NUL and lone surrogates, which PostgreSQL's json refuses."""
    return _UNSTORABLE.sub("\ufffd", text)


def _public_urls(request: HttpRequest) -> tuple[str, ...]:
    """Return the addresses that Twilio may have called: the configured one, then what the proxy says it was.

    A host from a header counts only if this portal answers to it, so that a signature made for another site of the
    same account can't be replayed here. The validator itself tries each with and without the standard port.
    """
    query = request.META.get("QUERY_STRING", "")
    suffix = f"?{query}" if query else ""
    urls = [f"{settings.PUBLIC_BASE_URL}{request.path_info}{suffix}"]
    schemes = dict.fromkeys([_first(request, "HTTP_X_FORWARDED_PROTO"), request.scheme or ""])
    hosts = dict.fromkeys([_first(request, "HTTP_X_FORWARDED_HOST"), request.get_host()])
    port = _first(request, "HTTP_X_FORWARDED_PORT")
    for scheme in schemes:
        if scheme not in {"http", "https"}:
            continue
        for host in hosts:
            if not _is_ours(host):
                continue
            urls.append(f"{scheme}://{host}{request.path}{suffix}")
            if port.isdigit() and not split_domain_port(host)[1]:
                urls.append(f"{scheme}://{host}:{port}{request.path}{suffix}")
    return tuple(dict.fromkeys(urls))


def _first(request: HttpRequest, header: str) -> str:
    return request.META.get(header, "").split(",")[0].strip()


def _is_ours(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and (
        domain == urlsplit(settings.PUBLIC_BASE_URL).hostname or validate_host(domain, settings.ALLOWED_HOSTS)
    )
