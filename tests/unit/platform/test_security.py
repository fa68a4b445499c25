"""S10: policy and headers of every page, sign-in that locks, deployment checks, settings without defaults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from structlog.testing import capture_logs

from apps.core import checks, tenancy
from tests.fixtures.clients import PortalClient

ROOT = Path(__file__).resolve().parents[3]


def directives(answer) -> dict[str, str]:
    policy = answer["Content-Security-Policy"]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}


class TestHeaders:
    @pytest.mark.parametrize("url", ["/accounts/login/", "/healthz", "/nothing/here/", "/api/v1/nothing/"])
    def test_the_policy_allows_only_our_own_files(self, db, anonymous_client, url):
        policy = directives(anonymous_client.get(url))
        assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in str(policy)

    def test_the_admin_has_the_one_documented_exception(self, admin_client):
        policy = directives(admin_client.get("/admin/"))
        assert policy["script-src"] == "'self' 'unsafe-eval'"
        assert policy["style-src"] == "'self' 'unsafe-inline'"
        assert policy["default-src"] == "'self'"

    def test_pages_of_signed_in_people_are_kept_nowhere(self, manager_client, api_client):
        assert "no-store" in manager_client.get("/api/docs/")["Cache-Control"]
        assert "no-store" in api_client.get("/api/v1/events/")["Cache-Control"]

    def test_frames_types_referrers_and_devices_are_closed(self, db, anonymous_client):
        headers = anonymous_client.get("/accounts/login/").headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_nobody_changes_the_address_they_were_invited_with(front_desk, desk_client):
    page = reverse("account_change_password")
    assert desk_client.get("/accounts/email/").url == page
    assert desk_client.post("/accounts/email/", {"action_add": "", "email": "mine@example.org"}).url == page
    assert not EmailAddress.objects.filter(email="mine@example.org").exists()


class TestForgottenPassword:
    def ask(self, client, email):
        return client.post(reverse("account_reset_password"), {"email": email}, follow=True)

    def test_the_link_in_the_mail_opens_the_page_for_a_new_password(self, front_desk, anonymous_client, mailoutbox):
        self.ask(anonymous_client, front_desk.user.email)
        (mail,) = mailoutbox
        assert mail.subject == "Choose a new password"
        link = next(line for line in mail.body.splitlines() if "/accounts/password/reset/key/" in line)
        page = anonymous_client.get(link, follow=True)
        assert "password1" in page.content.decode()

    def test_a_mail_server_that_is_away_is_logged_and_tells_nothing_about_addresses(
        self, front_desk, anonymous_client, settings
    ):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        with capture_logs() as logs:
            known = self.ask(anonymous_client, front_desk.user.email)
            unknown = self.ask(anonymous_client, "nobody@demo.clinic")
        assert (known.status_code, unknown.status_code) == (200, 200)
        assert known.redirect_chain == unknown.redirect_chain
        assert [line["event"] for line in logs].count("account.mail_not_sent") == 2


class TestSecondFactor:
    def test_setting_it_up_asks_for_the_password_first_and_then_shows_the_secret(self, front_desk, anonymous_client):
        front_desk.user.set_password("a long password")
        front_desk.user.save()
        anonymous_client.post(reverse("account_login"), {"login": front_desk.user.email, "password": "a long password"})
        asked = anonymous_client.get(reverse("mfa_activate_totp"))
        assert asked.status_code == 302
        assert asked.url.startswith(reverse("account_reauthenticate"))
        page = anonymous_client.post(asked.url, {"password": "a long password"}, follow=True)
        assert 'id="totp-secret"' in page.content.decode()


class TestSignIn:
    @pytest.fixture(autouse=True)
    def fresh_limits(self):
        cache.clear()
        yield
        cache.clear()

    def attempt(self, client, email, password):
        return client.post(reverse("account_login"), {"login": email, "password": password})

    def test_the_right_password_opens(self, manager):
        manager.user.set_password("a-long-passphrase")
        manager.user.save()
        client = PortalClient()
        assert self.attempt(client, manager.user.email, "a-long-passphrase").status_code == 302
        assert client.get("/api/docs/").status_code == 200

    def test_after_a_few_wrong_ones_even_the_right_one_waits(self, manager):
        manager.user.set_password("a-long-passphrase")
        manager.user.save()
        client = PortalClient()
        for number in range(10):
            self.attempt(client, manager.user.email, f"wrong-{number}")
        answer = self.attempt(client, manager.user.email, "a-long-passphrase")
        assert answer.status_code != 302
        assert "_auth_user_id" not in client.session

    def test_many_names_from_one_place_are_limited_too(self, db):
        client = PortalClient()
        statuses = [self.attempt(client, f"person{number}@x.org", "wrong").status_code for number in range(40)]
        assert 429 in statuses

    def test_an_unknown_address_and_a_wrong_password_look_alike(self, manager):
        known = self.attempt(PortalClient(), manager.user.email, "wrong").content.decode()
        unknown = self.attempt(PortalClient(), "nobody@demo.clinic", "wrong").content.decode()
        strip = lambda page, email: page.replace(email, "").split("<form")[1].split("csrfmiddlewaretoken")[0]  # noqa: E731
        assert strip(known, manager.user.email) == strip(unknown, "nobody@demo.clinic")

    def test_the_api_documentation_has_the_portals_icon(self, manager_client):
        assert 'rel="icon"' in manager_client.get("/api/docs/").content.decode()

    def test_signing_out_needs_a_post(self, manager_client):
        manager_client.get(reverse("account_logout"))
        assert manager_client.get("/api/docs/").status_code == 200
        manager_client.post(reverse("account_logout"))
        assert manager_client.get("/api/docs/").status_code == 302


class TestChoices:
    def test_switching_needs_a_post_and_a_membership(self, manager, manager_client, other_organization):
        assert manager_client.get(reverse("organizations:switch")).status_code == 405
        answer = manager_client.post(reverse("organizations:switch"), {"organization": str(other_organization.pk)})
        assert answer.status_code == 404

    @pytest.mark.parametrize("value", ["", "x", "1"])
    def test_a_choice_that_is_none_is_refused(self, manager_client, value):
        assert manager_client.post(reverse("organizations:switch"), {"organization": value}).status_code == 422

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_next_leads_to_our_own_pages_only(self, manager_client, location, target):
        answer = manager_client.post(
            reverse("organizations:choose-location"), {"location": str(location.pk), "next": target}
        )
        assert answer["Location"] == "/"

    def test_a_location_is_remembered_and_forgotten(self, manager_client, location):
        url = reverse("organizations:choose-location")
        manager_client.post(url, {"location": str(location.pk), "next": "/today/"})
        assert manager_client.session["location_id"] == str(location.pk)
        manager_client.post(url, {"location": ""})
        assert "location_id" not in manager_client.session

    def test_a_language_follows_the_person(self, manager, manager_client):
        manager_client.post(reverse("set_language"), {"language": "es"})
        manager.user.refresh_from_db()
        assert manager.user.language == "es"

    def test_a_language_that_we_do_not_speak_is_not_kept(self, manager, manager_client):
        manager_client.post(reverse("set_language"), {"language": "tlh"})
        manager.user.refresh_from_db()
        assert manager.user.language == ""


class TestSettingsChecks:
    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"SECRET_KEY": ""}, "clinic.E001"),
            ({"ALLOWED_HOSTS": []}, "clinic.E002"),
            ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": ""}, "clinic.E003"),
        ],
    )
    def test_a_missing_secret_is_named(self, settings, changed, expected):
        for name, value in changed.items():
            setattr(settings, name, value)
        assert [message.id for message in checks.secrets_are_set(None)] == [expected]

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"DEMO": True, "PUBLIC_BASE_URL": "https://clinic.example"}, ["clinic.E004"]),
            ({"DEMO": True, "PUBLIC_BASE_URL": "http://127.0.0.1:8000"}, []),
            ({"DEMO": False, "PUBLIC_BASE_URL": "ftp://x"}, ["clinic.E005"]),
            ({"DEMO": False, "TESTING": False, "PUBLIC_BASE_URL": "http://clinic.example"}, ["clinic.W001"]),
            ({"DEMO": False, "TESTING": False, "PUBLIC_BASE_URL": "https://clinic.example"}, []),
        ],
    )
    def test_demo_mode_stays_on_this_machine(self, settings, changed, expected):
        for name, value in changed.items():
            setattr(settings, name, value)
        assert [message.id for message in checks.demo_stays_here(None)] == expected

    @pytest.mark.django_db
    def test_the_role_of_queries_is_bound_and_the_owner_s_is_noticed(self):
        assert checks.row_level_security_binds(None, databases=["default"]) == []
        with tenancy.all_organizations():
            assert [message.id for message in checks.row_level_security_binds(None, databases=["default"])] == [
                "clinic.E006"
            ]

    @pytest.mark.django_db
    def test_a_table_whose_policy_is_missing_is_noticed(self):
        with tenancy.all_organizations(), connection.cursor() as cursor:
            cursor.execute("DROP POLICY organization_only ON patients_patient")
        (complaint,) = checks.row_level_security_binds(None, databases=["default"])
        assert (complaint.id, complaint.msg) == ("clinic.E008", "Row-level security does not cover patients_patient.")
        with tenancy.all_organizations():
            tenancy.install_policies()
        assert checks.row_level_security_binds(None, databases=["default"]) == []

    def test_a_short_secret_is_named_unless_it_is_a_demo_s(self, settings):
        settings.SECRET_KEY = "short"
        assert checks.secrets_are_set(None) == []
        settings.TESTING = False
        assert [message.id for message in checks.secrets_are_set(None)] == ["clinic.E007"]
        settings.DEMO = True
        assert checks.secrets_are_set(None) == []


class TestProduction:
    """The settings as a deployment reads them, in a process of their own."""

    def manage(self, *arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        base = {
            "CLINIC_IGNORE_DOTENV": "true",
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "REDIS_URL": os.environ["REDIS_URL"],
        }
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=clean | base | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_deployment_check_is_clean(self):
        done = self.manage(
            "check",
            "--deploy",
            "--fail-level=WARNING",
            SECRET_KEY="kV8mQ2xLr5tY7wZb3nHs6pJd9fGc4aEu1oTiRvNyXqWzPlKjMh",
            ALLOWED_HOSTS="clinic.example",
            PUBLIC_BASE_URL="https://clinic.example",
        )
        assert done.returncode == 0, done.stderr

    def test_without_secrets_it_does_not_start(self):
        done = self.manage("check")
        assert done.returncode == 1
        assert "SECRET_KEY is not set" in done.stderr
        assert "ALLOWED_HOSTS is empty" in done.stderr


@pytest.mark.parametrize("path", ["/patients/new/", "/patients/search/"])
def test_a_form_that_is_sent_after_the_session_ended_stays_and_says_where_to_sign_in(anonymous_client, path):
    answer = anonymous_client.post(path, {"given_name": "Ana"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Reswap"], answer.content) == (401, "none", b"")
    said = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert said["text"] == "You were signed out. Sign in in another tab, then save again."
    assert said["link_url"] == reverse("account_login")


def test_a_form_whose_token_went_with_the_session_says_the_same(front_desk):
    strict = PortalClient(enforce_csrf_checks=True)
    gone = strict.post("/patients/new/", {"given_name": "Ana"}, headers={"HX-Request": "true"})
    assert gone.status_code == 401
    strict.force_login(front_desk.user)
    assert strict.post("/patients/new/", {"given_name": "Ana"}, headers={"HX-Request": "true"}).status_code == 403


def test_a_page_that_is_asked_for_without_a_session_still_leads_to_the_sign_in(anonymous_client):
    for headers in ({}, {"HX-Request": "true"}):
        answer = anonymous_client.get("/patients/", headers=headers)
        assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next=/patients/")
