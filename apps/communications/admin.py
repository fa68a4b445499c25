"""Senders, the ledger, and what is known about addresses, in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget

from apps.audit.services import record_access
from apps.communications.accounts import simulator_allowed
from apps.communications.models import ChannelAccount, Communication, ContactState, SimulatorMessage, SimulatorPhone
from apps.core.admin import ModelAdmin, TenantModelForm


class ChannelAccountForm(TenantModelForm):
    """The token is written, never shown; left empty it stays as it is."""

    auth_token = forms.CharField(
        required=False,
        max_length=128,
        widget=UnfoldAdminPasswordWidget(),
        help_text="empty: keep the present one; without any, TWILIO_AUTH_TOKEN of the environment counts",
    )

    class Meta:
        model = ChannelAccount
        fields = [
            "channel",
            "address",
            "provider",
            "account_sid",
            "auth_token",
            "messaging_service_sid",
            "per_second",
            "is_active",
        ]

    def clean_auth_token(self) -> str:
        return self.cleaned_data["auth_token"] or self.instance.auth_token


@admin.register(ChannelAccount)
class ChannelAccountAdmin(ModelAdmin):
    """The clinic's own numbers and addresses."""

    form = ChannelAccountForm
    list_display = ["channel", "address", "provider", "per_second", "is_active"]
    list_filter = ["channel", "provider", "is_active"]
    ordering = ["channel", "address"]


@admin.register(Communication)
class CommunicationAdmin(ModelAdmin):
    """Read only: a message changes through the services, under its lock. A look at a patient's is recorded."""

    list_display = ["planned_at", "channel", "category", "to_address", "patient", "status", "due_at", "error_code"]
    list_filter = ["status", "channel", "category", "provider"]
    list_select_related = ["patient"]
    search_fields = ["to_address__exact", "provider_id__exact", "dedupe_key__exact"]
    search_help_text = "address (+15551234567), the provider's id, or the key it was planned under"
    ordering = ["-planned_at", "-id"]
    read_only = True

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and row.patient_id is not None:
            record_access(
                organization=request.organization,  # type: ignore[attr-defined]
                actor=request.actor,  # type: ignore[attr-defined]
                patient_ids=[row.patient_id],
                route="admin:communications_communication",
            )
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(ContactState)
class ContactStateAdmin(ModelAdmin):
    """What is known about addresses. An opt-out ends with the person's START, not here."""

    list_display = ["address", "channel", "last_inbound_at", "opted_out_at", "unreachable_at", "unreachable_code"]
    list_filter = [
        "channel",
        ("opted_out_at", admin.EmptyFieldListFilter),
        ("unreachable_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["address__exact"]
    ordering = ["address"]
    actions = ["try_again"]
    read_only = True

    @admin.action(description="Try these addresses again", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        count = queryset.filter(unreachable_at__isnull=False).update(unreachable_at=None, unreachable_code="")
        self.message_user(request, _("%(count)d addresses count as reachable again.") % {"count": count})


class SimulatorMessageAdmin(ModelAdmin):
    """What the simulated carrier accepted."""

    list_display = ["created_at", "channel", "to_address", "status", "error_code"]
    list_filter = ["channel", "status"]
    ordering = ["-created_at"]
    read_only = True


class SimulatorPhoneAdmin(ModelAdmin):
    """How the simulated phones treat the next message."""

    list_display = ["address", "label", "next_outcome"]
    ordering = ["address"]


if simulator_allowed():
    admin.site.register(SimulatorMessage, SimulatorMessageAdmin)
    admin.site.register(SimulatorPhone, SimulatorPhoneAdmin)
