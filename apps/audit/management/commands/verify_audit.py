"""Check the hash chain over events and access records."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.audit.selectors import verify_chain
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization


class Command(OrganizationCommand):
    help = (
        "Recompute the hash chain over events and access records and name the first row that was changed, deleted, "
        "reordered or cut off. Exits with 1 when there is one. Covers everything that is older than a few seconds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one; without it every organization")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for organization in self._organizations(options["organization"]):
            with self.progress(f"{organization.slug}: checking") as step, organization_scope(organization.pk):
                verdict = verify_chain(organization=organization, progress=step)
            if verdict.broken is None:
                self.stdout.write(
                    f"{organization.slug}: {verdict.checked} records are as they were sealed; end {verdict.digest}"
                )
                continue
            broken += 1
            row = (
                f"{verdict.broken.kind} {verdict.broken.record_id}" if verdict.broken.record_id else "the chain itself"
            )
            self.stderr.write(
                self.style.ERROR(
                    f"{organization.slug}: broken at {verdict.broken.sequence}, {row}: {verdict.broken.what}"
                )
            )
        if broken:
            self.fail(f"{broken} of the chains broken.")

    def _organizations(self, slug: str | None) -> list[Organization]:
        if slug:
            return [self.organization(slug)]
        with all_organizations():
            return list(Organization.objects.order_by("slug"))
