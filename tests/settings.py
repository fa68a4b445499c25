"""The portal's settings, as tests see them: the test environment first, then the real thing, then what must be fast.

pytest-django imports the settings before any conftest, so the environment is prepared here.
"""

from tests.environment import prepare

prepare()

from clinic.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
