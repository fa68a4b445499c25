"""Django's migrate, run as the owner of the tables, followed by the row-level security policies."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from apps.core import tenancy


class Command(migrate.Command):
    """Apply migrations, then (re)create the policies for every tenant table that exists now."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection.close()
        tenancy.act_as_owner()
        try:
            super().handle(*args, **options)
            partial = options.get("app_label") or options.get("plan") or options.get("check_unapplied")
            if not partial:
                tenancy.install_policies()
        finally:
            connection.close()
