"""What forms share whose values a service checks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from apps.core.dates import FIRST_YEAR, LAST_YEAR, read_moment
from apps.core.errors import ApplicationError, InvalidInput


class DayField(forms.DateField):
    """A day of a clinic's calendar: further out, the day before or after it, or its begin in another zone, is none."""

    def to_python(self, value: Any) -> dt.date | None:
        """Return the day; raise ValidationError for what is none, or lies outside of the years."""
        day: dt.date | None = super().to_python(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            text = _("Choose a day between the years %(first)d and %(last)d.")
            raise ValidationError(text % {"first": FIRST_YEAR, "last": LAST_YEAR}, code="out_of_range")
        return day


class MomentField(forms.Field):
    """A moment with its offset from UTC, as a script or a link of ours wrote it."""

    default_error_messages = {"invalid": _l("That time can’t be read. Choose another one.")}

    def to_python(self, value: Any) -> dt.datetime | None:
        """Return the moment; raise ValidationError for what is none, or lies outside of the years."""
        if value in self.empty_values:
            return None
        moment = read_moment(str(value))
        if moment is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: whatever was sent, nothing at all included; None when nothing was sent yet."""
    return request.POST if request.method == "POST" else None


def show_refusal(form: forms.Form, refusal: ApplicationError) -> None:
    """Put a service's refusal where the person looks: at the fields that it names, else above the form."""
    errors = refusal.errors if isinstance(refusal, InvalidInput) else {}
    for name, sentences in errors.items():
        form.add_error(name if name in form.fields else None, sentences)
    if not errors:
        form.add_error(None, refusal.message)


def version_of(text: str) -> int | None:
    """Read the version of a row as a form or an address names it; None when it names none."""
    return int(text) if text.isdecimal() and len(text) < 10 else None
