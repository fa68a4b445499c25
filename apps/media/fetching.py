"""Fetching a file from somebody else's address, without being led where we must not go.

An address comes from outside, and so does every redirect. Hence, for each step anew: https on its usual port and no
credentials in it; the name resolved once, every address that it has a public one, and the connection made to that very
address (a second answer of the name server changes nothing); our credentials only to the origin they are for; at most
so many bytes and seconds. Origins that the operator configured (`TWILIO_API_BASE_URL`) may be anywhere.

Sources: OWASP, "Server-Side Request Forgery Prevention"; RFC 9110, 15.4 (credentials on redirects).
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import urllib3
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError

from apps.media.kinds import CHUNK_BYTES

if TYPE_CHECKING:
    from apps.media.models import Media

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 20.0, 120.0
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
AGENT = "clinic-portal"
_PORTS = {"https": 443, "http": 80}
_WRAPPED = tuple(ipaddress.ip_network(network) for network in ("64:ff9b::/96", "2002::/16", "2001::/32"))


class FetchFailed(Exception):
    """A file that did not come. `again` tells whether trying later may help; the text says it to staff."""

    def __init__(self, code: str, text: str, *, again: bool) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.again = again


@dataclass(frozen=True, slots=True)
class Access:
    """How a source's file is reached: its address, credentials with the origin they are for, origins beyond suspicion.

    An origin is `scheme://host:port`, the port always there (`origin_of`).
    """

    url: str
    credentials: tuple[str, str] | None = None
    credentials_for: str = ""
    trusted: frozenset[str] = field(default_factory=frozenset)


OpenSource = Callable[["Media"], Access]
_sources: dict[str, OpenSource] = {}


def register_source(name: str, open_source: OpenSource) -> None:
    """Say how files of a source are reached: a higher app knows its accounts. Called inside the file's organization."""
    if name in _sources:
        raise RuntimeError(f"two sources of files are called {name}")
    _sources[name] = open_source


def access_to(media: Media) -> Access:
    """Return how the file is reached; raise FetchFailed when nobody knows its source any more."""
    if media.source not in _sources:
        raise FetchFailed("unknown_source", _("Nobody knows any more where this file is."), again=False)
    return _sources[media.source](media)


def origin_of(url: str) -> str:
    """Return an address's origin with its port; raise ValueError for one that can't be read."""
    return _origin(urlsplit(url))


@contextmanager
def fetched(access: Access, *, limit: int) -> Iterator[Iterator[bytes]]:
    """Yield the file's bytes, piece by piece; raise FetchFailed, also while they are read. Network: not in a transaction."""
    until = time.monotonic() + WHOLE_SECONDS
    response = _follow(access, until)
    try:
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise _too_large()
        yield _pieces(response, limit, until)
    finally:
        response.close()


def _follow(access: Access, until: float) -> urllib3.BaseHTTPResponse:
    url = access.url
    for _step in range(MOST_REDIRECTS + 1):
        response = _get(url, access, until)
        if response.status not in REDIRECTS:
            return _accepted(response)
        response.close()
        url = urljoin(url, response.headers.get("Location", ""))
    raise FetchFailed("too_many_redirects", _("The carrier sends us in circles."), again=True)


def _accepted(response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    if response.status == 200:
        return response
    response.close()
    if response.status in (401, 403):
        text = _("The carrier does not let us fetch it. An administrator checks the account’s token.")
        raise FetchFailed("not_authorized", text, again=False)
    if response.status == 410:
        raise FetchFailed("gone", _("The carrier has deleted it. Ask the sender to send it again."), again=False)
    if response.status == 404:
        raise FetchFailed("not_found", _("The carrier does not have it. Ask the sender to send it again."), again=True)
    raise FetchFailed(f"status_{response.status}", _("The carrier has a fault."), again=True)


def _get(url: str, access: Access, until: float) -> urllib3.BaseHTTPResponse:
    """Ask one address, connected to the network address that was examined."""
    parts = _readable(url)
    origin = _origin(parts)
    is_trusted = origin in access.trusted
    if not is_trusted and (parts.scheme != "https" or (parts.port or 443) != 443):
        raise _refused()
    addresses = _resolve(parts)
    if not is_trusted and not all(is_public(address) for address in addresses):
        raise _refused()
    headers = {"Host": parts.netloc, "User-Agent": AGENT, "Accept-Encoding": "identity"}
    if access.credentials is not None and origin == access.credentials_for:
        headers |= urllib3.make_headers(basic_auth=":".join(access.credentials))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS, total=max(1.0, until - time.monotonic()))
    try:
        return _pool(parts, addresses[0]).urlopen(
            "GET",
            path,
            headers=headers,
            redirect=False,
            retries=False,
            timeout=timeout,
            preload_content=False,
            assert_same_host=False,
        )
    except (HTTPError, OSError) as error:
        raise FetchFailed("no_answer", _("The carrier does not answer."), again=True) from error


def _pool(parts: SplitResult, address: str) -> urllib3.HTTPConnectionPool:
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        address,
        port,
        maxsize=1,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


def _readable(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused()
    return parts


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def _resolve(parts: SplitResult) -> list[str]:
    """Return every network address of the host, IPv4 first."""
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or _PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed("no_such_host", _("The carrier’s address is not known."), again=True) from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Tell whether a network address is out on the internet, also when an IPv4 one is wrapped into an IPv6 one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _WRAPPED):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _pieces(response: urllib3.BaseHTTPResponse, limit: int, until: float) -> Iterator[bytes]:
    total = 0
    try:
        for chunk in response.stream(CHUNK_BYTES):
            total += len(chunk)
            if total > limit:
                raise _too_large()
            if time.monotonic() > until:
                raise FetchFailed("too_slow", _("The carrier is too slow."), again=True)
            yield chunk
    except (HTTPError, OSError) as error:
        raise FetchFailed("broken_off", _("The carrier broke off."), again=True) from error


def _refused() -> FetchFailed:
    return FetchFailed(
        "address_refused", _("Its address leads where files must not be fetched from. It was not opened."), again=False
    )


def _too_large() -> FetchFailed:
    return FetchFailed("too_large", _("It is too large to be kept. Ask the sender for a smaller one."), again=False)
