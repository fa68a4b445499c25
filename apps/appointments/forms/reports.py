"""What the page of reports is asked with; all of it stands in the address."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.appointments.reports import Grouping, Scope, make_scope, since_opening
from apps.core.errors import InvalidInput
from apps.core.forms import DayField
from apps.organizations.models import Location, Organization

DAY = dt.timedelta(days=1)


class Preset(models.TextChoices):
    WEEKS = "weeks", _("Last 4 weeks")
    MONTHS = "months", _("Last 3 months")
    MONTH = "month", _("This month")
    OWN = "own", _("Own dates")


def days_of(preset: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last day: complete days up to yesterday, but this month up to today."""
    yesterday = today - DAY
    if preset == Preset.MONTHS:
        return today - relativedelta(months=3), yesterday
    if preset == Preset.MONTH:
        return today.replace(day=1), today
    return today - 28 * DAY, yesterday


def _date_field(label: Any) -> DayField:
    missing = _("Choose a day.")
    unreadable = _("Write the day as year-month-day, for example 2026-11-23.")
    return DayField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": unreadable, "required": missing},
    )


class ReportForm(forms.Form):
    """Days, place and grouping; `scope` is what they mean once the form is valid."""

    period = forms.ChoiceField(choices=Preset.choices, required=False)
    first = _date_field(_("From"))
    last = _date_field(_("Up to and including"))
    location = forms.UUIDField(
        required=False, error_messages={"invalid": _("There is no such location in use. Choose one of the list.")}
    )
    by = forms.ChoiceField(choices=Grouping.choices, required=False)

    scope: Scope
    begins_with_first_visit = False

    def __init__(
        self, data: Any, *, organization: Organization, locations: list[Location], chosen: Location | None
    ) -> None:
        """Take what the address says; a location that it doesn't name is the one chosen in the bar, `all` is none."""
        values = {name: data.get(name, "") for name in self.base_fields}
        self.organization, self.locations = organization, locations
        self.location = chosen if not values["location"] else None
        values["period"] = values["period"] or (Preset.OWN if values["first"] or values["last"] else Preset.WEEKS)
        values["by"] = values["by"] or Grouping.PRACTITIONER
        if values["location"] == "all":
            values["location"] = ""
        if values["period"] == Preset.OWN and not (values["first"] or values["last"]):
            first, last = since_opening(organization, *days_of(Preset.WEEKS, organization.today()))
            values |= {"first": first.isoformat(), "last": last.isoformat()}
        super().__init__(values)
        for name in ("first", "last"):
            self.fields[name].required = values["period"] == Preset.OWN

    def clean_location(self) -> Location | None:
        """Return the named location; refuse what is none of the clinic's."""
        wanted = self.cleaned_data["location"]
        if wanted is None:
            return self.location
        found = next((place for place in self.locations if place.pk == wanted), None)
        if found is None:
            raise forms.ValidationError(_("There is no such location in use. Choose one of the list."))
        return found

    def clean(self) -> dict[str, Any]:
        """Work the scope out; what it refuses stands at its field."""
        cleaned = self.cleaned_data
        own = cleaned.get("period") == Preset.OWN
        if self.errors:
            return cleaned
        location = cleaned["location"]
        today = dt.datetime.now((location or self.organization).zone).date()
        days = (cleaned["first"], cleaned["last"]) if own else days_of(cleaned["period"], today)
        if not own:
            whole, days = days, since_opening(self.organization, *days)
            self.begins_with_first_visit = days != whole
        try:
            self.scope = make_scope(
                organization=self.organization, first=days[0], last=days[1], location=location, by=cleaned["by"]
            )
        except InvalidInput as refusal:
            for name, sentences in refusal.errors.items():
                self.add_error(name, sentences)
        return cleaned
