"""The project: settings, routes, background application and the local servers."""

from clinic.celery import app as celery_app

__all__ = ["celery_app"]
