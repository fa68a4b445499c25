"""Importing patients: upload a file, say which column is what, see every row's verdict, import."""

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

from apps.audit.models import AccessKind
from apps.core.errors import InvalidInput
from apps.core.forms import posted, show_refusal
from apps.core.htmx import go, wants_fragment
from apps.core.imports.pages import ColumnsMixin, content_of, refused_rows_file
from apps.core.imports.progress import progress_of
from apps.core.navigation import in_settings
from apps.organizations.access import requires
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients.exchange.columns import FIELDS
from apps.patients.models import ImportFormat, ImportStatus, OnMatch, PatientImport, PatientImportRow, RowState
from apps.patients.services import importing
from apps.patients.services.importing import MOST_BYTES
from apps.patients.views.common import note_access

SHOWN_IMPORTS, SHOWN_ROWS, EXAMPLES = 20, 100, 3


class UploadForm(forms.Form):
    """A file of patients."""

    file = forms.FileField(
        label=gettext_lazy("CSV or FHIR file"),
        required=False,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.json,.ndjson,text/csv,application/json"}),
    )

    def content(self) -> bytes:
        """Return the file. Raises InvalidInput for none, and for a large one before it is read."""
        none = _("Choose the file that the other system exported.")
        return content_of(self.cleaned_data["file"], most_bytes=MOST_BYTES, none=none)


class ColumnsForm(ColumnsMixin, forms.Form):
    """Which column is what, and how the rows are imported; for FHIR only the latter."""

    on_match = forms.ChoiceField(
        label=gettext_lazy("People who are here already"), choices=OnMatch, widget=forms.RadioSelect
    )
    system = forms.CharField(label=gettext_lazy("Name of the other system"), required=False, max_length=200)

    def __init__(self, *args: Any, batch: PatientImport, samples: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if batch.format == ImportFormat.FHIR:
            del self.fields["system"]
        self.ask_for_columns(batch, fields=FIELDS, samples=samples)


@require_http_methods(["GET", "POST"])
@in_settings("exchange-patients")
@requires(Permission.PRACTITIONERS_MANAGE)
def exchange(request: OrganizationRequest) -> HttpResponse:
    """Take a file that is to be imported; show what was imported lately."""
    form = UploadForm(posted(request), files=request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            batch = importing.upload_patients(
                organization=request.organization,
                file_name=form.cleaned_data["file"].name if form.cleaned_data["file"] else "",
                content=form.content(),
                actor=request.actor,
            )
        except InvalidInput as refusal:
            show_refusal(form, refusal)
        else:
            return go(request, reverse("patients:import", args=[batch.pk]))
    lately = PatientImport.objects.for_organization(request.organization).order_by("-created_at")[:SHOWN_IMPORTS]
    progress = progress_of(lately, PatientImportRow)
    context = {"form": form, "imports": [(batch, progress[batch.pk]) for batch in lately]}
    return render(request, "settings/exchange_patients.html", context, status=422 if form.errors else 200)


def _find(request: OrganizationRequest, pk: uuid.UUID) -> PatientImport:
    rows = PatientImport.objects.for_organization(request.organization).select_related("started_by")
    found: PatientImport = get_object_or_404(rows, pk=pk)
    found.organization = request.organization
    return found


@require_http_methods(["GET", "POST"])
@in_settings("exchange-patients")
@requires(Permission.PRACTITIONERS_MANAGE)
def one_import(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where an import stands: its columns, its progress, or its rows' verdicts; take the choice of columns."""
    batch = _find(request, pk)
    if request.method == "POST" or batch.status == ImportStatus.UPLOADED:
        if request.method == "GET" and wants_fragment(request):  # the page that followed the check
            return go(request, request.path)
        return _columns(request, batch)
    progress = progress_of([batch], PatientImportRow)[batch.pk]
    refused = batch.rows.filter(state=RowState.REFUSED).order_by("line")
    known = batch.rows.filter(state=RowState.KNOWN).select_related("patient").order_by("line")
    context = {
        "batch": batch,
        "progress": progress,
        "refused": list(refused[:SHOWN_ROWS]),
        "more_refused": max(0, progress.refused - SHOWN_ROWS),
        "known": list(known[:SHOWN_ROWS]) if batch.status == ImportStatus.CHECKED else [],
        "more_known": max(0, progress.known - SHOWN_ROWS),
        "fills": batch.rows.filter(state=RowState.READY, code="fills").count(),
        "ready": list(batch.rows.filter(state=RowState.READY).order_by("line")[:5]),
        "skipped": sorted(batch.skipped.items(), key=lambda item: -item[1]),
    }
    note_access(request, [row.patient_id for row in context["known"] if row.patient_id], AccessKind.SEARCH)
    template = "settings/import_patients.html#state" if wants_fragment(request) else "settings/import_patients.html"
    return render(request, template, context)


def _columns(request: OrganizationRequest, batch: PatientImport) -> HttpResponse:
    is_csv = batch.format == ImportFormat.CSV
    samples = list(batch.rows.order_by("line").values_list("cells", flat=True)[:EXAMPLES]) if is_csv else []
    form = ColumnsForm(
        posted(request),
        batch=batch,
        samples=samples,
        initial={"on_match": batch.on_match, "system": batch.system},
    )
    if request.method == "POST" and form.is_valid():
        try:
            importing.check_import(
                batch=batch,
                mapping=form.cleaned_data["mapping"],
                system=form.cleaned_data.get("system", ""),
                on_match=form.cleaned_data["on_match"],
                actor=request.actor,
            )
        except InvalidInput as refusal:
            show_refusal(form, refusal)
        else:
            return go(request, reverse("patients:import", args=[batch.pk]))
    context = {
        "batch": batch,
        "form": form,
        "columns": form.columns(),
        "rows": batch.rows.count(),
        "skipped": sorted(batch.skipped.items(), key=lambda item: -item[1]),
    }
    return render(request, "settings/import_patients_columns.html", context, status=422 if form.errors else 200)


STEPS = {
    "run": importing.run_import,
    "stop": importing.stop_import,
    "columns": importing.choose_columns_again,
}


@require_POST
@in_settings("exchange-patients")
@requires(Permission.PRACTITIONERS_MANAGE)
def import_step(request: OrganizationRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Import the rows that can be had, stop, go back to the columns, or forget the file."""
    batch = _find(request, pk)
    if step == "discard":
        said = _("File forgotten") if batch.has_begun else _("File discarded")
        importing.discard_import(batch=batch, actor=request.actor)
        return go(request, reverse("patients:exchange"), said)
    if step not in STEPS:
        return HttpResponse(status=404)
    STEPS[step](batch=batch, actor=request.actor)
    return go(request, reverse("patients:import", args=[batch.pk]))


@require_GET
@in_settings("exchange-patients")
@requires(Permission.PRACTITIONERS_MANAGE)
def problems(request: OrganizationRequest, pk: uuid.UUID) -> HttpResponse:
    """Give the rows that can't be imported as CSV: what is wrong, then the row as it was, to correct and import again."""
    batch = _find(request, pk)
    return refused_rows_file(batch, header=batch.header or ["patient"])
