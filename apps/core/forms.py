"""What forms share whose values a service checks."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, QueryDict

from apps.core.errors import ApplicationError, InvalidInput


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
