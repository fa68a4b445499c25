"""One file that holds the clinic: a dump of the database and the uploaded files. Made beside a running portal, put back into
a stopped one.

It holds every patient, so it is readable by its owner only. Queues and caches are not in it: sweeps find the work again. The
secret key is not in it either: it belongs elsewhere than what it protects.
"""

from apps.core.backups.making import make_backup
from apps.core.backups.refusals import BackupRefused
from apps.core.backups.restoring import restore_backup

__all__ = ["BackupRefused", "make_backup", "restore_backup"]
