"""What the settings pages share: forms that services refuse, and changes that show first whom they affect."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.outside import OutsideVisit, Span, affected_by
from apps.appointments.services import PlanChange, change_plan
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.errors import ApplicationError, StaleVersion
from apps.core.forms import DayField, show_refusal
from apps.core.htmx import go, toast, trigger
from apps.organizations.middleware import OrganizationRequest
from apps.practitioners.hours import day_bounds, first_instant

MOVE, TELL, LEAVE = "move", "tell", "leave"
SHOWN_AFFECTED = 50


class ServiceForm(forms.Form):
    """A form whose values a service checks."""

    def refuse(self, refusal: ApplicationError) -> None:
        """Show the service's refusal at the fields that it names, else above the form."""
        show_refusal(self, refusal)


class RowForm(ServiceForm):
    """A form that shows a row, which somebody else may save meanwhile.

    `seen` is when the row was saved (`updated_at`), `read` a digest of what each field said then.
    """

    MARKS = ("seen", "read", "linked")

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    read = forms.CharField(required=False, widget=forms.HiddenInput)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        if field_name == "read":
            return json.dumps({name: _digest(self._untouched(name)) for name in self._shown_fields()})
        return super().get_initial_for_field(field, field_name)

    def seen_at(self) -> dt.datetime | None:
        """Return when the row was saved that the form was made from; unreadable text counts as long ago."""
        text = self.cleaned_data.get("seen", "")
        try:
            found = parse_datetime(text) if text else None
        except ValueError:
            found = None
        return (
            found if found is not None and found.tzinfo else (dt.datetime.min.replace(tzinfo=dt.UTC) if text else None)
        )

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {name: value for name, value in self.cleaned_data.items() if name not in self.MARKS}

    def refuse_stale(self, refusal: StaleVersion) -> None:
        """Say what somebody else saved meanwhile, and show it where nothing was changed here.

        Saving again then replaces what both changed, and nothing else.
        """
        read = self._read()
        touched = {name for name, values in self._sent().items() if read.get(name) != _digest(values)}
        theirs = {name for name in self._shown_fields() if read.get(name) != _digest(self._untouched(name))}
        self.data = self.data.copy()  # type: ignore[attr-defined]
        for name in self._shown_fields() - touched:
            self.data.setlist(self.add_prefix(name), self._untouched(name))  # type: ignore[attr-defined]
        for name in self.MARKS:
            if name in self.fields:
                self.data[name] = self.get_initial_for_field(self.fields[name], name)  # type: ignore[index]
        sentences = [refusal.message]
        for conflict in refusal.extra["conflicts"]:
            if (name := conflict["field"]) in theirs:
                words = {"field": self.fields[name].label, "current": self._shown(name, conflict["current"])}
                sentences.append(
                    _("%(field)s is now “%(current)s”.") % words
                    if name in touched
                    else _("%(field)s was set to “%(current)s”, which is kept.") % words
                )
        self.add_error(None, " ".join(sentences))

    def _shown_fields(self) -> set[str]:
        return self.fields.keys() - set(self.MARKS)

    def _sent(self) -> dict[str, list[str]]:
        return {name: self.data.getlist(self.add_prefix(name)) for name in self._shown_fields()}  # type: ignore[attr-defined]

    def _read(self) -> dict[str, str]:
        """Return the digests of what the form was made from; none if it does not say, then everything counts as changed."""
        try:
            read = json.loads(self.cleaned_data.get("read") or "{}")
        except ValueError:
            read = {}
        return read if isinstance(read, dict) else {}

    def _untouched(self, name: str) -> list[str]:
        """Return what a browser sends for a field that shows the row."""
        field = self.fields[name]
        value = field.prepare_value(self.get_initial_for_field(field, name))
        if isinstance(field.widget, forms.CheckboxInput):
            return ["on"] if value else []
        shown = field.widget.format_value(value)
        return [str(one) for one in shown] if isinstance(shown, list | tuple) else ["" if shown is None else str(shown)]

    def _shown(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        choices = dict(getattr(self.fields[name], "choices", ()) or ())
        return str(choices.get(value, value)) if choices else ", ".join(self._untouched(name))


class LinkedForm(RowForm):
    """A form that also chooses rows which belong together with its own (who offers what, where).

    Such links are rows of their own: `updated_at` says nothing about them, so their digest goes along.
    """

    linked = forms.CharField(required=False, widget=forms.HiddenInput)

    def require_links(self, present: Mapping[str, Iterable[Any]]) -> None:
        """Raise StaleVersion when links were changed after the form was made, and to something else than it says."""
        seen, now = self.cleaned_data["linked"], digest_of(present)
        wanted = {name: [row.pk for row in self.cleaned_data[name]] for name in present}
        if not seen or now in {seen, digest_of(wanted)}:
            return
        conflicts = [
            {
                "field": name,
                "current": ", ".join(map(str, self.fields[name].queryset.filter(pk__in=keys))) or _("nobody"),
            }
            for name, keys in present.items()
            if digest_of({name: keys}) != digest_of({name: wanted[name]})
        ]
        raise StaleVersion(
            _("Somebody else saved this meanwhile. Compare the fields, then save again."),
            current=0,
            conflicts=conflicts,
        )


def digest_of(links: Mapping[str, Iterable[Any]]) -> str:
    """Return what stands for these links in a form."""
    plain = sorted(f"{name}:{key}" for name, keys in links.items() for key in keys)
    return hashlib.sha256("\n".join(plain).encode()).hexdigest()[:16]


def _digest(values: Iterable[str]) -> str:
    return hashlib.sha256(repr(sorted(values)).encode()).hexdigest()[:16]


class DaysForm(ServiceForm):
    """Whole days, or from a time on the first of them to a time on the last, on some wall."""

    first_day = DayField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = DayField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    from_time = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")
    )
    until_time = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first = data.get("first_day")
        if first is None or "last_day" in self.errors:
            return data
        last = data["last_day"] = data.get("last_day") or first
        begins, ends = data.get("from_time"), data.get("until_time")
        if last < first:
            self.add_error("last_day", _("The last day lies before the first."))
        elif last == first and begins and ends and ends <= begins:
            self.add_error("until_time", _("Choose a time after the beginning."))
        return data

    def bounds(self, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
        """Return the period in UTC; without times, whole days on the wall of the zone."""
        first, last = self.cleaned_data["first_day"], self.cleaned_data["last_day"]
        begins, ends = self.cleaned_data["from_time"], self.cleaned_data["until_time"]
        start = first_instant(zone, first, begins) if begins else day_bounds(zone, first)[0]
        end = first_instant(zone, last, ends) if ends else day_bounds(zone, last)[1]
        return start, end

    @staticmethod
    def initial_for(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> dict[str, Any]:
        """Return the fields for a period; times only where it does not begin or end with a day."""
        first, last = start.astimezone(zone), end.astimezone(zone)
        whole_first = start == day_bounds(zone, first.date())[0]
        whole_last = end == day_bounds(zone, last.date())[0]
        return {
            "first_day": first.date(),
            "last_day": last.date() - dt.timedelta(days=1) if whole_last else last.date(),
            "from_time": None if whole_first else first.time(),
            "until_time": None if whole_last else last.time(),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """Nothing is saved yet: these visits would lie outside afterwards. What should become of them?"""

    affected: list[OutsideVisit]

    @property
    def shown(self) -> list[OutsideVisit]:
        return self.affected[:SHOWN_AFFECTED]

    @property
    def more(self) -> int:
        return max(0, len(self.affected) - SHOWN_AFFECTED)


def change_or_ask(request: OrganizationRequest, change: Callable[[], Any], *, span: Span) -> PlanChange[Any] | Question:
    """Make the change when it affects nobody, or when the manager has seen whom (`then`: move, tell or leave)."""
    then = request.POST.get("then", "")
    if then not in {MOVE, TELL, LEAVE}:
        affected = affected_by(change, span=span)
        if affected:
            note_access(request, affected)
            return Question(affected)
    return change_plan(change, span=span, tell_patients=then == TELL, actor=request.actor)


def note_access(request: OrganizationRequest, visits: Iterable[OutsideVisit]) -> None:
    """Note that this person was shown these patients' visits."""
    match = request.resolver_match
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=dict.fromkeys(one.appointment.patient_id for one in visits if one.appointment.patient_id),
        route=match.view_name if match else "appointments:outside",
        kind=AccessKind.SEARCH,
    )


def saved(request: OrganizationRequest, done: PlanChange[Any], text: str, *, back: str) -> HttpResponse:
    """Answer after a change: to the visits that must move when the manager wants that, else back with a toast.

    In a dialog the page behind it stays and refreshes what shows settings.
    """
    then = request.POST.get("then", "")
    number = len(done.affected)
    if number and then == TELL:
        sentence = ngettext(
            "%(text)s, %(n)d patient asked for another time", "%(text)s, %(n)d patients asked for another time", number
        )
        text = sentence % {"text": text, "n": number}
    elif number and then != MOVE:
        sentence = ngettext("%(text)s, %(n)d visit to move", "%(text)s, %(n)d visits to move", number)
        text = sentence % {"text": text, "n": number}
    if number and then == MOVE:
        return go(request, reverse("appointments:outside"), text)
    if in_dialog(request):
        answer = trigger(HttpResponse(status=204), modal__close=True, settings__changed=True, live__appointments=True)
        return toast(answer, text)
    return go(request, back, text)


def in_dialog(request: OrganizationRequest) -> bool:
    """Tell whether the answer goes into the dialog."""
    return request.headers.get("HX-Target") == "modal"
