"""What surrounds the measurements: a cluster of their own, production's settings, and no way to anybody's account."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from clinic import embedded

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = ROOT / ".data" / "bench"
# The demo clinic's settings: plain http on loopback and the simulator, else as in production.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "clinic.settings",
    "CLINIC_IGNORE_DOTENV": "true",
    "SECRET_KEY": "only-for-benchmarks-and-long-enough-to-please-the-deploy-check",
    "DEMO": "true",
    "DEBUG": "false",
    "HOST": "127.0.0.1",
    "LOG_FORMAT": "json",
    "API_RATE_LIMIT": "1000000/min",
}
OUTSIDE = (
    "TWILIO_",
    "EMAIL_URL",
    "SENTRY_",
    "OPENAI_",
    "S3_",
    "AWS_",
    "N8N_",
    "FHIR_",
    "CLINIC_TESTING",
    "STATIC_ROOT",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How many rows and repetitions. `large` is what the targets speak of; `small` is for trying a row out."""

    name: str
    slots_appointments: int
    slots_practitioners: int
    few: int
    many: int
    people: int
    matched: int
    bookings: int
    attempts: int
    page_requests: int
    page_seconds: float
    webhook_seconds: float
    starts: int


SCALES = {
    "large": Scale(
        name="large",
        slots_appointments=508_000,
        slots_practitioners=200,
        few=10_000,
        many=1_000_000,
        people=200_000,
        matched=8_000,
        bookings=1_600,
        attempts=500,
        page_requests=40,
        page_seconds=4.0,
        webhook_seconds=10.0,
        starts=3,
    ),
    "small": Scale(
        name="small",
        slots_appointments=50_800,
        slots_practitioners=20,
        few=10_000,
        many=50_000,
        people=20_000,
        matched=2_000,
        bookings=320,
        attempts=100,
        page_requests=10,
        page_seconds=1.0,
        webhook_seconds=3.0,
        starts=1,
    ),
}


def prepare() -> None:
    """Start the benchmarks' own PostgreSQL and Valkey, which end with this process, and set up Django on them.

    The developer's `.env`, database and accounts play no part, whatever the environment says.
    """
    for name in list(os.environ):
        if name.startswith(OUTSIDE):
            del os.environ[name]
    (DATA_DIR / "static").mkdir(parents=True, exist_ok=True)
    servers = embedded.ensure_running(DATA_DIR)
    os.environ.update(SETTINGS)
    os.environ["DATA_DIR"] = str(DATA_DIR)
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
    import django

    django.setup()
    logging.getLogger().setLevel(logging.ERROR)
