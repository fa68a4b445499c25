"""The admin: a support tool within one organization, behind the portal's own sign-in.

Every app's admin builds on `ModelAdmin` here; classes of third parties are turned away, because theirs would list
every organization's rows. Rows, choices and new rows belong to the organization the person works in: the queries
say so, row-level security is the net under them. What is written is an event (`record.added/.changed/.deleted`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlencode

from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline as UnfoldStackedInline
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.sites import UnfoldAdminSite

from apps.core.announcements import announce
from apps.core.constraints import is_unstorable, violated_constraint
from apps.core.errors import ApplicationError, InvalidInput
from apps.core.tenancy import is_tenant_model

UNFOLD_NEEDS = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}
USE_ADMIN = "admin.use"  # organizations.permissions.Permission.ADMIN_USE, one floor up


def organization_name(request: HttpRequest) -> str:
    """Return what stands under the admin's title: whose rows these are."""
    return str(getattr(request, "organization", None) or "")


def favicon(request: HttpRequest) -> str:
    return static("img/favicon.svg")


class PortalAdminSite(UnfoldAdminSite):
    """The admin of the organization that the person works in."""

    def has_permission(self, request: HttpRequest) -> bool:
        actor = getattr(request, "actor", None)
        return actor is not None and request.user.is_authenticated and actor.may(USE_ADMIN)

    def register(self, model_or_iterable: Any, admin_class: type | None = None, **options: Any) -> None:
        """Register an admin class of ours; leave any other one out."""
        if admin_class is not None and issubclass(admin_class, ModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Guard a view, and loosen the policy of its page as far as unfold needs (docs/decisions): eval, inline styles."""
        return csp_update(UNFOLD_NEEDS)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the one sign-in page, with its second factor and its limits."""
        if request.user.is_authenticated:
            refused = _(
                "The admin is for administrators of an organization. Ask one of yours, or switch the organization."
            )
            raise NotAdministrator(refused)
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_logout"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_change_password"))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not request.GET.get("page", "1").isdigit():
            raise Http404
        return super().search(request, extra_context)


class NotAdministrator(ApplicationError):
    """Somebody signed in, but not as an administrator."""

    status = 403
    code = "forbidden"


class TenantModelForm(forms.ModelForm):
    """A form whose row belongs to the organization before it is validated, so that every constraint is checked."""

    request: ClassVar[HttpRequest]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _adopt(self.instance, self.request)

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"organization"}

    def clean(self) -> dict[str, Any] | None:
        refusal: InvalidInput | None = getattr(self.request, "admin_refusal", None)
        if refusal is not None:
            for field, sentences in refusal.errors.items():
                if field in self.fields:
                    self.add_error(field, sentences)
            if not any(field in self.fields for field in refusal.errors):
                raise ValidationError(refusal.message)
        return super().clean()


class JsonFormField(forms.JSONField):
    """JSON whose text is made of whole characters: a half can be written as an escape, but neither stored nor shown."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "half": _l("This has half of a character (a lone surrogate, such as \\ud800). Write whole characters.")
    }

    def to_python(self, value: Any) -> Any:
        """Return the value; raise ValidationError for what is no JSON, or holds a half."""
        found = super().to_python(value)
        if _has_half(found):
            raise ValidationError(self.error_messages["half"], code="half")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what is shown again: a half as it was typed."""
        found = super().bound_data(data, initial)
        return InvalidJSONInput(data) if _has_half(found) else found


def _has_half(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _adopt(instance: models.Model, request: HttpRequest) -> None:
    if instance._state.adding and is_tenant_model(type(instance)):
        instance.organization = request.organization  # type: ignore[attr-defined]


class _WithinOrganization:
    """What model admins and inlines share: permissions by role, choices of the organization."""

    read_only: ClassVar[bool] = False
    may_add: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True
    model: type[models.Model]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)  # type: ignore[misc]
        return rows.filter(organization=request.organization) if is_tenant_model(self.model) else rows  # type: ignore[attr-defined]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs.setdefault("form_class", JsonFormField)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        self._bound_choices(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: models.ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        self._bound_choices(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _bound_choices(self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> None:
        """Offer, and accept, rows of the organization only; of the people, who stand above it, its members."""
        target = db_field.remote_field.model
        if "queryset" in kwargs:
            return
        organization = request.organization  # type: ignore[attr-defined]
        if is_tenant_model(target):
            kwargs["queryset"] = target._default_manager.filter(organization=organization)
        elif target is get_user_model():
            kwargs["queryset"] = target._default_manager.filter(memberships__organization=organization)

    def get_exclude(self, request: HttpRequest, obj: models.Model | None = None) -> Sequence[str]:
        given = tuple(super().get_exclude(request, obj) or ())  # type: ignore[misc]
        return (*given, "organization") if is_tenant_model(self.model) else given

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._allowed(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._allowed(request)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._allowed(request) and self.may_add and not self.read_only

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._allowed(request) and not self.read_only

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._allowed(request) and self.may_delete and not self.read_only

    def _allowed(self, request: HttpRequest) -> bool:
        actor = getattr(request, "actor", None)
        return actor is not None and actor.may(USE_ADMIN)


class ModelAdmin(_WithinOrganization, UnfoldModelAdmin):
    """One table in the admin.

    `read_only`, `may_add`, `may_delete` narrow what administrators may do. `save_model` may call a service: an
    ApplicationError, like a violated constraint of the database, comes back as an error of the form.
    """

    form = TenantModelForm
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = True

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Iterable[str]:
        times = [name for name in ("created_at", "updated_at") if _has_field(self.model, name)]
        return [*super().get_readonly_fields(request, obj), *(times if obj is not None else [])]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Save in a savepoint; when the database or a service refuses, show the form again with the reason."""
        view = super().changeform_view
        try:
            with transaction.atomic():
                return view(request, object_id, form_url, extra_context)
        except (IntegrityError, DataError, ApplicationError, ValidationError) as error:
            if request.method != "POST" or (isinstance(error, DataError) and not is_unstorable(error)):
                raise
            request.admin_refusal = _refusal(error)  # type: ignore[attr-defined]
        return view(request, object_id, form_url, extra_context)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        """Run a bulk action in a savepoint; a refusal becomes a message."""
        with self.refusals_as_messages(request):
            return super().response_action(request, queryset)
        return HttpResponseRedirect(request.get_full_path())

    @contextmanager
    def refusals_as_messages(self, request: HttpRequest) -> Iterator[None]:
        """Undo the block and say why when a service or the database refuses."""
        try:
            with transaction.atomic():
                yield
        except (IntegrityError, ApplicationError, ValidationError) as error:
            self.message_user(request, _refusal(error).message, messages.ERROR)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        _record(request, "added", obj, [])

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        _record(request, "changed", obj, _changed_fields(message))

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> None:
        for obj in queryset:
            _record(request, "deleted", obj, [])

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the events of the object, which are the history."""
        if self.get_object(request, object_id) is None:
            raise Http404
        return HttpResponseRedirect(
            f"{reverse('admin:events_event_changelist')}?{urlencode({'subject_id__exact': object_id})}"
        )


class TenantInlineFormSet(PaginationInlineFormSet):
    """Rows that get their parent's organization before they are validated."""

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form = super()._construct_form(i, **kwargs)
        if form.instance._state.adding and is_tenant_model(type(form.instance)):
            form.instance.organization_id = self.instance.organization_id
        return form


class TenantInlineForm(forms.ModelForm):
    """A row of an inline, validated together with its organization."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"organization"}


class TabularInline(_WithinOrganization, UnfoldTabularInline):
    """Child rows in a table."""

    form = TenantInlineForm
    formset = TenantInlineFormSet
    extra = 0


class StackedInline(_WithinOrganization, UnfoldStackedInline):
    """Child rows one below the other."""

    form = TenantInlineForm
    formset = TenantInlineFormSet
    extra = 0


def _has_field(model: type[models.Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.local_fields)


def _changed_fields(message: Any) -> list[str]:
    if not isinstance(message, list):
        return []
    return sorted({str(name) for part in message for name in part.get("changed", {}).get("fields", [])})


def _record(request: HttpRequest, verb: str, subject: models.Model, fields: list[str]) -> None:
    """Announce what the admin wrote: names of fields, no values."""
    announce(
        f"record.{verb}",
        subject=subject,
        actor=request.actor,  # type: ignore[attr-defined]
        organization_id=request.organization.pk,  # type: ignore[attr-defined]
        payload={"model": subject._meta.label, "fields": fields},
    )


def _refusal(error: Exception) -> InvalidInput:
    if isinstance(error, InvalidInput):
        return error
    if isinstance(error, ApplicationError):
        return InvalidInput(error.message)
    if isinstance(error, ValidationError):
        return InvalidInput(" ".join(error.messages))
    if isinstance(error, DataError):
        return InvalidInput(
            _("A value is out of range or holds characters that can't be stored. Change it and save again.")
        )
    constraint = violated_constraint(error) if isinstance(error, IntegrityError) else ""
    rule = constraint.replace("_", " ") or _("a rule of the database")
    return InvalidInput(_("This was not saved: %(rule)s. Change the values and save again.") % {"rule": rule})
