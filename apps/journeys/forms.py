"""Forms of journeys: starting one, and giving a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.journeys.models import Definition
from apps.organizations.models import Organization
from apps.patients.models import Patient


class StartForm(forms.Form):
    """Choose a journey and the patient who takes it."""

    patient = forms.ModelChoiceField(
        queryset=Patient.objects.none(),
        label=_("Patient"),
        error_messages={"required": _("Choose the patient."), "invalid_choice": _("Choose the patient from the list.")},
    )
    journey = forms.ModelChoiceField(queryset=Definition.objects.none(), label=_("Journey"), empty_label=None)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].queryset = Patient.objects.for_organization(organization).active()  # type: ignore[attr-defined]
        self.fields["journey"].queryset = Definition.objects.for_organization(organization).filter(is_active=True)  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why a stage is skipped, or a run ends early."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the patient’s timeline."),
    )
