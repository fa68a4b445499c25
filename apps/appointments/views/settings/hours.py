"""The weekly hours of a person, edited as a week: several stretches a day, by place, from a date on."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.appointments.outside import Span
from apps.appointments.views.settings.common import Question, change_or_ask, saved
from apps.appointments.views.settings.people import find_practitioner, person_context
from apps.appointments.views.settings.week import (
    ALL_DAYS,
    WORKDAYS,
    Dates,
    Places,
    Week,
    key_of,
    validities,
    validity_label,
)
from apps.core.dates import read_day
from apps.core.errors import ApplicationError, InvalidInput, StaleVersion
from apps.core.htmx import go, wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.organizations.places import locations_of
from apps.practitioners.models import Practitioner
from apps.practitioners.services import HoursRow, hours_token, rows_of, set_weekly_hours, split_weekly_hours

SAVE = "save"


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def hours(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show or change a week. `do` is the button that was pressed: only `save` saves, all others redraw the form.

    Saving shows first which booked visits would lie outside.
    """
    person = find_practitioner(request, pk)
    saved_rows = rows_of(person)
    places = Places.of(person, saved_rows, locations_of(request))
    known = validities(saved_rows)
    if request.method == "GET":
        key = _chosen(request.GET.get("week", ""), known, request.organization.today())
        dates = known.get(key, (None, None))
        own = [row for row in saved_rows if (row.valid_from, row.valid_until) == dates]
        return _page(request, person, Week.of_rows(places, own, dates), known, key, hours_token(saved_rows))
    key, seen = request.POST.get("week", ""), request.POST.get("seen", "")
    week = Week.of_post(places, request.POST)
    others = [row for row in saved_rows if key_of((row.valid_from, row.valid_until)) != key]
    if request.POST.get("do") != SAVE and "then" not in request.POST:
        _redraw(week, request.POST.get("do", ""))
        week.rows(person, others)
        return _page(request, person, week, known, key, seen, dirty=True)
    rows = week.rows(person, others)
    if week.is_wrong:
        return _page(request, person, week, known, key, seen, dirty=True, status=422)
    return _save(request, person, week, rows, others, known, key, seen)


def _save(
    request: OrganizationRequest,
    person: Practitioner,
    week: Week,
    rows: list[HoursRow],
    others: list[HoursRow],
    known: dict[str, Dates],
    key: str,
    seen: str,
) -> HttpResponse:
    change = partial(set_weekly_hours, practitioner=person, hours=[*rows, *others], seen=seen, actor=request.actor)
    try:
        done = change_or_ask(request, change, span=Span(request.organization, practitioner=person))
    except StaleVersion as refusal:
        week.errors["all"] = [refusal.message]
        return _page(request, person, week, known, key, seen, dirty=True, status=422)
    except InvalidInput as refusal:
        week.errors["all"] = refusal.errors.get("hours", [refusal.message])
        return _page(request, person, week, known, key, seen, dirty=True, status=422)
    if isinstance(done, Question):
        return _page(request, person, week, known, key, seen, dirty=True, question=done, status=422)
    back = f"{reverse('appointments:settings-hours', args=[person.pk])}?week={key_of(week.dates())}"
    return saved(request, done, _("Hours saved"), back=back)


def _redraw(week: Week, do: str) -> None:
    """Do what a button of the form says: add, remove, copy or suggest stretches; anything else only checks."""
    what, _colon, rest = do.partition(":")
    number, _colon, target = rest.partition(":")
    if what == "fill":
        week.fill()
    elif number.isdecimal() and len(number) < 4:
        place = int(number)
        if what == "add":
            week.add(min(place, 6))
        elif what == "remove":
            week.remove(place)
        elif what == "copy":
            groups = {"workdays": WORKDAYS, "all": ALL_DAYS}
            week.copy(place, groups.get(target) or [int(day) for day in target if day in "0123456"])


def _chosen(wanted: str, known: dict[str, Dates], today: dt.date) -> str:
    """Return the validity to show: the wanted one, else the one in force today, else the next, else the last."""
    if wanted in known:
        return wanted
    ahead = [key for key, (_first, last) in known.items() if last is None or last >= today]
    return next(iter(ahead), next(reversed(known), "_") if known else "_")


def _page(
    request: OrganizationRequest,
    person: Practitioner,
    week: Week,
    known: dict[str, Dates],
    key: str,
    seen: str,
    *,
    dirty: bool = False,
    question: Question | None = None,
    status: int = 200,
) -> HttpResponse:
    today = request.organization.today()
    own_url = reverse("appointments:settings-hours", args=[person.pk])
    context = {
        "week": week,
        "week_key": key,
        "seen": seen,
        "dirty": dirty,
        "question": question,
        "weeks": [
            {
                "label": validity_label(dates),
                "url": f"{own_url}?week={one}",
                "current": one == key,
                "over": dates[1] is not None and dates[1] < today,
            }
            for one, dates in known.items()
        ],
        "practitioner": person,
        "own_url": own_url,
        "refused": status != 200,
    }
    if wants_fragment(request):
        return render(request, "settings/hours.html#week", context, status=status)
    return render(request, "settings/hours.html", context | person_context(request, person, "hours"), status=status)


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def split(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the hours begin anew on a date, so that they can be changed from then on."""
    person = find_practitioner(request, pk)
    text = request.POST.get("date", "")
    day = read_day(text)
    error = ""
    if request.method == "POST":
        try:
            if day is None:
                raise InvalidInput(_("Choose the first day on which the new hours apply."))
            split_weekly_hours(practitioner=person, date=day, actor=request.actor)
        except ApplicationError as refusal:
            error = refusal.message
        else:
            week = next(one for one, (first, _last) in validities(rows_of(person)).items() if first == day)
            url = f"{reverse('appointments:settings-hours', args=[pk])}?week={week}"
            return go(request, url, _("These hours apply from then on. Change them, then save"))
    context = {
        "practitioner": person,
        "date": text,
        "error": error,
        "today": request.organization.today(),
        "modal": wants_fragment(request),
    }
    return render(request, "settings/split.html", context, status=422 if error else 200)
