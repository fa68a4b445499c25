"""Whether files can be kept: asked by `manage.py check_integrations`."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from apps.core.integrations import Answer, integration
from apps.media.storage import BucketFiles, files


@integration("files")
def bucket() -> Answer:
    """Ask whether the bucket is there and lets us in; changes nothing."""
    storage = files()
    if not isinstance(storage, BucketFiles):
        return Answer("off", "S3_BUCKET_NAME is not set; files are in DATA_DIR/media")
    try:
        storage.connection.meta.client.head_bucket(Bucket=settings.S3_BUCKET_NAME)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        hint = {
            "404": "there is no such bucket: is S3_BUCKET_NAME right?",
            "403": "refuses us: do AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have the bucket?",
        }
        return Answer("failed", hint.get(code, f"answers with error {code}"))
    except BotoCoreError as error:
        return Answer("failed", f"does not answer ({type(error).__name__}): is AWS_S3_ENDPOINT_URL right?")
    return Answer("ok", "the bucket answers")
