"""A light load generator: one thread, raw HTTP/1.1 on kept-alive connections, times from when a request was due."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.results import WrongAnswer
from benchmarks.servers import HOST

LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"connection:\s*close", re.IGNORECASE)
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status and body; seconds since it was due; seconds that the generator itself was late."""

    status: int
    body: bytes
    seconds: float
    late: float


@dataclass(slots=True)
class Client:
    """A pool of connections to one server."""

    port: int
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, request: bytes, due: float) -> Answer:
        """Send a request on an idle connection, a new one if there is none, and read the answer."""
        late = time.monotonic() - due
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            # The server closed it while it was idle, which HTTP allows at any time.
            writer.close()
            reader, writer = await asyncio.open_connection(HOST, self.port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        seconds = time.monotonic() - due
        if CLOSES.search(head):
            writer.close()
        else:
            self.idle.append((reader, writer))
        return Answer(int(head[9:12]), body, seconds, late)

    async def open(self, connections: int) -> None:
        """Connect beforehand."""
        self.idle += [await asyncio.open_connection(HOST, self.port) for _number in range(connections)]

    def close(self) -> None:
        """Close the connections."""
        for _reader, writer in self.idle:
            writer.close()


def get(path: str, *, cookie: str = "") -> bytes:
    """Return the bytes of a GET request as a browser sends it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", "Accept: text/html", "Accept-Encoding: identity"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(path: str, body: bytes, *, host: str, headers: Sequence[str] = ()) -> bytes:
    """Return the bytes of a POST request of a form."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    lines.append("Content-Type: application/x-www-form-urlencoded; charset=UTF-8")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask_once(port: int, request: bytes) -> Answer:
    """Return one answer."""

    async def once() -> Answer:
        client = Client(port)
        try:
            return await client.ask(request, time.monotonic())
        finally:
            client.close()

    return asyncio.run(once())


def closed_loop(
    port: int, request: bytes, *, connections: int, seconds: float, check: Callable[[Answer], None]
) -> float:
    """Send the request again on each connection as soon as it was answered; return answers a second.

    Every answer is checked. Each connection's last request may end after the time is up; its own rate counts it.
    """

    async def run() -> float:
        client = Client(port)
        await client.open(connections)
        rates = await asyncio.gather(*(_repeat(client, request, seconds, check) for _n in range(connections)))
        client.close()
        return sum(rates)

    return asyncio.run(run())


async def _repeat(client: Client, request: bytes, seconds: float, check: Callable[[Answer], None]) -> float:
    begun, count = time.monotonic(), 0
    while (elapsed := time.monotonic() - begun) < seconds:
        check(await client.ask(request, time.monotonic()))
        count += 1
    return count / elapsed


def open_loop(port: int, requests: Sequence[bytes], *, rate: float, connections: int) -> list[Answer]:
    """Send each request when it is due, whether or not earlier ones were answered; return the answers in order.

    Times count from when a request was due, so a server that stalls can't hide it by slowing the generator down.
    """

    async def run() -> list[Answer]:
        client = Client(port)
        await client.open(connections)
        begun = time.monotonic() + 0.1
        tasks = []
        for number, request in enumerate(requests):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.create_task(client.ask(request, due)))
        answers = await asyncio.wait_for(asyncio.gather(*tasks), ANSWER_SECONDS)
        client.close()
        return list(answers)

    return asyncio.run(run())


def require_ok(answer: Answer) -> None:
    """Raise WrongAnswer unless the status is 200."""
    if answer.status != 200:
        raise WrongAnswer(f"The server answered {answer.status}: {answer.body[:200].decode(errors='replace')}")
