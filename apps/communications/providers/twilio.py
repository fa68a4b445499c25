"""Twilio: messages on WhatsApp and SMS, and calls, through its own client library.

Which failures are certain: a connection that never came about and 429 ("never processed and always safe to retry")
were not sent; a 5xx may have been (https://www.twilio.com/docs/api/errors/20500), hence it is looked up before the
next attempt; no answer at all is unknown.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import structlog
from django.conf import settings
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse
from urllib3.exceptions import MaxRetryError, NewConnectionError

from apps.communications.accounts import account_sid_of, auth_token_of
from apps.communications.errors import describe_error
from apps.communications.models import Channel, ChannelAccount, Provider
from apps.communications.providers.base import BaseProvider, Found, LookUpFailed, Outcome, OutcomeKind, Outgoing

log = structlog.get_logger(__name__)
CONNECT_SECONDS, ANSWER_SECONDS = 3.05, 10.0
LOOK_UP_LIMIT = 50
NO_CREDENTIALS = "20003"
SPOKEN = {"en": "en-US", "es": "es-US", "hi": "hi-IN"}


def status_callback_url(communication_id: object) -> str:
    """Return where Twilio reports what became of a message; it carries our id, which Twilio signs with the address."""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/twilio/status/?communication={communication_id}"


class TimedAdapter(HTTPAdapter):
    """Gives connecting less time than answering; the client library knows one number only."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = (CONNECT_SECONDS, ANSWER_SECONDS)
        return super().send(request, *args, **kwargs)


class RedirectedHttpClient(TwilioHttpClient):
    """Twilio's HTTP client with our timeouts, and another base address when `TWILIO_API_BASE_URL` is set."""

    def __init__(self) -> None:
        super().__init__(pool_connections=True, timeout=ANSWER_SECONDS)
        assert self.session is not None  # noqa: S101 - pooled, hence there is one
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, TimedAdapter(pool_maxsize=TwilioProvider.batch_size))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if settings.TWILIO_API_BASE_URL:
            base, asked = urlsplit(settings.TWILIO_API_BASE_URL), urlsplit(url)
            url = urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + asked.path, asked.query, ""))
        return super().request(method, url, *args, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        if self.session is not None:
            self.session.close()


class TwilioProvider(BaseProvider):
    """Sends a batch side by side: one HTTP request per message, each on a connection of this batch."""

    name = Provider.TWILIO
    batch_size = 10
    can_look_up = True

    def send(self, account: ChannelAccount, messages: Sequence[Outgoing]) -> list[Outcome]:
        if not account_sid_of(account) or not auth_token_of(account):
            return [Outcome(OutcomeKind.RETRY, error_code=NO_CREDENTIALS) for _message in messages]
        with _client(account) as client, ThreadPoolExecutor(max_workers=len(messages)) as pool:
            return list(pool.map(lambda message: _attempt(lambda: _create(client, account, message)), messages))

    def find(self, account: ChannelAccount, message: Outgoing) -> list[Found]:
        try:
            with _client(account) as client:
                return (
                    _list_calls(client, message)
                    if message.channel == Channel.VOICE
                    else _list_messages(client, message)
                )
        except (TwilioException, requests.RequestException, ValueError) as error:
            raise LookUpFailed(type(error).__name__) from error


def state_of(account: ChannelAccount) -> str:
    """Ask Twilio for an account's state, such as "active"; raises TwilioException or RequestException."""
    with _client(account) as client:
        return client.api.v2010.accounts(account_sid_of(account)).fetch().status or ""


@contextmanager
def _client(account: ChannelAccount) -> Iterator[Client]:
    """Open a client with connections of its own: an idle one that the other side closed would look like no answer."""
    http = RedirectedHttpClient()
    try:
        yield Client(account_sid_of(account), auth_token_of(account), http_client=http)
    finally:
        http.close()


def _list_messages(client: Client, message: Outgoing) -> list[Found]:
    return [
        Found(sent.sid or "", sent.body or "", sent.status or "", _utc(sent.date_created), str(sent.error_code or ""))
        for sent in client.messages.list(to=_address(message.channel, message.to_address), limit=LOOK_UP_LIMIT)
    ]


def _list_calls(client: Client, message: Outgoing) -> list[Found]:
    return [
        Found(call.sid or "", "", call.status or "", _utc(call.date_created))
        for call in client.calls.list(to=message.to_address, limit=LOOK_UP_LIMIT)
    ]


def _create(client: Client, account: ChannelAccount, message: Outgoing) -> str:
    callback = status_callback_url(message.id)
    if message.channel == Channel.VOICE:
        spoken = VoiceResponse()
        spoken.say(message.body, language=SPOKEN.get(message.language, "en-US"))
        call = client.calls.create(
            to=message.to_address,
            from_=account.address,
            twiml=str(spoken),
            status_callback=callback,
            status_callback_event=["completed"],
        )
        return call.sid or ""
    sender: dict[str, str] = {}
    if account.address:
        sender["from_"] = _address(message.channel, account.address)
    if account.messaging_service_sid:
        sender["messaging_service_sid"] = account.messaging_service_sid
    words = (
        {
            "content_sid": message.content_sid,
            "content_variables": json.dumps(dict(message.content_variables), ensure_ascii=False),
        }
        if message.content_sid
        else {"body": message.body}
    )
    sent = client.messages.create(
        to=_address(message.channel, message.to_address), status_callback=callback, **sender, **words
    )
    return sent.sid or ""


def _attempt(create: Callable[[], str]) -> Outcome:
    try:
        return Outcome(OutcomeKind.ACCEPTED, provider_id=create())
    except (TwilioRestException, TwilioServiceException) as error:
        return _refusal(int(error.status), str(error.code or error.status))
    except requests.RequestException as error:
        if _never_left(error):
            return Outcome(OutcomeKind.RETRY, error_code="connection")
        return Outcome(OutcomeKind.UNKNOWN, error_code="no_answer")
    except ValueError:
        # A success whose body is no JSON: something between us and Twilio answered.
        return Outcome(OutcomeKind.UNKNOWN, error_code="no_answer")


def _refusal(status: int, code: str) -> Outcome:
    log.info("twilio.refused", status=status, code=code)
    if status >= requests.codes.server_error:
        return Outcome(OutcomeKind.RETRY, error_code=code, maybe_accepted=True)
    if status in (requests.codes.unauthorized, requests.codes.too_many_requests) or describe_error(code).retry:
        return Outcome(OutcomeKind.RETRY, error_code=code)
    return Outcome(OutcomeKind.REFUSED, error_code=code)


def _never_left(error: requests.RequestException) -> bool:
    """Tell whether no byte of the request can have reached Twilio: no connection, no TLS, no route."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _address(channel: str, address: str) -> str:
    return f"whatsapp:{address}" if channel == Channel.WHATSAPP else address


def _utc(moment: dt.datetime | None) -> dt.datetime:
    if moment is None:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
