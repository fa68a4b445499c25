"""The project's own configuration: documented settings, deployment files that fit each other, marks by folder, gates."""

from __future__ import annotations

import gc
import re
import runpy
import sys
import tomllib

import pytest
import yaml

from tests import coverage_gates
from tests.environment import ROOT, with_database

VARIABLES = set(
    """
    SECRET_KEY DEBUG DEMO ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS PUBLIC_BASE_URL DATABASE_URL REDIS_URL TWILIO_ACCOUNT_SID
    TWILIO_AUTH_TOKEN TWILIO_PHONE_NUMBER TWILIO_WHATSAPP_NUMBER TWILIO_MESSAGING_SERVICE_SID TWILIO_API_BASE_URL
    OPENAI_API_KEY OPENAI_BASE_URL OPENAI_CHAT_MODEL OPENAI_EMBEDDING_MODEL OPENAI_TRANSCRIPTION_MODEL S3_BUCKET_NAME
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_S3_ENDPOINT_URL N8N_WEBHOOK_URL N8N_WEBHOOK_SECRET
    VOICE_AGENT_SECRET FHIR_BASE_URL FHIR_ACCESS_TOKEN EMAIL_URL DEFAULT_FROM_EMAIL SENTRY_DSN LOG_FORMAT PORT HOST DATA_DIR
""".split()
)
INTERNAL = {"CLINIC_IGNORE_DOTENV", "CLINIC_TESTING", "STATIC_ROOT"}


def documented() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def pins(name: str) -> dict[str, str]:
    """Return the versions by normalized package name."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def load(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text())


class TestSettings:
    def test_every_promised_variable_is_documented(self):
        assert VARIABLES - documented() == set()

    def test_every_variable_that_settings_read_is_documented(self):
        source = (ROOT / "clinic" / "settings.py").read_text()
        read = set(re.findall(r"env\.\w+\(\"([A-Z0-9_]+)\"", source))
        assert read - documented() - INTERNAL == set()

    def test_the_example_holds_no_secret(self):
        text = (ROOT / ".env.example").read_text()
        values = re.findall(
            r"^#?(?:SECRET_KEY|\w*(?:TOKEN|SECRET|API_KEY|ACCESS_KEY\w*|_PASSWORD))=(.*)$", text, re.MULTILINE
        )
        assert set(values) == {""}


class TestDeployment:
    def test_every_process_of_the_portal_waits_for_the_migrations(self):
        services = load("docker-compose.yml")["services"]
        for name in ("web", "worker", "worker-slow", "beat"):
            assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"

    def test_workers_take_every_queue_between_them(self):
        services = load("docker-compose.yml")["services"]
        text = " ".join(part for name in ("worker", "worker-slow") for part in services[name]["command"])
        queues = {queue for found in re.findall(r"--queues=(\S+)", text) for queue in found.split(",")}
        from clinic.celery import QUEUES

        assert set(QUEUES) <= queues

    def test_containers_run_without_root_and_without_spare_rights(self):
        web = load("docker-compose.yml")["services"]["web"]
        assert web["read_only"]
        assert web["cap_drop"] == ["ALL"]
        assert re.search(r"^USER 10001", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    def test_workers_start_with_the_whole_project_out_of_their_garbage_collections(self):
        configuration = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
        before = gc.get_freeze_count()
        try:
            configuration["when_ready"](None)
            assert gc.get_freeze_count() - before > 50_000
            assert "apps.portal.views.today" in sys.modules
        finally:
            gc.unfreeze()

    def test_the_image_gets_only_what_is_named(self):
        rules = (ROOT / ".dockerignore").read_text().split()
        assert "*" in rules
        assert not any(rule in {"!.env", "!.data", "!tests/"} for rule in rules)

    def test_the_workflow_tests_before_it_builds_and_builds_before_it_deploys(self):
        workflow = load(".github/workflows/test-deploy.yml")
        assert workflow["jobs"]["image"]["needs"] == "test"
        assert workflow["jobs"]["deploy"]["needs"] == "image"
        # YAML reads the bare word "on" as true.
        assert set(workflow[True]) == {"pull_request", "push", "workflow_dispatch"}
        assert workflow[True]["push"]["branches"] == ["main", "develop"]

    def test_requirements_are_pinned_exactly(self):
        for name in ("requirements.txt", "requirements-dev.txt"):
            lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
            assert [line for line in lines if line and not line.startswith("-") and "==" not in line] == []

    def test_the_lock_names_the_versions_of_the_requirements(self):
        locked = pins("constraints.txt")
        wanted = pins("requirements.txt") | pins("requirements-dev.txt")
        assert {name: version for name, version in wanted.items() if locked.get(name) != version} == {}


class TestTests:
    def test_marks_come_from_the_folders(self, request):
        assert {mark.name for mark in request.node.iter_markers()}.isdisjoint({"unit", "integration"})

    @pytest.mark.parametrize(
        ("url", "worker", "expected"),
        [
            ("unix:///run/valkey.sock?db=0", 2, "unix:///run/valkey.sock?db=2"),
            ("unix:///run/valkey.sock", 0, "unix:///run/valkey.sock?db=0"),
            ("redis://:secret@host:6379/0", 1, "redis://:secret@host:6379/1"),
            ("redis://host:6379", 17, "redis://host:6379/1"),
        ],
    )
    def test_each_worker_has_a_redis_database_of_its_own(self, url, worker, expected):
        assert with_database(url, worker) == expected

    def test_import_floors_name_every_app(self):
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
        named = set(re.findall(r"\w+", " ".join(contracts[0]["layers"])))
        present = {path.parent.name for path in (ROOT / "apps").glob("*/apps.py")}
        assert present - named == set()

    def test_coverage_is_counted_by_app_in_lines_and_branches(self):
        files = {
            "apps/tickets/services.py": summary(covered=8, lines=10, branches_covered=1, branches=2),
            "apps/tickets/views.py": summary(covered=0, lines=4),
            "apps/media/services.py": summary(covered=5, lines=5),
            "clinic/settings.py": summary(covered=0, lines=100),
        }
        percentages = coverage_gates.percentages(files)
        assert percentages["tickets"] == pytest.approx(100 * 9 / 16)
        assert percentages["media"] == 100
        assert percentages["overall"] == pytest.approx(100 * 14 / 21)

    def test_a_missed_gate_fails(self, tmp_path, monkeypatch, capsys):
        report = tmp_path / "report.json"
        report.write_text(
            '{"files": {"apps/webhooks/views.py": {"summary": {"covered_lines": 89, "num_statements": 100}}}}'
        )
        monkeypatch.setattr(coverage_gates, "REPORT", report)
        assert coverage_gates.main() == 1
        assert "BELOW its gate of 90 %" in capsys.readouterr().out


def summary(*, covered: int, lines: int, branches_covered: int = 0, branches: int = 0) -> dict[str, dict[str, int]]:
    return {
        "summary": {
            "covered_lines": covered,
            "num_statements": lines,
            "covered_branches": branches_covered,
            "num_branches": branches,
        }
    }
