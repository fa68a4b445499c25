"""Importing appointments: upload a file, say which column is what, see every row's verdict, import."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.appointments.exchange.reading import FIELDS
from apps.appointments.models import AppointmentImport, ImportRow, ImportStatus, RowState
from apps.appointments.services import importing
from apps.appointments.views.exchange.export import ExportForm
from apps.appointments.views.settings.common import ServiceForm
from apps.core.csv_files import MOST_BYTES
from apps.core.errors import InvalidInput
from apps.core.forms import posted
from apps.core.htmx import go, wants_fragment
from apps.core.imports.pages import ColumnsMixin, content_of, refused_rows_file
from apps.core.imports.progress import progress_of
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.models import Location
from apps.organizations.permissions import Permission

SHOWN_IMPORTS, SHOWN_ROWS, EXAMPLES = 20, 100, 3


class UploadForm(ServiceForm):
    """A CSV file."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def content(self) -> bytes:
        """Return the file. Raises InvalidInput for none, and for a large one before it is read."""
        none = _("Choose the CSV file that the other system exported.")
        return content_of(self.cleaned_data["file"], most_bytes=MOST_BYTES, none=none)


class ColumnsForm(ColumnsMixin, ServiceForm):
    """Which column is what, and how the rows are imported."""

    location = forms.ModelChoiceField(
        Location.objects.none(),
        label=gettext_lazy("Location where the file names none"),
        required=False,
        empty_label=gettext_lazy("The file names it in every row"),
    )
    sets_rules_aside = forms.BooleanField(
        label=gettext_lazy("Book visits to come even outside hours, notice and horizon"), required=False
    )
    tells_patients = forms.BooleanField(
        label=gettext_lazy("Send patients a confirmation of visits to come"), required=False
    )

    def __init__(self, *args: Any, batch: AppointmentImport, samples: list[list[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = (
            Location.objects.for_organization(batch.organization).filter(is_active=True).order_by("name")
        )
        self.ask_for_columns(batch, fields=FIELDS, samples=samples)


@require_http_methods(["GET", "POST"])
@in_settings("exchange")
@requires(Permission.PRACTITIONERS_MANAGE)
def exchange(request: OrganizationRequest) -> HttpResponse:
    """Show both ways, and what was imported lately; take a file that is to be imported."""
    form = UploadForm(posted(request), files=request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            batch = importing.upload_appointments(
                organization=request.organization,
                file_name=form.cleaned_data["file"].name if form.cleaned_data["file"] else "",
                content=form.content(),
                actor=request.actor,
            )
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            return go(request, reverse("appointments:import", args=[batch.pk]))
    lately = AppointmentImport.objects.for_organization(request.organization).order_by("-created_at")[:SHOWN_IMPORTS]
    progress = progress_of(lately, ImportRow)
    today = request.organization.today()
    context = {
        "form": form,
        "export_form": ExportForm(
            organization=request.organization, initial={"from_day": today.replace(day=1)}, auto_id="export_%s"
        ),
        "imports": [(batch, progress[batch.pk]) for batch in lately],
    }
    return render(request, "settings/exchange.html", context, status=422 if form.errors else 200)


def _find(request: OrganizationRequest, pk: uuid.UUID) -> AppointmentImport:
    rows = AppointmentImport.objects.for_organization(request.organization).select_related("location")
    found: AppointmentImport = get_object_or_404(rows, pk=pk)
    found.organization = request.organization
    return found


@require_http_methods(["GET", "POST"])
@in_settings("exchange")
@requires(Permission.PRACTITIONERS_MANAGE)
def one_import(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where an import stands: its columns, its progress, or its rows' verdicts; take the choice of columns."""
    batch = _find(request, pk)
    if request.method == "POST" or batch.status == ImportStatus.UPLOADED:
        if request.method == "GET" and wants_fragment(request):  # the page that followed the check
            return go(request, request.path)
        return _columns(request, batch)
    progress = progress_of([batch], ImportRow)[batch.pk]
    refused = batch.rows.filter(state=RowState.REFUSED).order_by("line")
    context = {
        "batch": batch,
        "progress": progress,
        "refused": list(refused[:SHOWN_ROWS]),
        "more_refused": max(0, progress.refused - SHOWN_ROWS),
        "ready": list(batch.rows.filter(state=RowState.READY).order_by("line")[:5]),
        "known_otherwise": batch.rows.filter(state=RowState.KNOWN, code="known_otherwise").count(),
    }
    template = "settings/import.html#state" if wants_fragment(request) else "settings/import.html"
    return render(request, template, context)


def _columns(request: OrganizationRequest, batch: AppointmentImport) -> HttpResponse:
    samples = list(batch.rows.order_by("line").values_list("cells", flat=True)[:EXAMPLES])
    initial = {
        "location": batch.location_id,
        "sets_rules_aside": batch.sets_rules_aside,
        "tells_patients": batch.tells_patients,
    }
    form = ColumnsForm(posted(request), batch=batch, samples=samples, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            importing.check_import(
                batch=batch,
                mapping=form.cleaned_data["mapping"],
                location=form.cleaned_data["location"],
                tells_patients=form.cleaned_data["tells_patients"],
                sets_rules_aside=form.cleaned_data["sets_rules_aside"],
                actor=request.actor,
            )
        except InvalidInput as refusal:
            form.refuse(refusal)
        else:
            return go(request, reverse("appointments:import", args=[batch.pk]))
    context = {"batch": batch, "form": form, "columns": form.columns(), "rows": batch.rows.count()}
    return render(request, "settings/import_columns.html", context, status=422 if form.errors else 200)


STEPS = {
    "run": importing.run_import,
    "stop": importing.stop_import,
    "columns": importing.choose_columns_again,
}


@require_POST
@in_settings("exchange")
@requires(Permission.PRACTITIONERS_MANAGE)
def import_step(request: OrganizationRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Import the rows that can be had, stop, go back to the columns, or forget the file."""
    batch = _find(request, pk)
    if step == "discard":
        said = _("File forgotten") if batch.has_begun else _("File discarded")
        importing.discard_import(batch=batch, actor=request.actor)
        return go(request, reverse("appointments:settings-exchange"), said)
    if step not in STEPS:
        return HttpResponse(status=404)
    STEPS[step](batch=batch, actor=request.actor)
    return go(request, reverse("appointments:import", args=[batch.pk]))


@require_GET
@in_settings("exchange")
@requires(Permission.PRACTITIONERS_MANAGE)
def problems(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Give the rows that can't be imported as CSV: what is wrong, then the row as it was, to correct and import again."""
    batch = _find(request, pk)
    return refused_rows_file(batch, header=batch.header)
