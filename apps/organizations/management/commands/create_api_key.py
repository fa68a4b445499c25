"""Issue an API key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.core.actors import SYSTEM
from apps.core.tenancy import organization_scope
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import User
from apps.organizations.permissions import Permission
from apps.organizations.services import issue_api_key


class Command(OrganizationCommand):
    help = "Issue an API key for a member of an organization. The key is the last line of the output and is shown only now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--user", required=True, metavar="EMAIL", help="whose role the key has")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scopes",
            nargs="+",
            default=[],
            metavar="SCOPE",
            help=f"narrow the key to some permissions of the role: {', '.join(Permission)}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = self.organization(options["organization"])
        user = User.objects.filter(email__iexact=options["user"]).first()
        if user is None:
            self.fail(f"Nobody signs in as {options['user']}.")
        scopes = [scope for given in options["scopes"] for scope in given.split(",") if scope]
        with organization_scope(organization.pk):
            issued = issue_api_key(
                organization=organization, user=user, name=options["name"], scopes=scopes, actor=SYSTEM
            )
        self.stdout.write(
            f"Key “{issued.row.name}” for {user.email} in {organization.name}; keep it, it is not stored:"
        )
        self.stdout.write(issued.plain)
