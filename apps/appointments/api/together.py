"""`/api/v1/appointments/together/`: one step for several visits, each by itself, one undo."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.appointments import services
from apps.appointments.models import VISIT_STATUSES, Appointment
from apps.appointments.serializers import CancelAppointmentSerializer
from apps.appointments.services.together import MOST
from apps.core.api.fields import InstantField
from apps.core.api.viewsets import TenantViewSet
from apps.organizations.permissions import Permission


class ChosenVisitsSerializer(serializers.Serializer):
    """Which visits, named once each or more often: twice is once."""

    appointments = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MOST, help_text=f"ids, at most {MOST}"
    )


class CancelTogetherSerializer(ChosenVisitsSerializer, CancelAppointmentSerializer):
    """Which visits, and the one reason for all of them."""


class UndoTogetherSerializer(serializers.Serializer):
    """What the answer of the step gave as `undo`."""

    at = InstantField(help_text="the moment of the step, to the microsecond")
    first = InstantField(help_text="start of the first visit")
    last = InstantField(help_text="start of the last visit")


class VisitResultSerializer(serializers.Serializer):
    """What came of one visit."""

    appointment = serializers.UUIDField()
    done = serializers.BooleanField()
    status = serializers.ChoiceField(choices=VISIT_STATUSES, allow_null=True, help_text="now; null: no such visit")
    code = serializers.CharField(allow_blank=True, help_text="why not, for programs; empty when it was done")
    reason = serializers.CharField(allow_blank=True, help_text="why not, in words")


class TogetherSerializer(serializers.Serializer):
    """What came of each visit, in the order in which they were named."""

    done = serializers.IntegerField(help_text="how many")
    refused = serializers.IntegerField(help_text="how many")
    results = VisitResultSerializer(many=True)
    undo = UndoTogetherSerializer(allow_null=True, help_text="post it to `undo/`; null where there is no way back")


class TogetherViewSet(TenantViewSet):
    """A step for several visits in one transaction: those that it is not possible for are named, the others have it."""

    queryset = Appointment.objects.real()
    serializer_class = TogetherSerializer
    permissions: ClassVar = {
        "arrive": Permission.APPOINTMENTS_MANAGE,
        "complete": Permission.APPOINTMENTS_MANAGE,
        "no_show": Permission.APPOINTMENTS_MANAGE,
        "cancel": Permission.APPOINTMENTS_MANAGE,
        "remind": Permission.COMMUNICATIONS_MANAGE,
        "undo": Permission.APPOINTMENTS_MANAGE,
    }

    @extend_schema(request=ChosenVisitsSerializer)
    @action(detail=False, methods=["post"])
    def arrive(self, request: Request) -> Response:
        """Check the patients in."""
        return self._step("arrive")

    @extend_schema(request=ChosenVisitsSerializer)
    @action(detail=False, methods=["post"])
    def complete(self, request: Request) -> Response:
        """Note that the visits are done."""
        return self._step("complete")

    @extend_schema(request=ChosenVisitsSerializer)
    @action(detail=False, methods=["post"], url_path="no-show")
    def no_show(self, request: Request) -> Response:
        """Note that the patients did not come; possible from the start of each visit on."""
        return self._step("no-show")

    @extend_schema(request=CancelTogetherSerializer)
    @action(detail=False, methods=["post"])
    def cancel(self, request: Request) -> Response:
        """Cancel visits that have not begun, for one reason; each patient is told unless `tell_patient` is false."""
        data = self.read(CancelTogetherSerializer)
        return self._each(data.pop("appointments"), services.cancel_together, **data)

    @extend_schema(request=ChosenVisitsSerializer)
    @action(detail=False, methods=["post"])
    def remind(self, request: Request) -> Response:
        """Send a reminder now about each visit that lies ahead; there is no way back."""
        return self._each(self.read(ChosenVisitsSerializer)["appointments"], services.remind_together, has_undo=False)

    @extend_schema(request=UndoTogetherSerializer)
    @action(detail=False, methods=["post"])
    def undo(self, request: Request) -> Response:
        """Take back what one step did; visits that got another step since, or whose time is taken, stay and are named."""
        found = services.undo_together(
            organization=request.organization, actor=self.actor, **self.read(UndoTogetherSerializer)
        )
        ids = [*(visit.pk for visit in found.done), *(one.appointment.pk for one in found.refused)]
        return self._answer(ids, found, has_undo=False)

    def _step(self, step: str) -> Response:
        return self._each(self.read(ChosenVisitsSerializer)["appointments"], services.step_together, step=step)

    def _each(
        self,
        ids: list[uuid.UUID],
        service: Callable[..., services.Together],
        *,
        has_undo: bool = True,
        **arguments: Any,
    ) -> Response:
        chosen = list(dict.fromkeys(ids))
        found = None
        if self.get_queryset().filter(pk__in=chosen).exists():
            found = service(
                organization=self.request.organization, appointment_ids=chosen, actor=self.actor, **arguments
            )
        return self._answer(chosen, found, has_undo=has_undo)

    def _answer(self, ids: Collection[uuid.UUID], found: services.Together | None, *, has_undo: bool) -> Response:
        refused = {one.appointment.pk: one for one in found.refused} if found else {}
        done = {visit.pk for visit in found.done} if found else set()
        statuses = dict(self.get_queryset().filter(pk__in=ids).values_list("pk", "status"))
        results = []
        for pk in ids:
            code, reason = "", ""
            if pk in refused:
                code, reason = refused[pk].code, refused[pk].why
            elif pk not in done:
                code, reason = "not_found", _("There is no such appointment in your organization.")
            status = statuses.get(pk)
            results.append({"appointment": pk, "done": pk in done, "status": status, "code": code, "reason": reason})
        undo = None
        if found and found.done and has_undo:
            undo = {"at": found.at, "first": found.done[0].start, "last": found.done[-1].start}
        answer = {"done": len(done), "refused": len(ids) - len(done), "results": results, "undo": undo}
        return Response(TogetherSerializer(answer).data)


routes = [("appointments/together", TogetherViewSet, "together")]
