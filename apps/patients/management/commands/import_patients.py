"""Import patients from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.actors import SYSTEM
from apps.core.commands import stop_by_signal
from apps.core.csv_files import MEGABYTE
from apps.core.tenancy import organization_scope
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization
from apps.patients.models import ImportStatus, OnMatch, PatientImport, RowState
from apps.patients.services import importing
from apps.patients.services.import_work import CHECKED_AT_ONCE, IMPORTED_AT_ONCE, check_some, import_some

MOST_BYTES = 500 * MEGABYTE
SHOWN = 20


class Command(OrganizationCommand):
    help = (
        "Import patients from a CSV or FHIR R4 file (bundle, Patient, list, ndjson). Every row is checked first; those "
        "that can be had are imported. Exit code 0: all rows; 2: some were refused; 1: nothing could be done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the .csv, .json or .ndjson file")
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument(
            "--dry-run", action="store_true", help="check the rows and say what would be; change nothing"
        )
        parser.add_argument(
            "--on-match",
            choices=OnMatch.values,
            default=OnMatch.LEAVE,
            help="people who are here already: leave their record (default), fill in what is missing, or add a new record",
        )
        parser.add_argument(
            "--system", default="", metavar="NAME", help="under which name their ids in a CSV file are kept"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        organization = self.organization(options["organization"])
        try:
            content = path.read_bytes()
        except OSError as error:
            self.fail(f"{path} can't be read: {error.strerror}.")
        with organization_scope(organization.pk):
            batch = importing.upload_patients(
                organization=organization, file_name=path.name, content=content, actor=SYSTEM, most_bytes=MOST_BYTES
            )
            # The worker leaves it alone: nobody started it.
            importing.check_import(batch=batch, system=options["system"], on_match=options["on_match"], actor=SYSTEM)
        with stop_by_signal("Stopped. What was imported stays; start the same file again to go on."):
            self._work(batch, organization, "Checking", ImportStatus.CHECKING)
            if not options["dry_run"]:
                with organization_scope(organization.pk):
                    importing.run_import(batch=PatientImport.objects.get(pk=batch.pk), actor=SYSTEM)
                self._work(batch, organization, "Importing", ImportStatus.IMPORTING)
        with organization_scope(organization.pk):
            refused = self._report(PatientImport.objects.get(pk=batch.pk), dry_run=options["dry_run"])
            if options["dry_run"]:
                importing.discard_import(batch=batch, actor=SYSTEM)
        if refused:
            raise CommandError(f"{refused} could not be imported: correct these and import them again.", returncode=2)

    def _work(self, batch: PatientImport, organization: Organization, what: str, status: str) -> None:
        done, more = 0, True
        with organization_scope(organization.pk):
            rows = batch.rows.count()
        with self.progress(f"{what} {batch.file_name}") as step:
            while more:
                with organization_scope(organization.pk):
                    locked = (
                        PatientImport.objects.select_for_update(of=("self",), no_key=True)
                        .select_related("organization")
                        .get(pk=batch.pk)
                    )
                    if locked.status != status:
                        self.fail("Somebody stopped this import on its page.")
                    more = check_some(locked) if status == ImportStatus.CHECKING else import_some(locked, SYSTEM)
                done += CHECKED_AT_ONCE if status == ImportStatus.CHECKING else IMPORTED_AT_ONCE
                step(min(done, rows))

    def _report(self, batch: PatientImport, *, dry_run: bool) -> int:
        """Write what became of the rows; return how many were refused."""
        counts = {state: batch.rows.filter(state=state).count() for state in RowState}
        if dry_run:
            self.stdout.write(f"{counts[RowState.READY]} can be imported (nothing was changed)")
        else:
            self.stdout.write(f"{counts[RowState.DONE]} imported")
        self.stdout.write(f"{counts[RowState.KNOWN]} already here")
        self.stdout.write(f"{counts[RowState.REFUSED]} refused")
        for kind, number in sorted(batch.skipped.items(), key=lambda item: -item[1]):
            self.stdout.write(f"{number} {kind} left out")
        refused = batch.rows.filter(state=RowState.REFUSED).order_by("line")
        for row in refused[:SHOWN]:
            where = f"line {row.line}" + (f", {row.column}" if row.column else "")
            self.stderr.write(f"{where}: {row.message}")
        if counts[RowState.REFUSED] > SHOWN:
            self.stderr.write(f"and {counts[RowState.REFUSED] - SHOWN} more")
        return counts[RowState.REFUSED]
