"""B9: the webhook under a steady load with the workers busy behind it, against a bare view that inserts a row."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import urlencode

import psycopg
from twilio.request_validator import RequestValidator

from apps.portal.demo.clinic import DEMO_TOKEN
from benchmarks import http_load, servers
from benchmarks.bench import Bench
from benchmarks.data import FEW
from benchmarks.databases import as_superuser
from benchmarks.http_load import Answer
from benchmarks.measuring import median, percentile
from benchmarks.results import Line, Quantity, WrongAnswer, at_most, exactly

PATH = "/webhooks/twilio/message/"
RATE, CONNECTIONS, ROUNDS = 200.0, 64, 3
MOST_MILLISECONDS, MOST_TIMES = 50, 3
LATE_SECONDS, BURST = 0.01, 200
CLINIC = "whatsapp:+15550100000"
TEXTS = ("I need to see a doctor", "Is the clinic open on Saturday?", "Where do I park?", "Thank you")


def measure(bench: Bench) -> list[Line]:
    """Measure the answer times at 200 requests a second; everything that was answered must be stored."""
    count = int(RATE * bench.scale.webhook_seconds)
    lost = 0
    late: list[float] = []
    with bench.databases.scratch(FEW) as database, as_superuser(database) as direct:
        direct.execute(
            "CREATE TABLE bench_inbound (id uuid PRIMARY KEY DEFAULT uuidv7(), provider_id text UNIQUE, payload text, "
            "received_at timestamptz NOT NULL DEFAULT now())"
        )
        with servers.portal(database) as portal, servers.bare(database) as bare:

            def ours() -> float:
                nonlocal lost
                forms = _forms(count)
                answers = http_load.open_loop(portal, _signed(forms, portal), rate=RATE, connections=CONNECTIONS)
                lost += count - _stored(direct, "webhooks_inboundevent", forms)
                return _p99(answers, late)

            def floor() -> float:
                forms = _forms(count)
                answers = http_load.open_loop(bare, _plain(forms), rate=RATE, connections=CONNECTIONS)
                if (stored := _stored(direct, "bench_inbound", forms)) != count:
                    raise WrongAnswer(f"The bare view stored {stored} of {count}.")
                return _p99(answers, late)

            # Both sides are measured while the workers have more to do than they get done.
            for port, requests in ((bare, _plain(_forms(BURST))), (portal, _signed(_forms(BURST), portal))):
                http_load.open_loop(port, requests, rate=RATE, connections=CONNECTIONS)
            samples = bench.turns("webhook answers", {"ours": ours, "floor": floor}, rounds=ROUNDS)
            if not _waiting(direct):
                raise WrongAnswer("The workers were done before the measurement was: they were not busy.")
    p99, floor_p99 = median(samples["ours"]), median(samples["floor"])
    return [
        Line(
            row="B9",
            what=f"webhook p99 at {RATE:.0f}/s, workers busy; floor: bare INSERT",
            ours=Quantity(p99 * 1000, "ms"),
            floor=Quantity(floor_p99 * 1000, "ms"),
            ratio=f"{p99 / floor_p99:.2f}×",
            limits=[
                at_most(MOST_MILLISECONDS, p99 * 1000, "ms"),
                at_most(MOST_TIMES, p99 / floor_p99, "×"),
                exactly(0, lost, "lost"),
            ],
            note=_note(late),
        )
    ]


def _forms(count: int) -> list[dict[str, str]]:
    """Return messages as Twilio posts them, each from a number of its own."""
    forms = []
    for number in range(count):
        phone = f"+1646{2_000_000 + secrets.randbelow(7_999_999)}"
        forms.append(
            {
                "MessageSid": f"SM{secrets.token_hex(16)}",
                "AccountSid": "AC00000000000000000000000000000000",
                "From": f"whatsapp:{phone}",
                "To": CLINIC,
                "Body": TEXTS[number % len(TEXTS)],
                "NumMedia": "0",
                "NumSegments": "1",
                "ProfileName": "Somebody",
                "WaId": phone[1:],
                "SmsStatus": "received",
                "ApiVersion": "2010-04-01",
            }
        )
    return forms


def _signed(forms: Sequence[dict[str, str]], port: int) -> list[bytes]:
    host = f"{servers.HOST}:{port}"
    validator = RequestValidator(DEMO_TOKEN)
    return [
        http_load.post(
            PATH,
            urlencode(form).encode(),
            host=host,
            headers=[f"X-Twilio-Signature: {validator.compute_signature(f'http://{host}{PATH}', form)}"],
        )
        for form in forms
    ]


def _plain(forms: Sequence[dict[str, str]]) -> list[bytes]:
    return [http_load.post("/inbound/", urlencode(form).encode(), host=servers.HOST) for form in forms]


def _p99(answers: Sequence[Answer], late: list[float]) -> float:
    for answer in answers:
        http_load.require_ok(answer)
        if b"<Response" not in answer.body:
            raise WrongAnswer(f"A webhook was answered {answer.body[:100]!r}.")
    late.append(percentile([answer.late for answer in answers], 0.99))
    return percentile([answer.seconds for answer in answers], 0.99)


def _stored(direct: psycopg.Connection, table: str, forms: Sequence[dict[str, str]]) -> int:
    """Return how many of the messages are in the table, each once."""
    row = direct.execute(
        f"SELECT count(DISTINCT provider_id) FROM {table} WHERE provider_id = ANY(%s)",
        [[form["MessageSid"] for form in forms]],
    ).fetchone()
    return int(row[0]) if row else 0


def _waiting(direct: psycopg.Connection) -> int:
    """Return how many messages the workers have not come to yet."""
    row = direct.execute("SELECT count(*) FROM webhooks_inboundevent WHERE processed_at IS NULL").fetchone()
    return int(row[0]) if row else 0


def _note(late: Sequence[float]) -> str:
    """Say so when the load generator itself could not keep to its times."""
    worst = max(late)
    return f"the load generator was up to {worst * 1000:.0f} ms late (p99)" if worst > LATE_SECONDS else ""
