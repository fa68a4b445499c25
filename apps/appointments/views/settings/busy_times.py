"""Other calendars of a practitioner: an .ics file is read, visits that collide are shown first, a calendar is removed."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.appointments.services.busy_times import ReadCalendar, read_calendar, span_of
from apps.appointments.views.settings.common import Question, ServiceForm, change_or_ask, saved
from apps.appointments.views.settings.people import find_practitioner
from apps.core.errors import Conflict, InvalidInput
from apps.core.forms import posted
from apps.core.htmx import go, wants_fragment
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.practitioners.calendar_files import MOST_BYTES
from apps.practitioners.models import Practitioner
from apps.practitioners.selectors import zone_of
from apps.practitioners.services import remove_busy_times, replace_busy_times


class CalendarFileForm(ServiceForm):
    """An .ics file and the calendar's name. While the manager is asked about visits, the file's text stays in the form."""

    file = forms.FileField(
        label=gettext_lazy("Calendar file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".ics,text/calendar"}),
        allow_empty_file=True,
    )
    calendar = forms.CharField(label=gettext_lazy("Name of the calendar"), required=False, max_length=80)
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def content(self) -> bytes:
        """Return the chosen file, else the one that was chosen before. Raises InvalidInput for none or a large one."""
        chosen = self.cleaned_data["file"]
        if chosen is not None:
            if chosen.size > MOST_BYTES:
                message = _("The file is larger than 1 MB. Export a shorter time, or without attachments.")
                raise InvalidInput(message, errors={"file": [message]})
            return bytes(chosen.read())
        if not self.cleaned_data["text"]:
            message = _("Choose the .ics file that the other calendar exported.")
            raise InvalidInput(message, errors={"file": [message]})
        return str(self.cleaned_data["text"]).encode()

    def keep(self, content: bytes, read: ReadCalendar) -> None:
        """Let the form, shown again, hold the file: a browser doesn't choose it a second time."""
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["text"] = content.decode("utf-8-sig")  # type: ignore[index]
        self.data["calendar"] = read.name  # type: ignore[index]


@require_http_methods(["GET", "POST"])
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def import_calendar(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Read a calendar file as busy times; visits that collide are shown first."""
    person = find_practitioner(request, pk)
    form = CalendarFileForm(
        posted(request), files=request.FILES or None, initial={"calendar": request.GET.get("calendar", "")[:80]}
    )
    question, read = None, None
    if request.method == "POST" and form.is_valid():
        try:
            content = form.content()
            read = read_calendar(practitioner=person, content=content, name=form.cleaned_data["calendar"])
            done = change_or_ask(request, lambda: _replace(request, person, read), span=span_of(person))
        except (Conflict, InvalidInput) as refusal:
            form.refuse(refusal)
        else:
            if not isinstance(done, Question):
                back = reverse("appointments:settings-time-off", args=[person.pk])
                return saved(request, done, _sentence(person, read), back=back)
            question = done
            form.keep(content, read)
    context: dict[str, Any] = {
        "form": form,
        "practitioner": person,
        "zone": zone_of(person).key,
        "question": question,
        "read": read,
        "modal": wants_fragment(request),
    }
    return render(request, "settings/calendar_form.html", context, status=422 if form.errors or question else 200)


def _replace(request: OrganizationRequest, person: Practitioner, read: ReadCalendar) -> int:
    return replace_busy_times(practitioner=person, calendar=read.name, periods=read.periods, actor=request.actor)


def _sentence(person: Practitioner, read: ReadCalendar) -> str:
    """Say how much was read and until when; what could not be read is said, never passed over."""
    number, odd = len(read.periods), len(read.file.unreadable)
    text = ngettext("%(name)s: %(n)d busy time until %(day)s", "%(name)s: %(n)d busy times until %(day)s", number) % {
        "name": read.name,
        "n": number,
        "day": date_format(read.until.astimezone(zone_of(person)), "j F Y"),
    }
    if not odd:
        return text
    more = ngettext(
        "%(text)s. %(n)d event could not be read: note it as time off.",
        "%(text)s. %(n)d events could not be read: note them as time off.",
        odd,
    )
    return more % {"text": text, "n": odd}


@require_POST
@in_settings("practitioners")
@requires(Permission.PRACTITIONERS_MANAGE)
def remove_calendar(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Forget a calendar; its times can be booked again at once."""
    person = find_practitioner(request, pk)
    remove_busy_times(practitioner=person, calendar=request.POST.get("calendar", ""), actor=request.actor)
    back = reverse("appointments:settings-time-off", args=[person.pk])
    return go(request, back, _("Calendar removed: its times can be booked again"))
