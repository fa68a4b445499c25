"""Reports: one page of four sections, each with a headline, a chart, tables and a CSV file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from apps.appointments.forms.reports import Preset, ReportForm
from apps.appointments.reports import SHEETS, Bucket, Column, Grouping, Report, Scope, Share, Sheet, Stretch, names_of
from apps.appointments.reports.files import csv_lines
from apps.appointments.reports.sheets import ACTOR_WORDS, REASON_WORDS, Unit
from apps.core.dates import day_in_words
from apps.core.errors import InvalidInput
from apps.core.htmx import wants_fragment
from apps.core.shown import Shown
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.organizations.places import chosen_location, locations_of

UNKNOWN = "–"
MANY = 100  # from so many cases on a headline's share is worth a decimal


@dataclass(frozen=True, slots=True)
class Cell(Shown):
    """A figure in words, and as the chart reads it; empty where it is not known."""

    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Head(Shown):
    """The head of a column; with a token the chart draws it in that colour."""

    label: str | Promise
    hint: str | Promise
    unit: str
    token: str


@dataclass(frozen=True, slots=True)
class Row(Shown):
    """A line of a table."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Part(Shown):
    """One of the parts that a total is made of: how many, and its width in percent of the largest."""

    name: str
    number: int
    width: int


@dataclass(frozen=True, slots=True)
class Section(Shown):
    """A report as the page shows it."""

    sheet: Sheet
    figure: str
    sentence: str
    note: str
    heads: tuple[Head, ...]
    groups: tuple[Row, ...]
    total: Row
    over_time: tuple[Row, ...]
    parts: tuple[tuple[str, tuple[Part, ...]], ...]
    csv_url: str
    is_empty: bool
    has_chart: bool


@require_GET
@requires(Permission.REPORTS_VIEW)
def reports(request: OrganizationRequest) -> HttpResponse:
    """Show the reports of the days, place and grouping in the address; 422 with the reason at its field when they can't be."""
    form = _form(request)
    is_valid = form.is_valid()
    context: dict[str, Any] = {
        "form": form,
        "period": form["period"].value(),
        "presets": _presets(request, form),
        "groupings": _links(request, "by", Grouping.choices, form["by"].value()),
        "sections": [],
    }
    location = form.scope.location if is_valid else None
    if len(form.locations) > 1:
        choices = [("all", _("All locations")), *((str(place.pk), place.name) for place in form.locations)]
        context["places"] = _links(request, "location", choices, str(location.pk) if location else "all")
    if is_valid:
        scope = form.scope
        names = names_of(scope)
        context |= {
            "scope": scope,
            "days": _days(scope),
            "unit": _unit(scope),
            "by_word": scope.by.label,
            "looks_ahead": scope.end > timezone.now(),
            "sections": [section(request, sheet, scope, sheet.report(scope, names)) for sheet in SHEETS.values()],
        }
    template = "appointments/reports.html#report" if wants_fragment(request) else "appointments/reports.html"
    return render(request, template, context, status=200 if is_valid else 422)


reports.navigation_key = "reports"  # type: ignore[attr-defined]


@require_GET
@requires(Permission.REPORTS_VIEW)
def report_file(request: OrganizationRequest, which: str) -> HttpResponse:
    """Answer one report as a CSV file; raise InvalidInput for days, places and groupings that the page would refuse."""
    sheet = SHEETS.get(which)
    if sheet is None:
        raise Http404
    form = _form(request)
    if not form.is_valid():
        errors = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        raise InvalidInput(" ".join(text for texts in errors.values() for text in texts), errors=errors)
    scope = form.scope
    # Worked out now: the lines go out when the transaction, and with it the view on the organization's rows, is over.
    lines = csv_lines(sheet=sheet, scope=scope, report=sheet.report(scope, names_of(scope)))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"{sheet.key}-{scope.first.isoformat()}-{scope.last.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _form(request: OrganizationRequest) -> ReportForm:
    return ReportForm(
        request.GET,
        organization=request.organization,
        locations=locations_of(request),
        chosen=chosen_location(request),
    )


def _with(request: OrganizationRequest, name: str = "appointments:reports", *args: str, **changes: str) -> str:
    query = request.GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value:
            query[key] = value
    return f"{reverse(name, args=args)}?{query.urlencode()}" if query else reverse(name, args=args)


def _links(
    request: OrganizationRequest, name: str, choices: list[tuple[str, str | Promise]], chosen: str, **changes: str
) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": _with(request, **(changes | {name: value})), "current": value == chosen}
        for value, label in choices
    ]


def _presets(request: OrganizationRequest, form: ReportForm) -> list[dict[str, Any]]:
    """Return the links of the periods; own dates begin with the days that are shown."""
    links = _links(request, "period", Preset.choices, form["period"].value(), first="", last="")
    if form.is_valid():
        first, last = form.scope.first.isoformat(), form.scope.last.isoformat()
        links[-1]["url"] = _with(request, period=Preset.OWN, first=first, last=last)
    return links


def section(request: OrganizationRequest, sheet: Sheet, scope: Scope, report: Report[Any]) -> Section:
    """Put a report into words."""
    heads = tuple(
        Head(column.label, column.hint, column.unit, dict(sheet.chart).get(column.key, ""))
        for column in sheet.columns_on_page
    )
    over_time = tuple(_row(sheet, in_words(stretch, scope.bucket), line) for stretch, line in report.over_time)
    figure, sentence, note = HEADLINES[sheet.key](report.total)
    drawn = [place for place, head in enumerate(heads) if head.token]
    return Section(
        sheet=sheet,
        figure=figure,
        sentence=sentence,
        note=note,
        heads=heads,
        groups=tuple(_row(sheet, group.name, line) for group, line in report.groups),
        total=_row(sheet, _("Together"), report.total),
        over_time=over_time,
        parts=tuple(_parts(report.total)) if sheet.key == "cancellations" and report.total.cancelled else (),
        csv_url=_with(request, "appointments:report-file", sheet.key),
        is_empty=not report.groups,
        has_chart=any(row.cells[place].value not in {"", "0", "0.0"} for row in over_time for place in drawn),
    )


def _row(sheet: Sheet, name: str, line: Any) -> Row:
    return Row(name, tuple(_cell(column, line) for column in sheet.columns_on_page))


def _cell(column: Column, line: Any) -> Cell:
    value = column.of(line)
    return Cell(figure_in_words(column.unit, value), "" if value is None else str(value))


def figure_in_words(unit: Unit, value: float | None, places: int = 0) -> str:
    """Return a figure with its unit, a dash where it is not known; shares in whole percent or with as many places."""
    if value is None:
        return UNKNOWN
    if unit == Unit.RATIO:
        smallest = 10 ** -(places + 2)
        less = "<" if 0 < value < smallest / 2 else ""
        return f"{less}{_number(100 * (smallest if less else value), places)}%"
    if unit == Unit.MINUTES:
        return _("%(n)s h") % {"n": _number(value / 60, 1 if 0 < value < 6000 else 0)}
    return _number(value, 1 if unit == Unit.DAYS else 0)


def _number(value: float, places: int = 0) -> str:
    """Return the number rounded (Django's own function cuts), in the writing of the language."""
    return number_format(round(value, places), places, force_grouping=True)


def _percent(share: Share) -> str:
    """Return a share with a decimal where there are cases enough to mean it."""
    return figure_in_words(Unit.RATIO, share.ratio, 1 if share.whole >= MANY else 0)


def in_words(stretch: Stretch, bucket: Bucket) -> str:
    """Return the days of a stretch: a day, a month, or from when to when."""
    if bucket is Bucket.DAY or stretch.first == stretch.last:
        return day_in_words(stretch.first, "D j M")
    if bucket is Bucket.MONTH:
        return day_in_words(stretch.first, "M Y")
    return _from_to(stretch.first, stretch.last, "j M")


def _days(scope: Scope) -> str:
    if scope.first == scope.last:
        return day_in_words(scope.first, "D j M Y")
    return _from_to(scope.first, scope.last, "j M Y")


def _from_to(first: dt.date, last: dt.date, pattern: str) -> str:
    """Return two days, what they share said once."""
    is_same_year, is_same_month = first.year == last.year, first.month == last.month
    begin = pattern if not is_same_year else "j" if is_same_month else "j M"
    return f"{day_in_words(first, begin)} – {day_in_words(last, pattern)}"


def _unit(scope: Scope) -> str:
    return {Bucket.DAY: _("By day"), Bucket.WEEK: _("By week"), Bucket.MONTH: _("By month")}[scope.bucket]


def _parts(line: Any) -> Iterator[tuple[str, tuple[Part, ...]]]:
    for title, words in ((_("Why"), REASON_WORDS), (_("By whom"), ACTOR_WORDS)):
        numbers = [(str(word), getattr(line, key)) for key, word in words.items() if getattr(line, key)]
        numbers.sort(key=lambda pair: -pair[1])
        yield title, tuple(Part(word, number, round(100 * number / line.cancelled)) for word, number in numbers)


def _utilisation(line: Any) -> tuple[str, str, str]:
    hours = {
        "booked": figure_in_words(Unit.MINUTES, line.booked_minutes),
        "available": figure_in_words(Unit.MINUTES, line.available_minutes),
        "outside": figure_in_words(Unit.MINUTES, line.outside_minutes),
    }
    figure = figure_in_words(Unit.RATIO, line.share.ratio)
    note = _("%(outside)s more were booked outside the hours.") % hours if line.outside_minutes else ""
    return figure, _("%(booked)s of %(available)s available were booked") % hours, note


def _no_shows(line: Any) -> tuple[str, str, str]:
    words = ngettext("%(missed)s of %(n)s visit was missed", "%(missed)s of %(n)s visits were missed", line.rate.whole)
    note = ngettext(
        "%(n)s visit is over, but nobody said whether the patient came.",
        "%(n)s visits are over, but nobody said whether the patient came.",
        line.unsettled,
    )
    return (
        _percent(line.rate),
        words % {"missed": _number(line.missed), "n": _number(line.rate.whole)},
        note % {"n": _number(line.unsettled)} if line.unsettled else "",
    )


def _lead_times(line: Any) -> tuple[str, str, str]:
    if not line.visits:
        return UNKNOWN, _("no visit with a known time of booking"), ""
    words = ngettext("median of %(n)s visit", "median of %(n)s visits", line.visits)
    note = _("The middle half was booked %(lower)s to %(upper)s days ahead, %(same_day)s on the day itself.") % {
        "lower": figure_in_words(Unit.DAYS, line.lower_quartile),
        "upper": figure_in_words(Unit.DAYS, line.upper_quartile),
        "same_day": figure_in_words(Unit.RATIO, line.same_day_rate.ratio),
    }
    figure = _("%(days)s days") % {"days": figure_in_words(Unit.DAYS, line.median)}
    return figure, words % {"n": _number(line.visits)}, note


def _cancellations(line: Any) -> tuple[str, str, str]:
    words = ngettext(
        "%(cancelled)s of %(n)s visit was cancelled", "%(cancelled)s of %(n)s visits were cancelled", line.visits
    )
    note = _("%(short)s of %(cancelled)s less than 24 hours before.")
    numbers = {"short": _number(line.short_notice), "cancelled": _number(line.cancelled)}
    return (
        _percent(line.rate),
        words % {"cancelled": _number(line.cancelled), "n": _number(line.visits)},
        note % numbers if line.cancelled else "",
    )


HEADLINES = {
    "utilisation": _utilisation,
    "no-shows": _no_shows,
    "lead-times": _lead_times,
    "cancellations": _cancellations,
}
