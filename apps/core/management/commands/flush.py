"""Django's flush, run as the owner of the tables: the application's own role may not truncate."""

from typing import Any

from django.core.management.commands import flush

from apps.core import tenancy


class Command(flush.Command):
    """Empty every table; used by the test runner between transactional tests."""

    def handle(self, **options: Any) -> None:
        with tenancy.as_owner():
            super().handle(**options)
