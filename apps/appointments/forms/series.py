"""Forms of recurring visits: the rule in fields that people fill, and what happens to visits that can't be had."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.appointments.forms.visits import CancelForm
from apps.appointments.models import MOST_OCCURRENCES, AppointmentType
from apps.appointments.recurrence import WEEKDAYS, Rule, nth_weekday, parse_rule
from apps.core.errors import InvalidInput
from apps.core.forms import DayField
from apps.organizations.models import Organization
from apps.practitioners.hours import first_instant
from apps.practitioners.models import Practitioner

SKIP, STAY = "skip", "stay"


class WhenForm(forms.Form):
    """A local day and time, and with whom."""

    day = DayField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "step": 300}))
    practitioner = forms.ModelChoiceField(Practitioner.objects.none(), label=_("With"), empty_label=None)
    override_reason = forms.CharField(label=_("Why it may be booked all the same"), max_length=300, required=False)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Practitioner.objects.for_organization(organization).filter(is_active=True)
        self.fields["practitioner"].queryset = people

    def start(self, zone: ZoneInfo) -> dt.datetime:
        """Return the chosen wall time as an instant (UTC); one that the clocks skip becomes the next that exists."""
        return first_instant(zone, self.cleaned_data["day"], self.cleaned_data["time"])

    def choices(self) -> dict[str, str]:
        """Return what was chosen for single visits: their name → `skip`, `stay`, or a free time's value."""
        return {
            name.removeprefix("at-"): value for name, value in self.data.items() if name.startswith("at-") and value
        }


class SeriesForm(WhenForm):
    """Who, what, from when on, how often, until when."""

    patient = forms.UUIDField(error_messages={"required": _("Choose a patient, or create one.")})
    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label=_("Type"), empty_label=None)
    interval = forms.IntegerField(label=_("Every"), min_value=1, max_value=52, initial=1)
    frequency = forms.ChoiceField(
        label=_("Unit"),
        choices=[("DAILY", _("days")), ("WEEKLY", _("weeks")), ("MONTHLY", _("months"))],
        initial="WEEKLY",
    )
    weekdays = forms.MultipleChoiceField(
        label=_("Also on"),
        choices=list(
            zip(WEEKDAYS, [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")], strict=True)
        ),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    month_by = forms.ChoiceField(
        label=_("In the month"),
        choices=[("weekday", _("on the same weekday")), ("day", _("on the same date"))],
        initial="weekday",
        required=False,
        widget=forms.RadioSelect,
    )
    ends = forms.ChoiceField(
        label=_("Ends"),
        choices=[("count", _("after a number of visits")), ("until", _("on a date"))],
        initial="count",
        widget=forms.RadioSelect,
    )
    count = forms.IntegerField(
        label=_("Number of visits"), min_value=2, max_value=MOST_OCCURRENCES, initial=6, required=False
    )
    until = DayField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False, help_text=_("In the patient’s words."))

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        types = AppointmentType.objects.for_organization(organization).filter(is_active=True)
        self.fields["appointment_type"].queryset = types

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        needed = data["ends"]
        if data.get(needed) is None:
            words = {"count": _("Say how many visits."), "until": _("Say until which day.")}
            self.add_error(needed, words[needed])
            return data
        try:
            data["rule"] = parse_rule(str(self._rule(data)))
        except InvalidInput as error:
            self.add_error("weekdays" if data["frequency"] == "WEEKLY" else "interval", error.errors["rule"])
        return data

    @staticmethod
    def _rule(data: dict[str, Any]) -> Rule:
        day: dt.date = data["day"]
        weekdays: tuple[str, ...] = ()
        if data["frequency"] == "WEEKLY":
            weekdays = tuple(sorted({*data["weekdays"], WEEKDAYS[day.weekday()]}, key=WEEKDAYS.index))
        elif data["frequency"] == "MONTHLY" and data["month_by"] != "day":
            weekdays = (nth_weekday(day),)
        by_day = data["frequency"] == "MONTHLY" and not weekdays
        return Rule(
            data["frequency"],
            data["interval"],
            weekdays if len(weekdays) != 1 or data["frequency"] == "MONTHLY" else (),
            day.day if by_day else None,
            count=data["count"] if data["ends"] == "count" else None,
            until=data["until"] if data["ends"] == "until" else None,
        )


SCOPES = [("following", _("This visit and those after it")), ("all", _("All that are still ahead"))]


class MoveSeriesForm(WhenForm):
    """Where a visit of a series goes, and how many go with it."""

    scope = forms.ChoiceField(label=_("Move"), choices=SCOPES, initial="following", widget=forms.RadioSelect)
    tell_patient = forms.BooleanField(label=_("Tell the patient"), required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def left(self) -> list[uuid.UUID]:
        """Return the visits that stay where they are."""
        return [uuid.UUID(name) for name, value in self.choices().items() if value == STAY]


class CancelSeriesForm(CancelForm):
    """Why visits of a series are called off, and how many."""

    scope = forms.ChoiceField(label=_("Cancel"), choices=SCOPES, initial="following", widget=forms.RadioSelect)
    tell_patient = forms.BooleanField(label=_("Tell the patient"), required=False, initial=True)

    field_order = ["scope", "reason", "note", "tell_patient"]
