"""How an answer to a consent was given: where it came from, in which way, what proves it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.patients.models import ConsentMethod


class ConsentForm(forms.Form):
    """An answer recorded by staff; the least is one click, which means that it was given at the desk."""

    method = forms.ChoiceField(
        label=gettext_lazy("How they answered"),
        required=False,
        choices=[("", gettext_lazy("Not said")), *ConsentMethod.choices],
        initial=ConsentMethod.SPOKEN,
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        required=False,
        max_length=60,
        initial=gettext_lazy("front desk"),
        help_text=gettext_lazy("Where or through whom the answer came."),
    )
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What proves it: the words, the form and where it lies."),
    )

    def answer(self) -> dict[str, str]:
        """Return what the service records; of a form that was checked."""
        return {
            "method": self.cleaned_data["method"],
            "source": self.cleaned_data["source"] or _("front desk"),
            "evidence": self.cleaned_data["evidence"],
        }
