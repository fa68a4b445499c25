"""Patients in the admin: to look things up and mend single fields; registering happens in the portal."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.admin import ModelAdmin, TabularInline
from apps.patients import services
from apps.patients.cleaning import EDITABLE_FIELDS
from apps.patients.folding import fold
from apps.patients.models import (
    Address,
    Consent,
    ContactPoint,
    DuplicateCandidate,
    Identifier,
    IdentifierSystem,
    MatchRun,
    Merge,
    MergeRow,
    Patient,
    RelatedPerson,
)


class SearchAsWritten:
    """A search of patients in any spelling: names are kept folded, so what is searched for must be, too."""

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        return super().get_search_results(request, queryset, fold(search_term) or search_term)  # type: ignore[misc]


class ContactPointInline(TabularInline):
    model = ContactPoint
    fields = ["system", "value", "use", "label", "rank", "verified_at"]
    read_only = True


class AddressInline(TabularInline):
    model = Address
    verbose_name_plural = "addresses"
    fields = ["use", "lines", "city", "district", "state", "postal_code", "country", "rank"]
    read_only = True


class IdentifierInline(TabularInline):
    model = Identifier
    fields = ["system", "value"]
    read_only = True


class RelatedPersonInline(TabularInline):
    model = RelatedPerson
    fk_name = "patient"
    fields = ["name", "relationship", "phone", "email", "is_emergency_contact", "is_guardian", "linked_patient", "rank"]
    read_only = True


class ConsentInline(TabularInline):
    model = Consent
    fields = ["purpose", "status", "source", "method", "evidence", "decided_at"]
    read_only = True


@admin.register(Patient)
class PatientAdmin(SearchAsWritten, ModelAdmin):
    """Every look is in the access log; every change goes through the service."""

    list_display = ["record_number", "full_name", "birth_date", "language", "archived_at"]
    list_filter = [("archived_at", admin.EmptyFieldListFilter), "language", "sex"]
    search_fields = ["search_text"]
    search_help_text = "Part of a name, phone number or record number"
    ordering = ["family_name", "given_name"]
    fields = [
        "number",
        ("given_name", "family_name"),
        ("preferred_name", "name_latin"),
        ("birth_date", "birth_precision"),
        ("sex", "gender_identity"),
        "language",
        ("preferred_channel", "preferred_times"),
        "alerts",
        "tags",
        "note",
        ("version", "archived_at"),
    ]
    readonly_fields = ["number", "birth_precision", "version", "archived_at"]
    inlines = [ContactPointInline, AddressInline, IdentifierInline, RelatedPersonInline, ConsentInline]
    may_add = False
    may_delete = False

    def save_model(self, request: HttpRequest, obj: Patient, form: ModelForm, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in EDITABLE_FIELDS}
        services.update_patient(patient=obj, changes=changes, actor=request.actor)  # type: ignore[attr-defined]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Patient | None:
        patient = super().get_object(request, object_id, from_field)
        if patient is not None and request.method == "GET":
            _note(request, [patient], AccessKind.VIEW)
        return patient

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", {}).get("cl")
        if listed is not None:
            _note(request, listed.result_list, AccessKind.SEARCH)
        return response


def _note(request: HttpRequest, patients: Any, kind: AccessKind) -> None:
    record_access(
        organization=request.organization,  # type: ignore[attr-defined]
        actor=request.actor,  # type: ignore[attr-defined]
        patient_ids=[patient.pk for patient in patients],
        route="admin:patients_patient",
        kind=kind,
    )


@admin.register(IdentifierSystem)
class IdentifierSystemAdmin(ModelAdmin):
    """The kinds of numbers that the patient form offers."""

    list_display = ["name", "system", "rank", "is_active"]
    list_filter = ["is_active"]


class MergeRowInline(TabularInline):
    model = MergeRow
    fields = ["kind", "model", "row_id", "field", "before", "after"]
    read_only = True


@admin.register(Merge)
class MergeAdmin(ModelAdmin):
    """Which records became part of which, with every row that was touched; done and undone in the portal."""

    list_display = ["survivor", "duplicate", "actor_label", "created_at", "undone_at"]
    list_filter = [("undone_at", admin.EmptyFieldListFilter)]
    list_select_related = ["survivor", "duplicate"]
    inlines = [MergeRowInline]
    read_only = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).order_by("-created_at")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Merge | None:
        merge = super().get_object(request, object_id, from_field)
        if merge is not None and request.method == "GET":
            _note(request, [merge.survivor, merge.duplicate], AccessKind.VIEW)
        return merge


@admin.register(Consent)
class ConsentAdmin(ModelAdmin):
    """Present answers, to look at; they change in the portal, with their source."""

    list_display = ["patient", "purpose", "status", "source", "method", "decided_at"]
    list_filter = ["purpose", "status"]
    list_select_related = ["patient"]
    read_only = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).order_by("-decided_at")


@admin.register(DuplicateCandidate)
class DuplicateCandidateAdmin(SearchAsWritten, ModelAdmin):
    """Pairs that may be of one person, to look at; they are decided in the review, where both records are seen."""

    list_display = ["first", "second", "bits", "is_settled", "state", "decided_by_label", "decided_at"]
    list_filter = ["state", "is_settled"]
    list_select_related = ["first", "second"]
    search_fields = ["first__search_text", "second__search_text"]
    ordering = ["-bits"]
    read_only = True


@admin.register(MatchRun)
class MatchRunAdmin(ModelAdmin):
    """When everybody was compared with everybody, and how far a run is."""

    list_display = ["created_at", "state", "done", "total", "started_by_label", "finished_at"]
    list_filter = ["state"]
    ordering = ["-created_at"]
    read_only = True
