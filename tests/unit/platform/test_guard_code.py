"""Rules of the house that code can break without a test noticing: floors, migrations, tasks, templates, serializers."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.db import models
from django.template import engines
from django.template.loader import get_template
from rest_framework import serializers

from apps.core import navigation
from apps.core.admin import ModelAdmin
from apps.core.api.fields import TenantRelatedField
from apps.core.templatetags.ui import icon_shapes
from apps.core.tenancy import is_tenant_model
from apps.events.registry import presentation_of, presented_types
from apps.patients import panels
from clinic.celery import QUEUES
from clinic.celery import app as celery_app

ROOT = Path(__file__).resolve().parents[3]


def floors() -> list[set[str]]:
    """Return the apps of each floor, from the roof down, as pyproject.toml has them for import-linter."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    return [{name.strip(" ()") for name in layer.split("|")} for layer in contract["layers"]]


def floor_of(app_label: str) -> int:
    return next(number for number, names in enumerate(reversed(floors())) if app_label in names)


class TestFloors:
    def test_every_app_of_ours_has_a_floor(self):
        known = {name for names in floors() for name in names}
        assert {name.removeprefix("apps.") for name in settings.CLINIC_APPS} <= known

    def test_foreign_keys_point_down(self):
        """The one exception is the tenant itself, to which rows of every floor belong."""
        ours = {name.removeprefix("apps.") for name in settings.CLINIC_APPS}
        upward = [
            f"{model._meta.label}.{field.name} → {field.remote_field.model._meta.label}"
            for model in apps.get_models(include_auto_created=True)
            if model._meta.app_label in ours
            for field in model._meta.get_fields()
            if isinstance(field, models.ForeignKey | models.ManyToManyField)
            and field.remote_field.model._meta.app_label in ours
            and field.remote_field.model._meta.app_label != model._meta.app_label
            and field.remote_field.model._meta.label != "organizations.Organization"
            and floor_of(field.remote_field.model._meta.app_label) >= floor_of(model._meta.app_label)
        ]
        assert upward == []

    def test_imports_go_down(self):
        command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]

    def test_apps_are_installed_from_the_ground_up(self):
        heights = [floor_of(name.removeprefix("apps.")) for name in settings.CLINIC_APPS]
        assert heights == sorted(heights)


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())


class TestTasks:
    @classmethod
    def setup_class(cls):
        celery_app.loader.import_default_modules()
        cls.ours = [task for name, task in celery_app.tasks.items() if not name.startswith(("celery.", "test."))]

    def test_every_task_has_a_known_queue(self):
        assert self.ours
        assert {task.name: task.queue for task in self.ours if getattr(task, "queue", None) not in QUEUES} == {}

    def test_every_name_says_its_app(self):
        wrong = [task.name for task in self.ours if not task.__module__.startswith(f"apps.{task.name.split('.')[0]}.")]
        assert wrong == []

    def test_beat_sends_tasks_that_exist_and_lets_late_ones_expire(self):
        names = {task.name for task in self.ours}
        schedule = celery_app.conf.beat_schedule
        assert {entry["task"] for entry in schedule.values()} - names == set()
        assert [name for name, entry in schedule.items() if not entry["options"].get("expires")] == []


def template_names() -> list[str]:
    folders = [Path(folder) for folder in engines["django"].engine.dirs]
    return sorted(
        str(path.relative_to(folder))
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".html", ".txt", ".ics", ".xml"}
    )


@pytest.mark.parametrize("name", template_names())
def test_every_template_compiles(name):
    get_template(name)


def test_every_icon_that_an_app_registers_is_vendored():
    """An unknown one fails only when it is drawn: on the page of the patient whose event has it."""
    named = {f"event {type_}": presentation_of(type_).icon for type_ in presented_types()}
    named |= {f"page {entry.key}": entry.icon for entry in navigation.entries()}
    named |= {f"new {action.label}": action.icon for action in navigation.actions()}
    named |= {f"panel {key}": panel.icon for key, panel in panels._panels.items() if panel.icon}
    assert {where: icon for where, icon in named.items() if icon not in icon_shapes()} == {}


class TestSerializers:
    def serializer_classes(self) -> set[type[serializers.Serializer]]:
        found: set[type[serializers.Serializer]] = set()
        waiting = list(serializers.BaseSerializer.__subclasses__())
        while waiting:
            one = waiting.pop()
            waiting += one.__subclasses__()
            if one.__module__.startswith("apps."):
                found.add(one)
        return found

    def test_ids_of_a_tenants_rows_are_read_within_the_organization(self):
        """Foreign-key checks see all rows: without this another organization's id would be accepted."""
        from django.urls import get_resolver

        assert get_resolver().url_patterns  # imports every app's api.py
        loose = []
        for cls in self.serializer_classes():
            for name, field in cls().fields.items():
                queryset = getattr(field, "queryset", None)
                plain = isinstance(field, serializers.RelatedField) and not isinstance(field, TenantRelatedField)
                if plain and not field.read_only and queryset is not None and is_tenant_model(queryset.model):
                    loose.append(f"{cls.__module__}.{cls.__name__}.{name}")
        assert loose == []


class TestAdmin:
    @pytest.mark.parametrize("model_admin", admin.site._registry.values(), ids=lambda a: a.model._meta.label)
    def test_it_is_a_support_tool_of_ours(self, model_admin):
        assert isinstance(model_admin, ModelAdmin)
        assert model_admin.list_editable == (), "lists are edited one row at a time, so that refusals have a place"

    @pytest.mark.parametrize("model_admin", admin.site._registry.values(), ids=lambda a: a.model._meta.label)
    def test_foreign_keys_in_lists_are_loaded_with_the_list(self, model_admin):
        names = {
            field.name
            for field in model_admin.model._meta.local_fields
            if isinstance(field, models.ForeignKey) and field.name in model_admin.list_display
        }
        loaded = model_admin.list_select_related
        assert loaded is True or names <= set(loaded or ()), f"list_select_related lacks {names}"
