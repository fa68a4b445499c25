"""Hashed names for static files, also inside our own JavaScript modules."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrite the imports of the modules under `static/js/` to hashed names, so that a deployment never mixes old and new ones.

    Django's own switch (`support_js_module_import_aggregation`) would do it for every library as well, and htmx mentions
    modules in its comments that do not exist.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
