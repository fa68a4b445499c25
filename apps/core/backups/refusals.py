"""Why a backup can't be made or put back."""

from __future__ import annotations

from apps.core.errors import ApplicationError


class BackupRefused(ApplicationError):
    """Nothing was changed, unless the message says otherwise."""

    code = "backup_refused"
