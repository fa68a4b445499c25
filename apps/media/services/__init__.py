"""Every write of files."""

from apps.media.services.fetched import expect_media, fetch_again, work_on_due
from apps.media.services.records import (
    delete_media,
    give_to_patient,
    restore_media,
    take_photo_away,
    use_as_photo,
)
from apps.media.services.sweeping import sweep_orphans
from apps.media.services.uploads import complete_upload, create_upload, keep_file

__all__ = [
    "complete_upload",
    "create_upload",
    "delete_media",
    "expect_media",
    "fetch_again",
    "give_to_patient",
    "keep_file",
    "restore_media",
    "sweep_orphans",
    "take_photo_away",
    "use_as_photo",
    "work_on_due",
]
