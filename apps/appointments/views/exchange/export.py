"""The appointment book as a CSV file: which part of it, then the file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from apps.appointments.exchange.writing import FILE_NAME, write_appointments
from apps.appointments.models import VISIT_STATUSES, Appointment, AppointmentQuerySet
from apps.core.forms import DayField
from apps.core.htmx import wants_fragment
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location, Organization
from apps.organizations.permissions import Permission
from apps.practitioners.hours import day_bounds
from apps.practitioners.models import Practitioner


class ExportForm(forms.Form):
    """Which visits: both days are inclusive, on the clinic's clock; what is empty narrows nothing."""

    from_day = DayField(
        label=gettext_lazy("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until_day = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    location = forms.ModelChoiceField(
        Location.objects.none(),
        label=gettext_lazy("Location"),
        required=False,
        empty_label=gettext_lazy("Every location"),
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(),
        label=gettext_lazy("Practitioner"),
        required=False,
        empty_label=gettext_lazy("All practitioners"),
    )
    status = forms.MultipleChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=VISIT_STATUSES,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.fields["location"].queryset = Location.objects.for_organization(organization).order_by("name")
        self.fields["practitioner"].queryset = Practitioner.objects.for_organization(organization)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("from_day"), data.get("until_day")
        if first and last and last < first:
            self.add_error("until_day", _("The last day lies before the first."))
        for name in ("from_day", "until_day"):
            if data.get(name) and not 1901 <= data[name].year <= 2199:
                self.add_error(name, _("Choose a year between 1901 and 2199."))
        return data

    def rows(self) -> AppointmentQuerySet:
        """Return the visits that were asked for."""
        data, zone = self.cleaned_data, self.organization.zone
        wanted: dict[str, Any] = {
            "start__gte": day_bounds(zone, data["from_day"])[0] if data["from_day"] else None,
            "start__lt": day_bounds(zone, data["until_day"])[1] if data["until_day"] else None,
            "location": data["location"],
            "practitioner": data["practitioner"],
            "status__in": data["status"],
        }
        rows: AppointmentQuerySet = Appointment.objects.for_organization(self.organization).filter(
            **{name: value for name, value in wanted.items() if value}
        )
        return rows


@require_GET
@requires(Permission.APPOINTMENTS_VIEW)
def export(request: OrganizationRequest) -> HttpResponse:
    """Ask which part of the appointment book; with `download`, give it as a file."""
    today = request.organization.today()
    initial = {"from_day": today.replace(day=1), "until_day": today + dt.timedelta(days=30)}
    asked = request.GET if "download" in request.GET else None
    form = ExportForm(asked, organization=request.organization, initial=initial)
    if form.is_valid():
        file = write_appointments(
            form.rows(),
            organization=request.organization,
            route="appointments:export",
            actor=request.actor,
            mark=True,
        )
        return FileResponse(file, as_attachment=True, filename=FILE_NAME, content_type="text/csv; charset=utf-8")
    context = {"form": form, "modal": wants_fragment(request)}
    return render(request, "appointments/export.html", context, status=422 if form.errors else 200)
