"""B7 and B8: the pages that are open all day, over many rows beside few, and beside a bare view."""

from __future__ import annotations

import datetime as dt
import statistics
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.appointments.models import BUSY_STATUSES, Appointment
from apps.conversations.models import Conversation, ConversationStatus
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Organization, User
from apps.patients.models import Patient
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner
from benchmarks import http_load, servers
from benchmarks.bench import Bench
from benchmarks.data import FEW, MANY
from benchmarks.databases import using
from benchmarks.measuring import count_queries, median, percentile
from benchmarks.results import Line, Quantity, WrongAnswer, at_least, at_most

DESK = "frontdesk@demo.clinic"
MOST_QUERIES, ROUNDS, CONNECTIONS = 12, 5, 8
SIZE_TOLERANCE = 0.02
# Pages that decide themselves how many rows they show.
ROW_MARKERS = {"/inbox/": b'id="th-', "/patients/": b'<tr id="p-'}
Ids = list[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, what must stand on it, and the bare view with the same rows."""

    name: str
    path: str
    ids: Ids
    bare: str


def pages() -> list[Page]:
    """Return the pages with what the database says must be on them now."""
    with all_organizations():
        organization = Organization.objects.get(slug="demo")
    with organization_scope(organization.pk):
        return list(_pages(organization))


def _pages(organization: Organization) -> Sequence[Page]:
    today = organization.today()
    monday = today - dt.timedelta(days=today.weekday())
    doctor = Practitioner.objects.filter(is_active=True).earliest("sort_order")
    busy = Appointment.objects.filter(status__in=BUSY_STATUSES)
    start, end = day_bounds(organization.zone, today)
    day = busy.filter(start__gte=start, start__lt=end)
    of_day = {"organization": organization.pk, "from": start.isoformat(), "until": end.isoformat()}
    first, last = (day_bounds(organization.zone, monday + dt.timedelta(days=n))[0] for n in (0, 7))
    week = busy.filter(start__gte=first, start__lt=last, practitioner=doctor)
    of_week = {"organization": organization.pk, "from": first.isoformat(), "until": last.isoformat()}
    # How many threads and patients stand on a page is the page's decision: these stand on its first one.
    threads = Conversation.objects.filter(status=ConversationStatus.OPEN, owner_kind="bot").order_by("-last_message_at")
    patients = Patient.objects.active().order_by("sort_name", "id")
    of_clinic = {"organization": organization.pk}
    return [
        # The whole day, what is finished and what comes late as well: how many rows stand there by themselves depends on the hour.
        Page("Today", "/?since=00:00&until=23:59", _ids(day), _bare("visits", of_day)),
        Page("Calendar, day", "/calendar/", _ids(day), _bare("visits", of_day)),
        Page(
            "Calendar, week",
            f"/calendar/?view=week&practitioner={doctor.pk}",
            _ids(week),
            _bare("visits", of_week | {"practitioner": doctor.pk}),
        ),
        Page("Inbox", "/inbox/", _ids(threads[:15]), _bare("threads", of_clinic)),
        Page("Patients", "/patients/", _ids(patients[:15]), _bare("patients", of_clinic)),
    ]


def _ids(rows: object) -> Ids:
    return list(rows.values_list("pk", flat=True))  # type: ignore[attr-defined]


def _bare(kind: str, values: Mapping[str, object]) -> str:
    return f"/{kind}/?{urlencode(values)}"


def require_ids(page: Page, body: bytes) -> None:
    """Raise WrongAnswer unless everything that must stand on the page does."""
    missing = [key for key in page.ids if str(key).encode() not in body]
    if missing or not page.ids:
        raise WrongAnswer(f"{page.name} lacks {len(missing)} of {len(page.ids)} rows.")


# ── B7 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_growth(bench: Bench) -> list[Line]:
    """Measure each page in a database of many rows and in one of few: p95 in this process, queries counted."""
    few, many = bench.databases.ready(FEW), bench.databases.ready(MANY)
    queries: dict[str, int] = {}
    times: dict[tuple[str, str], list[float]] = {}

    def side(database: str) -> float:
        with using(database):
            client = signed_in()
            for page in pages():
                visit = partial(_visit, client, page)
                visit()
                found = count_queries(visit, lambda: CaptureQueriesContext(connection))
                queries[page.name] = max(queries.get(page.name, 0), found)
                times.setdefault((page.name, database), []).extend(
                    visit() for _request in range(bench.scale.page_requests)
                )
        return 0.0

    bench.turns("pages over many rows", {"many": lambda: side(many), "few": lambda: side(few)}, rounds=ROUNDS)
    return [_growth_line(bench, name, times[name, many], times[name, few], queries[name]) for name in queries]


def _growth_line(bench: Bench, name: str, many: list[float], few: list[float], queries: int) -> Line:
    """Compare the medians of the rounds' p95, so that one bad moment of the machine is one round's only."""
    size = bench.scale.page_requests
    ours, floor = (
        statistics.median(percentile(times[n : n + size], 0.95) for n in range(0, len(times), size))
        for times in (many, few)
    )
    return Line(
        row="B7",
        what=f"{name}: p95 at {bench.scale.many:,} rows; floor: at {bench.scale.few:,}",
        ours=Quantity(ours * 1000, "ms"),
        floor=Quantity(floor * 1000, "ms"),
        ratio=f"{ours / floor:.2f}×",
        limits=[at_most(MOST_QUERIES, queries, "queries"), at_most(1.3, ours / floor, "×")],
    )


def signed_in() -> Client:
    """Return a client whose person sits at the front desk."""
    client = Client(SERVER_NAME=servers.HOST)
    with all_organizations():
        person = User.objects.get(email=DESK)
    client.force_login(person)
    return client


def _visit(client: Client, page: Page) -> float:
    begun = time.perf_counter()
    response = client.get(page.path)
    seconds = time.perf_counter() - begun
    if response.status_code != 200:
        raise WrongAnswer(f"{page.name} answered {response.status_code}.")
    require_ids(page, response.content)
    return seconds


# ── B8 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_throughput(bench: Bench) -> list[Line]:
    """Measure pages a second of the portal's server, beside a bare view with the same rows and bytes on the same server."""
    few = bench.databases.ready(FEW)
    with using(few):
        cookie = f"{settings.SESSION_COOKIE_NAME}={signed_in().cookies[settings.SESSION_COOKIE_NAME].value}"
        wanted = pages()
    with servers.web(few) as web, servers.bare(few) as bare:
        return [_throughput(bench, page, cookie, web, bare) for page in wanted]


def _throughput(bench: Bench, page: Page, cookie: str, web: int, bare: int) -> Line:
    request = http_load.get(page.path, cookie=cookie)
    reference = http_load.ask_once(web, request)
    http_load.require_ok(reference)
    require_ids(page, reference.body)
    rows = _rows_of(page, reference.body)
    path = _same_size(page, rows, len(reference.body), cookie, bare)

    def rate(port: int, asked: bytes) -> float:
        return http_load.closed_loop(
            port, asked, connections=CONNECTIONS, seconds=bench.scale.page_seconds, check=_is_whole(len(reference.body))
        )

    samples = bench.turns(
        f"{page.name} beside a bare view",
        {"ours": lambda: rate(web, request), "floor": lambda: rate(bare, http_load.get(path, cookie=cookie))},
        rounds=3,
    )
    ours, floor = median(samples["ours"]), median(samples["floor"])
    return Line(
        row="B8",
        what=f"{page.name}: {rows} rows, {len(reference.body) / 1000:.0f} kB; floor: bare view",
        ours=Quantity(ours, "/s"),
        floor=Quantity(floor, "/s"),
        ratio=f"{100 * ours / floor:.0f} %",
        limits=[at_least(70, 100 * ours / floor, "%")],
    )


def _rows_of(page: Page, body: bytes) -> int:
    """Return how many rows the page shows: all that must stand on it, or more where the page decides."""
    if page.path not in ROW_MARKERS:
        return len(page.ids)
    return max(body.count(ROW_MARKERS[page.path]), len(page.ids))


def _same_size(page: Page, rows: int, size: int, cookie: str, bare: int) -> str:
    """Return the bare view's address with so much filling that its answer has as many bytes."""
    path = f"{page.bare}&count={rows}"
    empty = http_load.ask_once(bare, http_load.get(path, cookie=cookie))
    http_load.require_ok(empty)
    shown = empty.body.count(b'<div class="row">')
    if shown != rows:
        raise WrongAnswer(f"The bare view shows {shown} rows beside {rows} of {page.name}.")
    return f"{path}&filler={max(0, size - len(empty.body)) // rows}"


def _is_whole(size: int) -> Callable[[http_load.Answer], None]:
    """Return a check that an answer is whole and about as long as it should be: cheap, it runs for each answer."""

    def check(answer: http_load.Answer) -> None:
        http_load.require_ok(answer)
        if abs(len(answer.body) - size) > SIZE_TOLERANCE * size or b"</html>" not in answer.body[-20:]:
            raise WrongAnswer(f"An answer has {len(answer.body):,} bytes instead of {size:,}.")

    return check
