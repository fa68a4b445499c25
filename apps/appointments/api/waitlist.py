"""`/api/v1/waitlist/`: who waits, what they are offered, and the answers that came another way than by message."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments import services
from apps.appointments.models import WaitlistEntry, WaitlistOffer, WaitStatus
from apps.appointments.ranking import rank_candidates
from apps.appointments.serializers import UNAVAILABLE
from apps.appointments.serializers_waitlist import (
    CandidateListSerializer,
    FreedTimeSerializer,
    OfferSlotSerializer,
    WaitlistEntrySerializer,
    WaitlistEntryUpdateSerializer,
    WaitlistEntryWriteSerializer,
    WaitlistOfferSerializer,
)
from apps.appointments.waitlist_reading import entries_with_offers
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.actors import ActorKind
from apps.core.api.filters import FilterSet
from apps.core.api.pagination import CursorPagination
from apps.core.api.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.core.errors import Conflict
from apps.organizations.permissions import Permission
from apps.patients.filters import OfPatientFilter

VIEW, MANAGE = Permission.APPOINTMENTS_VIEW, Permission.APPOINTMENTS_MANAGE


class WaitlistFilter(FilterSet):
    """Who waits for what."""

    patient = OfPatientFilter()
    status = django_filters.MultipleChoiceFilter(choices=WaitStatus.choices, help_text="repeat for several")

    class Meta:
        model = WaitlistEntry
        fields = ["appointment_type", "practitioner", "location", "urgency"]


class UrgentFirst(CursorPagination):
    """The urgent first, then who came first."""

    ordering = ("-urgency", "created_at", "id")
    orderings: ClassVar = {"-urgency": ordering, **CursorPagination.orderings}


class WaitlistViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    """Who waits for a time. Every answer that shows a patient leaves an access record."""

    queryset = entries_with_offers()
    serializer_class = WaitlistEntrySerializer
    write_serializer_class = WaitlistEntryWriteSerializer
    update_serializer_class = WaitlistEntryUpdateSerializer
    pagination_class = UrgentFirst
    filterset_class = WaitlistFilter
    request: Any
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "offers": VIEW,
        "candidates": VIEW,
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
        "restore": MANAGE,
        "offer": MANAGE,
        "accept": MANAGE,
        "decline": MANAGE,
        "withdraw": MANAGE,
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List entries, over ones included: narrow by `status`."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self._note((entry.patient_id for entry in page), AccessKind.SEARCH)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        entry = self.get_object()
        self._note([entry.patient_id])
        return self.answer(entry)

    def perform_create(self, data: dict[str, Any]) -> WaitlistEntry:
        added = services.add_to_waitlist(organization=self.request.organization, actor=self.actor, **data)
        return self._again(added)

    def perform_update(self, instance: WaitlistEntry, data: dict[str, Any], version: int | None) -> WaitlistEntry:
        changed = services.change_waitlist_entry(entry=instance, changes=data, version=version, actor=self.actor)
        return self._again(changed)

    def perform_destroy(self, instance: WaitlistEntry) -> None:
        services.remove_from_waitlist(entry=instance, actor=self.actor)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: uuid.UUID) -> Response:
        """Put an entry back that was removed."""
        return self.answer(self._again(services.restore_to_waitlist(entry=self.get_object(), actor=self.actor)))

    @extend_schema(request=OfferSlotSerializer, responses={200: WaitlistEntrySerializer, 409: UNAVAILABLE})
    @action(detail=True, methods=["post"])
    def offer(self, request: Request, pk: uuid.UUID) -> Response:
        """Hold a free time for the patient and ask them by WhatsApp or SMS.

        409: `slot_unavailable`, `not_reachable`, `asked_already`, `too_late_to_offer`, `invalid_transition`.
        """
        entry = self.get_object()
        services.offer_slot(entry=entry, actor=self.actor, **self.read(OfferSlotSerializer))
        return self.answer(self._again(entry))

    @extend_schema(request=None, responses={200: WaitlistEntrySerializer, 409: UNAVAILABLE})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: uuid.UUID) -> Response:
        """Accept the offer on the patient's behalf: books the held time (`booked`), or moves the visit in `moves`."""
        return self._answer_with(services.accept_offer, by=self._way)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: uuid.UUID) -> Response:
        """Decline the offer on the patient's behalf; they go on waiting, and the time goes to the next."""
        return self._answer_with(services.decline_offer, by=self._way)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: uuid.UUID) -> Response:
        """Take the offer back; the time is free again and offered to nobody by itself."""
        return self._answer_with(services.withdraw_offer)

    @extend_schema(responses=WaitlistOfferSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def offers(self, request: Request, pk: uuid.UUID) -> Response:
        """List what the entry was offered, latest first; at most 100."""
        entry = self.get_object()
        self._note([entry.patient_id])
        rows = WaitlistOffer.objects.filter(entry=entry).select_related("practitioner", "location")
        return Response(WaitlistOfferSerializer(rows.order_by("-created_at")[:100], many=True).data)

    @extend_schema(parameters=[FreedTimeSerializer], responses=CandidateListSerializer)
    @action(detail=False, methods=["get"], filter_backends=[], pagination_class=None)
    def candidates(self, request: Request) -> Response:
        """Rank who waits for a time that is free now: best first, each with the reasons, and what hinders an offer."""
        serializer = FreedTimeSerializer(data=request.query_params, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        ranked = rank_candidates(organization=self.request.organization, **serializer.validated_data)
        self._note((one.entry.patient_id for one in ranked), AccessKind.SEARCH)
        return Response(CandidateListSerializer({"results": ranked}).data)

    @property
    def _way(self) -> str:
        return "api" if self.actor.kind == ActorKind.API_KEY else "staff"

    def _answer_with(self, service: Callable[..., Any], **arguments: Any) -> Response:
        entry = self.get_object()
        service(offer=_latest_offer(entry), actor=self.actor, **arguments)
        return self.answer(self._again(entry))

    def _again(self, entry: WaitlistEntry) -> WaitlistEntry:
        found: WaitlistEntry = self.get_queryset().get(pk=entry.pk)
        return found

    def _note(self, patient_ids: Iterable[uuid.UUID], kind: AccessKind = AccessKind.VIEW) -> None:
        record_access(
            organization=self.request.organization,
            actor=self.actor,
            patient_ids=dict.fromkeys(patient_ids),
            route=f"api:waitlist-{self.action.replace('_', '-')}",
            kind=kind,
        )


def _latest_offer(entry: WaitlistEntry) -> WaitlistOffer:
    """Return the offer that is answered: the open one, else the last, whose service says that it is closed."""
    rows = WaitlistOffer.objects.filter(entry=entry).select_related("organization").order_by("-created_at")
    offer: WaitlistOffer | None = rows.first()
    if offer is None:
        raise Conflict(_("There is no offer to answer. Offer a time first."), code="no_offer")
    return offer


routes = [("waitlist", WaitlistViewSet, "waitlist")]
