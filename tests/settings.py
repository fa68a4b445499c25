"""The portal's settings, after the test environment has been prepared.

pytest-django imports the settings before any conftest, so the environment is prepared here.
"""

from tests.environment import prepare

prepare()

from clinic.settings import *  # noqa: E402, F403
