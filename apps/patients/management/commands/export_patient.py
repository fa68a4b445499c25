"""Write one patient's record to a file."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.core.actors import SYSTEM
from apps.core.ids import as_uuid
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization
from apps.patients.exchange.kinds import EXPORT_KINDS
from apps.patients.models import Patient
from apps.patients.services.exporting import ExportFile, export_patient


class Command(OrganizationCommand):
    help = (
        "Write everything that is known of one patient, to standard output or a file, and note in the access log that it "
        "was exported. Keep the file as safe as the record. Exit code 0: written; 1: not, and the sentence says why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", metavar="ID", help="the patient's id; with --organization also the record number")
        parser.add_argument("--format", choices=list(EXPORT_KINDS), default="json", help="default: json")
        parser.add_argument("--organization", metavar="SLUG", help="needed for a record number")
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="what to write; its folder must exist")
        parser.add_argument("--force", action="store_true", help="replace the file if it exists")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path | None = options["output"]
        if target is not None and target.exists() and not options["force"]:
            self.fail(f"{target} exists already; give another name, or add --force to replace it.")
        slug = options["organization"]
        organization = self.organization(slug) if slug else None
        organization_id, patient_id = self._find(options["id"], organization)
        kind = EXPORT_KINDS[options["format"]]
        with organization_scope(organization_id, one_snapshot=True):
            patient = self._patient(options["id"], patient_id)
            file = export_patient(patient=patient, kind=kind, route=f"command:export_patient:{kind.key}", actor=SYSTEM)
            # Within the transaction: a file that could not be written was not exported.
            if target is not None:
                self._write(target, file)
        if target is not None:
            self.stdout.write(f"{target}: {patient.record_number}, {len(file.content) / 1e6:.1f} MB.")
        elif file.is_text:
            self.stdout.write(file.content.decode(), ending="")
        else:
            sys.stdout.buffer.write(file.content)

    def _find(self, given: str, organization: Organization | None) -> tuple[uuid.UUID, uuid.UUID]:
        """Return the organization's and the patient's id; end with what would be one."""
        pk = as_uuid(given)
        number = int(given) if given.isdecimal() and given.isascii() and len(given) <= 9 else None
        if pk is None and number is None:
            self.fail(f"{given} is neither a patient's id nor a record number.")
        if pk is None and organization is None:
            self.fail("A record number needs its organization: add --organization SLUG.")
        with all_organizations():
            patients = Patient.objects.for_organization(organization) if organization else Patient.objects.all()
            found = patients.filter(pk=pk) if pk else patients.filter(number=number)
            ids = found.values_list("organization_id", "pk").first()
        if ids is None:
            where = f"in {organization.slug}" if organization else "here"
            self.fail(f"There is no patient {given} {where}.")
        return ids

    def _patient(self, given: str, pk: uuid.UUID) -> Patient:
        patient = Patient.objects.select_related("merged_into").filter(pk=pk).first()
        if patient is None:
            self.fail(f"There is no patient {given} here any more.")
        if patient.merged_into is not None:
            living = patient.merged_into
            self.fail(f"{given} was merged into {living.record_number}. Export that record: {living.pk}")
        return patient

    def _write(self, target: Path, file: ExportFile) -> None:
        """Put the file in its place whole or not at all, for the owner's eyes only."""
        beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        try:
            beside.touch(mode=0o600, exist_ok=False)
            beside.write_bytes(file.content)
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            self.fail(f"{target} can't be written: {error.strerror}.")
