"""S9: what comes from outside must not lead us inside. With servers that record what they are asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from apps.media import fetching
from apps.media.fetching import Access, FetchFailed, fetched, is_public, origin_of
from tests.fixtures.carrier import Carrier, carrier_on
from tests.fixtures.media import TEXT

LIMIT = 1_000_000


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with carrier_on() as running:
        yield running


@pytest.fixture
def inside() -> Iterator[Carrier]:
    """Something of ours that is none of a carrier's business."""
    with carrier_on() as running:
        running.files["/secret"] = ("text/plain", b"inside")
        yield running


def read(access: Access, limit: int = LIMIT) -> bytes:
    with fetched(access, limit=limit) as chunks:
        return b"".join(chunks)


def refusal(url: str, **access: object) -> str:
    with pytest.raises(FetchFailed) as caught:
        read(Access(url, **access))
    return caught.value.code


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://224.0.0.1/",
        "http://93.184.215.14/",
        "https://93.184.215.14:8443/",
        "https://someone:secret@93.184.215.14/",
        "file:///etc/passwd",
        "gopher://93.184.215.14/",
        "https://",
        "https://[broken/",
        "https://93.184.215.14/a b",
        "",
    ],
)
def test_addresses_that_lead_inside_or_nowhere_are_refused_unopened(url):
    assert refusal(url) == "address_refused"


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_internet_is_not_refused(address):
    """The control of the list above."""
    assert is_public(address)


class TestRedirects:
    def test_a_carrier_can_not_send_us_inside(self, carrier, inside):
        carrier.redirects["/a"] = f"{inside.base}/secret"
        assert refusal(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)})) == "address_refused"
        assert inside.asked == []

    def test_the_control_without_the_look_at_each_step_is_inside(self, carrier, inside):
        carrier.redirects["/a"] = f"{inside.base}/secret"
        both = frozenset({origin_of(carrier.base), origin_of(inside.base)})
        assert read(Access(f"{carrier.base}/a", trusted=both)) == b"inside"
        assert len(inside.asked) == 1

    def test_credentials_stay_with_whom_they_are_for(self, carrier, inside):
        carrier.redirects["/a"] = f"{inside.base}/secret"
        access = Access(
            f"{carrier.base}/a",
            credentials=("AC1", "token"),
            credentials_for=origin_of(carrier.base),
            trusted=frozenset({origin_of(carrier.base), origin_of(inside.base)}),
        )
        assert read(access) == b"inside"
        assert carrier.asked[0].authorization.startswith("Basic ")  # the control: they are sent where they belong
        assert inside.asked[0].authorization == ""

    def test_going_in_circles_ends(self, carrier):
        carrier.redirects["/a"] = f"{carrier.base}/a"
        assert refusal(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)})) == "too_many_redirects"
        assert len(carrier.asked) == fetching.MOST_REDIRECTS + 1


class TestRebinding:
    @pytest.fixture
    def two_faced(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """A name server that says a public address when it is asked first, and ours ever after."""
        asked: list[str] = []
        honest = socket.getaddrinfo

        def answer(host, port, *args, **kwargs):
            if host != "media.example":
                return honest(host, port, *args, **kwargs)
            asked.append(host)
            return honest("93.184.215.14" if len(asked) == 1 else "127.0.0.1", port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    def test_the_connection_goes_to_the_address_that_was_looked_at(self, two_faced, monkeypatch):
        monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.3)
        reached: list[tuple] = []
        honest = socket.socket.connect

        def connect(self, address):
            reached.append(address[:2])
            raise OSError("no way out of the test")

        monkeypatch.setattr(socket.socket, "connect", connect)
        assert refusal("https://media.example/a") == "no_answer"
        monkeypatch.setattr(socket.socket, "connect", honest)
        assert reached == [("93.184.215.14", 443)]
        assert two_faced == ["media.example"]

    def test_the_control_that_asks_twice_is_led_inside(self, two_faced, inside):
        (entry, *_rest) = socket.getaddrinfo("media.example", 443, type=socket.SOCK_STREAM)
        assert is_public(entry[4][0])
        assert requests.get(f"http://media.example:{inside.port}/secret", timeout=5).content == b"inside"


class TestSize:
    def test_what_says_that_it_is_too_large_is_not_read(self, carrier):
        carrier.files["/a"] = ("text/plain", b"x" * 5000)
        with pytest.raises(FetchFailed) as caught:
            read(Access(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)})), limit=4000)
        assert (caught.value.code, caught.value.again) == ("too_large", False)

    def test_what_does_not_say_it_is_stopped_on_the_way(self, carrier):
        carrier.files["/a"], carrier.hides_length = ("text/plain", b"x" * 3_000_000), True
        with pytest.raises(FetchFailed) as caught:
            read(Access(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)})), limit=300_000)
        assert caught.value.code == "too_large"

    def test_within_the_limit_it_comes(self, carrier):
        carrier.files["/a"] = ("text/plain", TEXT)
        assert read(Access(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)}))) == TEXT


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (401, "not_authorized", False),
        (403, "not_authorized", False),
        (410, "gone", False),
        (404, "not_found", True),
        (503, "status_503", True),
    ],
)
def test_each_answer_says_whether_trying_again_may_help(carrier, status, code, again):
    carrier.upcoming = [status]
    with pytest.raises(FetchFailed) as caught:
        read(Access(f"{carrier.base}/a", trusted=frozenset({origin_of(carrier.base)})))
    assert (caught.value.code, caught.value.again) == (code, again)
