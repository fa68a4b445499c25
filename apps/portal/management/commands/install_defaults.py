"""Give organizations what newer versions of the portal bring: default texts, rules and journeys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.core.tenancy import all_organizations, organization_scope
from apps.journeys.defaults import install_defaults as install_journeys
from apps.notifications.defaults import install_defaults as install_messages
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization


class Command(OrganizationCommand):
    help = "Add the default texts, rules and journeys that an organization lacks; nothing that exists is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one (default: every active one)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["organization"]:
            chosen = [self.organization(options["organization"])]
        else:
            with all_organizations():
                chosen = list(Organization.objects.filter(is_active=True).order_by("slug"))
        for organization in chosen:
            with organization_scope(organization.pk):
                install_messages(organization=organization)
                install_journeys(organization=organization)
            self.stdout.write(f"{organization.slug}: complete.")
