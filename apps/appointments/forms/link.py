"""What comes back from the patient's page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.dates import read_moment

STEPS = [("confirm", "confirm"), ("move", "move"), ("cancel", "cancel"), ("undo", "undo")]


class LinkForm(forms.Form):
    """One step, and the version of the appointment that the patient saw; `slot` is the new start, `why` is optional."""

    do = forms.ChoiceField(choices=STEPS)
    version = forms.IntegerField(min_value=1)
    slot = forms.CharField(max_length=40, required=False)
    why = forms.CharField(max_length=300, required=False)

    def clean_slot(self) -> dt.datetime | None:
        """Return the instant; a time without a zone is none of those that were offered."""
        text = self.cleaned_data["slot"]
        if not text:
            return None
        moment = read_moment(text)
        if moment is None:
            raise forms.ValidationError(_("Choose one of the times."))
        return moment

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("do") == "move" and not data.get("slot") and "slot" not in self.errors:
            self.add_error("slot", _("Choose one of the times."))
        return data
