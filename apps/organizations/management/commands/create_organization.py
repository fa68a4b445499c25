"""Create a tenant."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.text import slugify

from apps.core.actors import SYSTEM
from apps.organizations.commands import OrganizationCommand
from apps.organizations.services import create_organization, password_link


class Command(OrganizationCommand):
    help = "Create an organization and its first administrator, and print the link where that person sets a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="as patients know it")
        parser.add_argument("--admin-email", required=True, metavar="EMAIL")
        parser.add_argument("--slug", help="short name for commands and links; made from the name when absent")
        parser.add_argument(
            "--timezone", default="America/New_York", metavar="ZONE", help="IANA name (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["name"].strip():
            self.fail("The name is empty.")
        slug = options["slug"] or slugify(options["name"])
        if not slug:
            self.fail("The name has no Latin letters to make a short name of: give one with --slug.")
        organization, membership = create_organization(
            name=options["name"],
            slug=slug,
            admin_email=options["admin_email"],
            timezone_name=options["timezone"],
            actor=SYSTEM,
        )
        self.stdout.write(f"Created {organization.name}, short name {organization.slug}.")
        if membership.user.has_usable_password():
            self.stdout.write(f"{membership.user.email} signs in as before.")
        else:
            self.stdout.write(f"{membership.user.email} sets a password here, once, within three days:")
            self.stdout.write(password_link(membership.user))
