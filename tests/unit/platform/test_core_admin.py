"""The admin stays inside one organization, asks the role there, refuses in the form, and leaves a trace."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from apps.core.admin import ModelAdmin
from apps.core.tenancy import organization_scope
from apps.events.models import Delivery, DeliveryStatus, Event
from apps.organizations.models import ApiKey, Location, Membership, User
from apps.organizations.permissions import Role
from apps.organizations.selectors import access_for_key
from tests.fixtures.organizations import LocationFactory, MembershipFactory
from tests.fixtures.shared import client_for

ADDABLE = sorted(
    f"{model._meta.app_label}_{model._meta.model_name}"
    for model, model_admin in admin.site._registry.items()
    if model_admin.may_add and not model_admin.read_only
)
NEW_LOCATION = {"name": "Pier", "timezone": "America/New_York", "country": "US", "is_active": "on"}


def errors_of(answer):
    return re.sub(r"<[^>]+>", " ", answer.content.decode())


class TestAccess:
    def test_anonymous_people_go_to_the_one_sign_in_page(self, db, anonymous_client):
        answer = anonymous_client.get("/admin/", follow=True)
        assert (answer.status_code, answer.request["PATH_INFO"]) == (200, reverse("account_login"))

    def test_the_admins_own_sign_in_form_is_gone(self, db, anonymous_client):
        answer = anonymous_client.get("/admin/login/?next=/admin/")
        assert (answer.status_code, answer["Location"].startswith(reverse("account_login"))) == (302, True)

    @pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.CLINICIAN, Role.MANAGER, Role.AUDITOR])
    def test_other_roles_are_refused(self, organization, role):
        client = client_for(MembershipFactory(organization=organization, role=role, user__is_staff=True))
        assert client.get("/admin/", follow=True).status_code == 403
        assert client.get(reverse("admin:organizations_location_changelist"), follow=True).status_code == 403

    def test_an_administrator_of_another_organization_is_none_here(
        self, organization, other_organization, administrator
    ):
        """The role counts in the organization one works in, not in any."""
        MembershipFactory(organization=other_organization, user=administrator.user, role=Role.FRONT_DESK)
        client = client_for(administrator)
        assert client.get("/admin/").status_code == 200
        client.post(reverse("organizations:switch"), {"organization": str(other_organization.pk)})
        assert client.get("/admin/", follow=True).status_code == 403

    def test_models_of_third_parties_are_not_in_the_admin(self):
        assert all(isinstance(model_admin, ModelAdmin) for model_admin in admin.site._registry.values())
        assert not admin.site.is_registered(Group)


class TestRows:
    def test_only_rows_of_the_organization_are_listed(self, admin_client, location, other_organization):
        LocationFactory(organization=other_organization, name="Elsewhere")
        text = admin_client.get(reverse("admin:organizations_location_changelist")).content.decode()
        assert ("Harbour Street" in text, "Elsewhere" in text) == (True, False)

    def test_a_foreign_row_is_not_found(self, admin_client, other_organization):
        foreign = LocationFactory(organization=other_organization)
        answer = admin_client.get(reverse("admin:organizations_location_change", args=[foreign.pk]))
        assert answer.status_code == 302  # Django's "perhaps it was deleted", to the admin's start page

    def test_only_people_of_the_organization_are_offered(self, admin_client, front_desk, foreign_front_desk):
        text = admin_client.get(reverse("admin:organizations_apikey_add")).content.decode()
        assert (str(front_desk.user) in text, str(foreign_front_desk.user) in text) == (True, False)

    @pytest.mark.parametrize("name", ADDABLE)
    def test_no_form_offers_a_person_of_another_organization(self, admin_client, foreign_front_desk, name):
        page = admin_client.get(reverse(f"admin:{name}_add")).content.decode()
        assert "<form" in page
        assert str(foreign_front_desk.user) not in page

    def test_a_foreign_choice_is_refused_even_when_it_is_posted(self, admin_client, foreign_front_desk):
        answer = admin_client.post(
            reverse("admin:organizations_apikey_add"), {"user": str(foreign_front_desk.user_id), "name": "stolen"}
        )
        assert answer.status_code == 200
        assert ApiKey.objects.count() == 0

    def test_a_new_row_belongs_to_the_organization_whatever_is_posted(
        self, admin_client, organization, other_organization
    ):
        admin_client.post(
            reverse("admin:organizations_location_add"), NEW_LOCATION | {"organization": str(other_organization.pk)}
        )
        assert Location.objects.get(name="Pier").organization_id == organization.pk


class TestRefusals:
    def test_a_violated_constraint_is_an_error_of_the_form(self, admin_client, location):
        answer = admin_client.post(reverse("admin:organizations_location_add"), NEW_LOCATION | {"name": location.name})
        assert answer.status_code == 200
        assert "already exists" in errors_of(answer) or "location name is unique" in errors_of(answer)
        assert Location.objects.count() == 1

    def test_what_only_the_database_notices_is_an_error_of_the_form_too(self, admin_client, location, monkeypatch):
        """Two people save at once: validation saw nothing, the constraint did."""
        monkeypatch.setattr("django.db.models.Model.validate_constraints", lambda *args, **kwargs: None)
        monkeypatch.setattr("django.db.models.Model.validate_unique", lambda *args, **kwargs: None)
        answer = admin_client.post(reverse("admin:organizations_location_add"), NEW_LOCATION | {"name": location.name})
        assert answer.status_code == 200
        assert "location name is unique in organization" in errors_of(answer)

    def test_what_a_service_refuses_is_an_error_of_the_form(self, admin_client, administrator):
        answer = admin_client.post(
            reverse("admin:organizations_membership_change", args=[administrator.pk]),
            {"role": "manager", "is_active": "on"},
        )
        assert answer.status_code == 200
        administrator.refresh_from_db()
        assert (administrator.role, "last" in errors_of(answer)) == (Role.ADMIN, True)


class TestTrace:
    def test_each_write_is_an_event_with_names_of_fields_only(self, admin_client, administrator, location):
        data = NEW_LOCATION | {"name": "Secret name"}
        admin_client.post(reverse("admin:organizations_location_change", args=[location.pk]), data)
        event = Event.objects.get(type="record.changed")
        assert (event.subject_id, event.actor_id) == (location.pk, administrator.user_id)
        assert "Secret name" not in str(event.payload)

    def test_nothing_is_written_to_djangos_own_log(self, admin_client):
        from django.contrib.admin.models import LogEntry

        admin_client.post(reverse("admin:organizations_location_add"), NEW_LOCATION)
        assert Location.objects.filter(name="Pier").exists()
        assert LogEntry.objects.count() == 0

    def test_the_history_of_an_object_is_its_events(self, admin_client, location):
        answer = admin_client.get(reverse("admin:organizations_location_history", args=[location.pk]), follow=True)
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] == reverse("admin:events_event_changelist")


class TestPeopleAndKeys:
    def test_an_invitation_makes_a_member_and_shows_the_link_once(self, admin_client, organization, anonymous_client):
        answer = admin_client.post(
            reverse("admin:organizations_membership_add"),
            {"email": "New@Demo.clinic", "name": "New", "role": "clinician"},
        )
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        membership = Membership.objects.get(user__email="new@demo.clinic")
        assert membership.role == Role.CLINICIAN
        link = re.search(r"http://testserver(/accounts/password/reset/key/[^<\s]+)", answer.content.decode())[1]
        page = anonymous_client.get(link, follow=True)
        anonymous_client.post(
            page.request["PATH_INFO"], {"password1": "a-long-passphrase", "password2": "a-long-passphrase"}
        )
        assert User.objects.get(email="new@demo.clinic").check_password("a-long-passphrase")

    def test_somebody_of_another_organization_gets_no_password_link(
        self, admin_client, organization, foreign_front_desk
    ):
        membership = MembershipFactory(organization=organization, user=foreign_front_desk.user)
        answer = admin_client.post(
            reverse("admin:organizations_membership_changelist"),
            {"action": "make_password_link", "_selected_action": [str(membership.pk)]},
            follow=True,
        )
        assert "password/reset" not in answer.content.decode()

    def test_a_key_is_shown_once_and_works(self, admin_client, administrator, organization):
        answer = admin_client.post(
            reverse("admin:organizations_apikey_add"),
            {"user": str(administrator.user_id), "name": "Import", "scopes": ["patients.view"]},
        )
        plain = re.search(r"clk_[\w-]+", answer.content.decode())[0]
        key = ApiKey.objects.get()
        assert (
            plain not in admin_client.get(reverse("admin:organizations_apikey_change", args=[key.pk])).content.decode()
        )
        assert access_for_key(plain).actor.permissions == {"patients.view"}

    def test_a_revoked_key_opens_nothing(self, admin_client, administrator, organization):
        answer = admin_client.post(
            reverse("admin:organizations_apikey_add"), {"user": str(administrator.user_id), "name": "Import"}
        )
        plain = re.search(r"clk_[\w-]+", answer.content.decode())[0]
        admin_client.post(
            reverse("admin:organizations_apikey_changelist"),
            {"action": "revoke", "_selected_action": [str(ApiKey.objects.get().pk)]},
        )
        assert access_for_key(plain) is None
        assert Event.objects.filter(type="api_key.revoked").exists()


def test_a_dead_delivery_is_revived(admin_client, organization, administrator):
    from apps.core.actors import SYSTEM
    from apps.events.services import emit

    event = emit("location.opened", subject=LocationFactory(organization=organization), actor=SYSTEM)
    delivery = Delivery.objects.create(
        organization=organization,
        event=event,
        handler="gone",
        status=DeliveryStatus.DEAD,
        attempts=12,
        due_at=event.occurred_at,
    )
    admin_client.post(
        reverse("admin:events_delivery_changelist"), {"action": "revive", "_selected_action": [str(delivery.pk)]}
    )
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 0)


@pytest.mark.parametrize("name", sorted(f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry))
def test_every_page_of_the_admin_answers(admin_client, name):
    assert admin_client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert admin_client.get(reverse(f"admin:{name}_changelist"), {"q": "x"}).status_code in {200, 302}
    assert admin_client.get(reverse(f"admin:{name}_add")).status_code in {200, 403}


def test_no_line_of_a_form_holds_more_fields_than_fit_beside_each_other():
    lines = [line for m in admin.site._registry.values() for line in m.fields or () if isinstance(line, tuple)]
    assert {len(line) for line in lines} == {2}


@pytest.mark.parametrize("written", ["López", "lopez ANA"])
def test_a_patient_is_found_as_people_write_them(admin_client, patient, written):
    found = admin_client.get(reverse("admin:patients_patient_changelist"), {"q": written}).context["cl"].queryset
    assert list(found) == [patient]


def test_the_parts_of_a_patient_have_headings_in_plain_english(admin_client, patient):
    page = admin_client.get(reverse("admin:patients_patient_change", args=[patient.pk])).content.decode()
    assert [word for word in ("Addresses", "Addresss") if word in page] == ["Addresses"]


def test_a_closed_organization_shows_nothing_in_the_admin_even_without_the_explicit_filter(
    admin_client, other_organization, monkeypatch
):
    """The net under the queries: with the filter off, row-level security still hides the other organization."""
    from unfold.admin import ModelAdmin as UnfoldModelAdmin

    from apps.core import admin as core_admin

    LocationFactory(organization=other_organization, name="Elsewhere")
    monkeypatch.setattr(core_admin._WithinOrganization, "get_queryset", UnfoldModelAdmin.get_queryset)
    assert "Elsewhere" not in admin_client.get(reverse("admin:organizations_location_changelist")).content.decode()
    with organization_scope(other_organization.pk):
        assert Location.objects.filter(name="Elsewhere").exists()


@pytest.mark.parametrize(
    ("text", "status", "kept"),
    [
        ('{"days": ["mon"]}', 302, {"days": ["mon"]}),
        ('["\\ud800"]', 200, {}),
        ('{"\\udfff": 1}', 200, {}),
        ('{"a": "\\u0000"}', 200, {}),
        ("NaN", 200, {}),
        ('{"a": 1e999}', 200, {}),
        ("[", 200, {}),
    ],
)
def test_json_that_no_column_holds_is_shown_again_with_the_reason(admin_client, patient, text, status, kept):
    address = reverse("admin:patients_patient_change", args=[patient.pk])
    page = admin_client.get(address).context
    form = page["adminform"].form
    data = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    for inline in page["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    answer = admin_client.post(address, data | {"preferred_times": text})
    patient.refresh_from_db()
    assert (answer.status_code, patient.preferred_times) == (status, kept)
