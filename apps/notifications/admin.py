"""Texts and rules in the admin; they are checked as everywhere, and what staff were told is to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm, fields
from django.http import HttpRequest

from apps.communications.models import Channel
from apps.core.admin import ModelAdmin, TenantModelForm
from apps.notifications import services
from apps.notifications.models import Rule, StaffNotice, Template
from apps.notifications.services.templates import RULE_FIELDS, TEMPLATE_FIELDS


@admin.register(Template)
class TemplateAdmin(ModelAdmin):
    """Every text is checked before it is saved: syntax, variables, length."""

    list_display = ["key", "channel", "language", "subject", "is_active"]
    list_filter = ["channel", "language", "is_active", "key"]
    search_fields = ["key", "body"]
    fields = ["key", ("channel", "language"), "subject", "body", "content_sid", "is_active"]

    def save_model(self, request: HttpRequest, obj: Template, form: ModelForm, change: bool) -> None:
        actor = request.actor  # type: ignore[attr-defined]
        if change:
            services.update_template(template=obj, changes=_changed(form), actor=actor)
            return
        values = {name: getattr(obj, name) for name in TEMPLATE_FIELDS}
        obj.pk = services.create_template(organization=obj.organization, actor=actor, **values).pk

    def delete_model(self, request: HttpRequest, obj: Template) -> None:
        services.delete_template(template=obj, actor=request.actor)  # type: ignore[attr-defined]

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for template in queryset:
            self.delete_model(request, template)


class RuleForm(TenantModelForm):
    """Channels in the order to try, separated by commas."""

    class Meta:
        model = Rule
        fields = RULE_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ", ".join(Channel.values)
        for name in ("channels", "also_channels"):
            field: fields.Field = self.fields[name]
            field.help_text = f"{field.help_text} ({known})".strip()


@admin.register(Rule)
class RuleAdmin(ModelAdmin):
    """When which text goes out."""

    form = RuleForm
    list_display = ["name", "event_type", "template_key", "category", "offset_minutes", "channels", "is_active"]
    list_filter = ["event_type", "category", "is_active"]
    ordering = ["event_type", "offset_minutes"]

    def save_model(self, request: HttpRequest, obj: Rule, form: ModelForm, change: bool) -> None:
        actor = request.actor  # type: ignore[attr-defined]
        if change:
            services.update_rule(rule=obj, changes=_changed(form), actor=actor)
            return
        values = {name: getattr(obj, name) for name in RULE_FIELDS}
        obj.pk = services.create_rule(organization=obj.organization, actor=actor, **values).pk

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        services.delete_rule(rule=obj, actor=request.actor)  # type: ignore[attr-defined]

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for rule in queryset:
            self.delete_model(request, rule)


@admin.register(StaffNotice)
class StaffNoticeAdmin(ModelAdmin):
    """What members of staff were told."""

    list_display = ["created_at", "user", "kind", "text", "read_at"]
    list_filter = ["kind", ("read_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    read_only = True


def _changed(form: ModelForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in form.changed_data}
