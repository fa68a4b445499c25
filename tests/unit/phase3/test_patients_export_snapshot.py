"""An export is of one moment: what is committed while it reads is in none of its sections."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from apps.core.tenancy import organization_scope
from apps.organizations import middleware
from apps.patients.exchange import sections
from apps.patients.models import Patient
from tests.fixtures.communications import CommunicationFactory
from tests.fixtures.shared import api_client_for, client_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def somebody_writes(monkeypatch, organization, patient):
    """Let a message and a name be committed on another connection while an export is between two sections."""

    def commit() -> None:
        try:
            CommunicationFactory(organization=organization, patient=patient, body="meanwhile")
            with organization_scope(organization.pk):
                Patient.objects.filter(pk=patient.pk).update(given_name="Renamed", version=7)
        finally:
            connection.close()

    usual = sections._sections["appointments"]

    def rows(export):
        writer = threading.Thread(target=commit)
        writer.start()
        writer.join()
        yield from usual.rows(export)

    monkeypatch.setitem(sections._sections, "appointments", replace(usual, rows=rows))


def by_page(manager, patient) -> bytes:
    return client_for(manager).get(reverse("patients:export", args=[patient.pk, "json"])).content


def by_api(manager, patient) -> bytes:
    return api_client_for(manager).get(f"/api/v1/patients/{patient.pk}/export/").content


def by_command(manager, patient, tmp_path) -> bytes:
    target = tmp_path / "ana.json"
    call_command("export_patient", str(patient.pk), "-o", str(target), verbosity=0)
    return target.read_bytes()


@pytest.mark.parametrize("door", [by_page, by_api])
def test_what_is_committed_meanwhile_is_not_in_the_file(manager, patient, somebody_writes, door):
    assert json.loads(door(manager, patient))["communications"] == []
    assert [one["body"] for one in json.loads(door(manager, patient))["communications"]] == ["meanwhile"]


def test_command_reads_one_moment_as_well(manager, patient, somebody_writes, tmp_path):
    assert json.loads(by_command(manager, patient, tmp_path))["communications"] == []


@pytest.mark.parametrize("door", [by_page, by_api])
def test_without_one_snapshot_it_would_be_half_of_each_moment(manager, patient, somebody_writes, door, monkeypatch):
    """The control: the ordinary transaction of a page sees the message, and the name from before."""
    monkeypatch.setattr(middleware, "ONE_SNAPSHOT", re.compile("^never$"))
    found = json.loads(door(manager, patient))
    assert (found["patient"]["given_name"], found["communications"][0]["body"]) == ("Ana", "meanwhile")
