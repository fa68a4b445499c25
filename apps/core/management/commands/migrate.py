"""Django's migrate, run as the owner of the tables, followed by the row-level security policies."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from apps.core import tenancy


class Command(migrate.Command):
    """Apply migrations, then (re)create the policies for every tenant table that exists now.

    One at a time per database: a second one (another replica that starts) waits and then finds nothing to do.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        connection.close()
        try:
            with tenancy.as_owner():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_lock(hashtextextended('clinic.migrate', 0))")
                super().handle(*args, **options)
                partial = options.get("app_label") or options.get("plan") or options.get("check_unapplied")
                if not partial:
                    tenancy.install_policies()
                # The role may be new: end here, where nothing has to be set back, rather than as that role.
                connection.close()
        finally:
            connection.close()
