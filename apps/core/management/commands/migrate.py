"""Django's migrate, run as the owner of the tables, followed by the row-level security policies."""

from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, connection

from apps.core import tenancy

# The rights or the extensions that deploy/postgres/init.sh gives are missing: 42501 insufficient_privilege, 58P01
# undefined_file, 0A000 feature_not_supported (an extension that is not installed on the server).
UNPREPARED = {"42501", "58P01", "0A000"}


class Command(migrate.Command):
    """Apply migrations, then (re)create the policies for every tenant table that exists now.

    One at a time per database: a second one (another replica that starts) waits and then finds nothing to do.
    """

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Leave the database's own checks out: what they find missing is made here."""
        return {**super().get_check_kwargs(options), "databases": None}

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
        except Error as error:
            if lack := missing_right(error):
                raise CommandError(
                    f"The database is not prepared for the portal ({lack}). "
                    "Run deploy/postgres/init.sh once as its superuser; docs/runbook.md says how."
                ) from error
            raise
        finally:
            connection.close()


def missing_right(error: BaseException | None) -> str | None:
    """Return the server's words when one of the causes is that the database was not prepared."""
    while error is not None:
        if isinstance(error, psycopg.Error) and error.sqlstate in UNPREPARED:
            return str(error).splitlines()[0]
        error = error.__cause__ or error.__context__
    return None
