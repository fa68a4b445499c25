"""What commands about one organization share."""

from __future__ import annotations

from apps.core.commands import Command
from apps.core.tenancy import all_organizations
from apps.organizations.models import Organization


class OrganizationCommand(Command):
    """A command that finds organizations by their short name."""

    def organization(self, slug: str) -> Organization:
        """Return the organization; else end with the names there are."""
        with all_organizations():
            found = Organization.objects.filter(slug=slug).first()
            known = list(Organization.objects.order_by("slug").values_list("slug", flat=True)[:10])
        if found is None:
            self.fail(
                f"There is no organization {slug}. Known: {', '.join(known) or 'none, create one with create_organization'}."
            )
        return found
