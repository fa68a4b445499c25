"""Organization, locations, people and keys, for the administrators of the organization."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from apps.core.admin import ModelAdmin, TenantModelForm
from apps.organizations import services
from apps.organizations.models import ApiKey, Location, Membership, Organization, User
from apps.organizations.permissions import Permission


@admin.register(Organization)
class OrganizationAdmin(ModelAdmin):
    """The organization one works in; new ones are made with `manage.py create_organization`."""

    list_display = ["name", "slug", "timezone", "country", "is_active"]
    readonly_fields = ["slug", "is_active"]
    may_add = False
    may_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(pk=request.organization.pk)


@admin.register(Location)
class LocationAdmin(ModelAdmin):
    """Places; saved by the services, so that their public holidays follow."""

    list_display = ["name", "city", "timezone", "phone", "observes_holidays", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "city", "address"]
    may_delete = False

    def save_model(self, request: HttpRequest, obj: Location, form: forms.ModelForm, change: bool) -> None:
        fields = {name: value for name, value in form.cleaned_data.items() if name in services.LOCATION_FIELDS}
        if change:
            services.update_location(
                location=obj, changes={name: fields[name] for name in form.changed_data}, actor=request.actor
            )
            return
        made = services.create_location(organization=request.organization, actor=request.actor, **fields)
        obj.pk, obj.created_at, obj.updated_at = made.pk, made.created_at, made.updated_at


@admin.register(User)
class UserAdmin(ModelAdmin):
    """The people of the organization, to look at: they keep their own name and address, roles are in memberships."""

    list_display = ["email", "name", "is_active", "last_login"]
    fields = ["email", "name", "language", "is_active", "last_login"]
    search_fields = ["email", "name"]
    read_only = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).filter(memberships__organization=request.organization)


class MembershipForm(TenantModelForm):
    """An invitation while new, a role afterwards."""

    email = forms.EmailField(widget=UnfoldAdminEmailInputWidget, help_text="they sign in with it")
    name = forms.CharField(max_length=120, required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Membership
        fields = ["role", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["email"], self.fields["name"]


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who works here, and as what. A new member who never signed in gets a link for setting a password."""

    form = MembershipForm
    list_display = ["user", "role", "is_active", "created_at"]
    list_filter = ["role", "is_active"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name"]
    may_delete = False
    actions = ["make_password_link"]

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return ["email", "name", "role"] if obj is None else ["user", "role", "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *([] if obj is None else ["user"])]

    def save_model(self, request: HttpRequest, obj: Membership, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.change_member(membership=obj, role=obj.role, is_active=obj.is_active, actor=request.actor)
            return
        made = services.invite_member(
            organization=request.organization,
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            role=obj.role,
            actor=request.actor,
        )
        obj.pk, obj.user = made.pk, made.user

    def response_add(self, request: HttpRequest, obj: Membership, post_url_continue: str | None = None) -> HttpResponse:
        if obj.user.has_usable_password():
            return super().response_add(request, obj, post_url_continue)
        return self._show_link(request, obj)

    @admin.action(description="Make a link for setting the password")
    def make_password_link(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        memberships = list(queryset.select_related("user")[:2])
        if len(memberships) != 1:
            self.message_user(request, _("Choose one person; each link is shown once."), "warning")
            return None
        if services.is_member_elsewhere(memberships[0]):
            self.message_user(
                request,
                _("This person also works for another organization and resets the password by e-mail."),
                "warning",
            )
            return None
        return self._show_link(request, memberships[0])

    def _show_link(self, request: HttpRequest, membership: Membership) -> HttpResponse:
        return shown_once(
            self,
            request,
            title=_("Link for %(user)s") % {"user": membership.user},
            text=_("Hand it over safely: whoever opens it first sets the password. It works once and for three days."),
            secret=services.password_link(membership.user),
        )


class ApiKeyForm(TenantModelForm):
    """What a new key may do."""

    scopes = forms.MultipleChoiceField(
        choices=[(p.value, p.value) for p in Permission],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="none chosen: everything that the person's role allows",
    )

    class Meta:
        model = ApiKey
        fields = ["user", "name", "scopes", "expires_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys for programs. The key itself is shown once, after it was issued."""

    form = ApiKeyForm
    list_display = ["name", "user", "prefix", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix"]
    may_delete = False
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        if obj is None:
            return ["user", "name", "scopes", "expires_at"]
        return ["user", "name", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(
                memberships__organization=request.organization, memberships__is_active=True
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        issued = services.issue_api_key(
            organization=request.organization,
            user=obj.user,
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            expires_at=obj.expires_at,
            actor=request.actor,
        )
        obj.pk, obj.prefix = issued.row.pk, issued.row.prefix
        request.issued_key = issued.plain

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return shown_once(
            self,
            request,
            title=_("Key “%(name)s”") % {"name": obj.name},
            text=_("Copy it now: it is not kept, and nobody can show it again."),
            secret=request.issued_key,
        )

    @admin.action(description="Revoke the chosen keys")
    def revoke(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for key in queryset:
            services.revoke_api_key(key=key, actor=request.actor)
        self.message_user(request, _("The keys are revoked."))


def shown_once(model_admin: ModelAdmin, request: HttpRequest, *, title: str, text: str, secret: str) -> HttpResponse:
    """Answer with a page that shows a secret, to be kept by no cache and no history."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": title,
        "text": text,
        "secret": secret,
    }
    return TemplateResponse(request, "admin/shown_once.html", context, headers={"Cache-Control": "no-store"})
