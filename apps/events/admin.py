"""Events to read; deliveries to look after: a dead one waits here until its cause is mended."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.core.admin import ModelAdmin
from apps.events import services
from apps.events.models import Delivery, DeliveryStatus, Event


@admin.register(Event)
class EventAdmin(ModelAdmin):
    list_display = ["occurred_at", "type", "subject_type", "subject_id", "actor_kind", "actor_label"]
    list_filter = ["actor_kind"]
    search_fields = ["type__exact", "request_id__exact"]
    search_help_text = "type (appointment.booked) or request id"
    read_only = True


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin):
    list_display = ["event", "handler", "status", "attempts", "due_at", "error"]
    list_filter = ["status", "handler"]
    list_select_related = ["event"]
    read_only = True
    actions = ["revive"]

    @admin.action(description="Deliver the chosen dead ones again")
    def revive(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        dead = list(queryset.filter(status=DeliveryStatus.DEAD))
        for delivery in dead:
            services.revive_delivery(delivery=delivery, actor=request.actor)
        self.message_user(request, _("%(count)d deliveries will be tried again.") % {"count": len(dead)})
