"""`/api/v1/patients/`. Every answer that shows a patient leaves an access record."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import QuerySet, prefetch_related_objects
from django.http import FileResponse
from django.utils.translation import gettext as _
from django_filters.utils import translate_validation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.api.filters import FilterSet, TruthFilter
from apps.core.api.pagination import CursorPagination
from apps.core.api.queries import refuse_beside_search
from apps.core.api.renderers import CsvRenderer
from apps.core.api.viewsets import CreateMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.core.errors import InvalidInput, NotFound
from apps.events.selectors import patient_timeline
from apps.organizations.permissions import Permission
from apps.patients import services
from apps.patients.candidates import find_candidates, typed_facts
from apps.patients.contact import comparable_address
from apps.patients.exchange.api import ExportMixin
from apps.patients.exchange.writing import FILE_NAME, write_patients
from apps.patients.imports import api as imports
from apps.patients.matching import REVIEW, band_of
from apps.patients.matching.words import as_json
from apps.patients.merging.api import MergeViewSet
from apps.patients.merging.living import merged_ids_of
from apps.patients.models import ConsentPurpose, ContactSystem, Patient
from apps.patients.review import pairs_of_patient
from apps.patients.selectors import RECORD, find_patient_ids, search_patients, with_record
from apps.patients.serializers import (
    ConsentAnswerSerializer,
    ConsentListSerializer,
    ConsentSerializer,
    ConsentWriteSerializer,
    DuplicateListSerializer,
    FoundPatientSerializer,
    MatchedPatientListSerializer,
    MatchSerializer,
    PatientListSerializer,
    PatientSerializer,
    PatientUpdateSerializer,
    PatientWriteSerializer,
    TimelineEntrySerializer,
    TimelineSerializer,
)

MOST_FOUND = 50
SEARCH = OpenApiParameter(
    "search",
    str,
    description="name in any order, script or spelling; part of a phone; birth date; record number; e-mail; of the filters only `archived` goes with it",
)
TIMELINE_PAGE = 50


class PatientPagination(CursorPagination):
    """Newest first, or by name."""

    orderings = {**CursorPagination.orderings, "name": ("sort_name", "id")}


class PatientFilter(FilterSet):
    """Exact look-ups; `search` is for what people type."""

    phone = django_filters.CharFilter(method="by_phone", label="in any format")
    email = django_filters.CharFilter(method="by_email")
    identifier = django_filters.CharFilter(method="by_identifier", label="a value, or system|value")
    birth_date = django_filters.DateFilter(label="known to the day, or the first day that it can be")
    archived = TruthFilter(field_name="archived_at", lookup_expr="isnull", exclude=True, label="false unless asked for")

    class Meta:
        model = Patient
        fields: list[str] = []

    def by_phone(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return self._with_address(rows, ContactSystem.PHONE, value)

    def by_email(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return self._with_address(rows, ContactSystem.EMAIL, value)

    def by_identifier(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        system, _bar, number = value.rpartition("|")
        kinds = {"identifiers__system": system} if system else {}
        # Looked up by the number first: it is in one record, or in a few under different systems.
        return rows.filter(identifiers__organization=self.request.organization, identifiers__value=number, **kinds)

    def _with_address(self, rows: QuerySet, system: str, value: str) -> QuerySet:
        address = comparable_address(system, value, country=self.request.organization.country)
        return rows.filter(contact_points__system=system, contact_points__value=address)

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("archived") is not None else rows.active()


class PatientViewSet(ExportMixin, ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """The people the clinic cares for."""

    queryset = Patient.objects.all()
    serializer_class = PatientSerializer
    write_serializer_class = PatientWriteSerializer
    update_serializer_class = PatientUpdateSerializer
    pagination_class = PatientPagination
    filterset_class = PatientFilter
    permissions = {
        "list": Permission.PATIENTS_VIEW,
        "retrieve": Permission.PATIENTS_VIEW,
        "timeline": Permission.PATIENTS_VIEW,
        "consents": Permission.PATIENTS_VIEW,
        "duplicates": Permission.PATIENTS_VIEW,
        "match": Permission.PATIENTS_VIEW,
        "export": Permission.PATIENTS_EXPORT,
        "export_list": Permission.PATIENTS_EXPORT,
        "create": Permission.PATIENTS_MANAGE,
        "partial_update": Permission.PATIENTS_MANAGE,
        "set_consent": Permission.PATIENTS_MANAGE,
        "answer_consent": Permission.PATIENTS_MANAGE,
    }

    def get_queryset(self) -> QuerySet:
        return with_record(super().get_queryset().with_merged_ids())

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Narrow lists only: an archived record keeps its address, and a merged one says where it went."""
        return super().filter_queryset(queryset) if self.action in {"list", "export_list"} else queryset

    @extend_schema(parameters=[SEARCH], responses=PatientListSerializer)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List patients, or with `search` the best 50 that fit, each with the reason; with `archived` those in the archive."""
        text, archived = self._searched(request)
        if text:
            limit = min(self.paginator.get_page_size(request), MOST_FOUND)
            matches = search_patients(organization=request.organization, text=text, limit=limit, archived=archived)
            patients = [match.patient for match in matches]
            prefetch_related_objects(patients, *RECORD)
            reasons = {match.patient.pk: match.reason for match in matches}
            body = {"results": self._shown(patients, reasons), "next": None, "previous": None}
            self._note([p.pk for p in patients], AccessKind.SEARCH)
            return Response(body)
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note([patient.pk for patient in page], AccessKind.SEARCH)
        return self.get_paginated_response(self._shown(page, {}))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        patient = self.get_object()
        self._note([patient.pk])
        return self.answer(patient)

    @extend_schema(
        operation_id="patients_export_list", parameters=[SEARCH], responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    @action(
        detail=False,
        methods=["get"],
        url_path="export",
        url_name="list-export",
        renderer_classes=[CsvRenderer, JSONRenderer],
        pagination_class=None,
    )
    def export_list(self, request: Request) -> FileResponse:
        """Give all patients that the list would give as one CSV file, by name; its columns are in docs/exchange.md."""
        text, archived = self._searched(request)
        if text:
            found = find_patient_ids(organization=request.organization, text=text, limit=MOST_FOUND, archived=archived)
            rows = Patient.objects.filter(pk__in=found)
        else:
            rows = self.filter_queryset(Patient.objects.for_organization(request.organization))
        route = "api:patients-list-export"
        file = write_patients(rows, organization=request.organization, route=route, actor=self.actor)
        return FileResponse(file, as_attachment=True, filename=FILE_NAME, content_type="text/csv; charset=utf-8")

    def perform_create(self, data: dict[str, Any]) -> Patient:
        return self._fresh(services.create_patient(organization=self.request.organization, actor=self.actor, **data))

    def perform_update(self, instance: Patient, data: dict[str, Any], version: int | None) -> Patient:
        self._note([instance.pk])
        return self._fresh(services.update_patient(patient=instance, changes=data, version=version, actor=self.actor))

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str, description="visits, messages, journeys, record …"),
            OpenApiParameter("before", uuid.UUID, description="id of the last entry of the page above"),
        ],
        responses=TimelineSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def timeline(self, request: Request, pk: uuid.UUID) -> Response:
        """Show what happened with the patient, newest first."""
        patient = self.get_object()
        self._note([patient.pk])
        entries = patient_timeline(
            organization=request.organization,
            patient_id=patient.pk,
            merged_ids=merged_ids_of(patient),
            kind=request.query_params.get("kind") or None,
            before=_uuid(request, "before"),
            limit=TIMELINE_PAGE + 1,
        )
        page = entries[:TIMELINE_PAGE]
        further = len(entries) > TIMELINE_PAGE
        following = replace_query_param(request.build_absolute_uri(), "before", str(page[-1].id)) if further else None
        return Response({"results": TimelineEntrySerializer(page, many=True).data, "next": following, "previous": None})

    @extend_schema(responses=ConsentListSerializer)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def consents(self, request: Request, pk: uuid.UUID) -> Response:
        """Show what the patient agreed to."""
        patient = self.get_object()
        self._note([patient.pk])
        return Response({"results": ConsentSerializer(patient.consents.order_by("purpose"), many=True).data})

    @extend_schema(request=ConsentWriteSerializer, responses=ConsentSerializer)
    @consents.mapping.post
    def set_consent(self, request: Request, pk: uuid.UUID) -> Response:
        """Record the patient's answer for one purpose; the same answer again changes nothing."""
        patient = self.get_object()
        consent = services.set_consent(patient=patient, actor=self.actor, **self.read(ConsentWriteSerializer))
        return Response(ConsentSerializer(consent).data)

    @extend_schema(
        parameters=[OpenApiParameter("purpose", enum=ConsentPurpose.values, location=OpenApiParameter.PATH)],
        request=ConsentAnswerSerializer,
        responses=ConsentSerializer,
    )
    @action(
        detail=True,
        methods=["put"],
        url_path="consents/<slug:purpose>",
        url_name="consent",
        filter_backends=[],
        pagination_class=None,
    )
    def answer_consent(self, request: Request, pk: uuid.UUID, purpose: str) -> Response:
        """Record the patient's answer for this purpose; the same answer again changes nothing."""
        if purpose not in ConsentPurpose.values:
            raise NotFound(_("There is no such purpose. Known: %(list)s.") % {"list": ", ".join(ConsentPurpose.values)})
        answer = self.read(ConsentAnswerSerializer)
        consent = services.set_consent(patient=self.get_object(), purpose=purpose, actor=self.actor, **answer)
        return Response(ConsentSerializer(consent).data)

    @extend_schema(responses=DuplicateListSerializer)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def duplicates(self, request: Request, pk: uuid.UUID) -> Response:
        """Show the other records that may be of the same person, decided ones too, the likeliest first."""
        patient = self.get_object()
        pairs = list(pairs_of_patient(patient)[:MOST_FOUND])
        others = self.get_queryset().in_bulk([pair.other_than(patient.pk) for pair in pairs])
        self._note([patient.pk, *others])
        found = [
            {
                "id": pair.pk,
                "patient": others[pair.other_than(patient.pk)],
                "bits": pair.bits,
                "suggestion": band_of(pair.bits, is_settled=pair.is_settled),
                "reasons": pair.reasons,
                "state": pair.state,
                "note": pair.note,
            }
            for pair in pairs
            if pair.other_than(patient.pk) in others
        ]
        return Response(DuplicateListSerializer({"results": found}, context=self.get_serializer_context()).data)

    @extend_schema(request=MatchSerializer, responses=MatchedPatientListSerializer)
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def match(self, request: Request) -> Response:
        """Say who of the patients a person may be, with the reasons; writes nothing but the access record."""
        given = self.read(MatchSerializer)
        limit = given.pop("limit")
        facts = typed_facts(organization=request.organization, **given)
        found = find_candidates(organization=request.organization, facts=facts, at_least=REVIEW, limit=limit)
        patients = self.get_queryset().in_bulk([one.patient_id for one in found])
        self._note(list(patients), AccessKind.SEARCH)
        results = [
            {
                "patient": patients[one.patient_id],
                "bits": round(one.score.bits, 1),
                "suggestion": one.score.band,
                "reasons": [as_json(evidence) for evidence in one.score.evidence],
            }
            for one in found
            if one.patient_id in patients
        ]
        return Response(MatchedPatientListSerializer({"results": results}, context=self.get_serializer_context()).data)

    def _searched(self, request: Request) -> tuple[str, bool]:
        """Return what is searched for, and whether in the archive; no other filter narrows a search."""
        text: str = request.query_params.get("search", "").strip()
        if not text:
            return "", False
        refuse_beside_search(
            request, alone=frozenset({*PatientFilter.base_filters, "ordering", "cursor"} - {"archived"})
        )
        filters = PatientFilter(request.query_params, Patient.objects.none(), request=request)
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        return text, filters.form.cleaned_data["archived"] is True

    def _fresh(self, patient: Patient) -> Patient:
        return self.get_queryset().get(pk=patient.pk)

    def _shown(self, patients: Iterable[Patient], reasons: dict[uuid.UUID, str]) -> Any:
        context = {**self.get_serializer_context(), "reasons": reasons}
        return FoundPatientSerializer(patients, many=True, context=context).data

    def _note(self, patient_ids: Iterable[uuid.UUID], kind: AccessKind = AccessKind.VIEW) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=patient_ids,
            route=f"api:patients-{self.action.replace('_', '-')}",
            kind=kind,
        )


def _uuid(request: Request, name: str) -> uuid.UUID | None:
    text = request.query_params.get(name, "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise InvalidInput(f"`{name}` must be a UUID.", errors={name: [text]}) from None


routes = [
    ("patients/merges", MergeViewSet, "merges"),
    *imports.routes,
    ("patients", PatientViewSet, "patients"),
]
urlpatterns = imports.urlpatterns
