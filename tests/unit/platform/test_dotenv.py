"""What is wrong in a `.env` is named by its line, and secrets are not repeated."""

from __future__ import annotations

import re

import pytest

from clinic import dotenv
from tests.environment import ROOT


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("SECRET_KEY s3cr3t", "this is not NAME=value."),
        ("=value", "this is not NAME=value."),
        ("DEMO=perhaps", "DEMO must be true or false."),
        ("CONN_MAX_AGE=long", "CONN_MAX_AGE must be a number."),
        ("PORT=eighty", "PORT must be a number from 1 to 65535."),
        ("PORT=70000", "PORT must be a number from 1 to 65535."),
        ("PORT=-1", "PORT must be a number from 1 to 65535."),
        ("SECRET_KEY='abc", "the quote around the value of SECRET_KEY is not closed."),
        (
            "DATABASE_URL=mysql://db/clinic",
            "DATABASE_URL must start with pgsql:// or postgres:// or postgresql://, not with mysql://.",
        ),
        (
            "PUBLIC_BASE_URL=portal.example.org",
            "PUBLIC_BASE_URL must start with http:// or https://, not with something else.",
        ),
        ("LOG_FORMAT=yaml", "LOG_FORMAT must be console or json."),
        ("API_RATE_LIMIT=lots", "API_RATE_LIMIT must be a number of requests and a time, as in 600/min."),
        (
            "DATABASE_URL=postgres://clinic:p#ss@db/clinic",
            (
                "the server or the port in DATABASE_URL can't be read; special characters in a password are written "
                "%40 for @, %23 for #, %2F for /."
            ),
        ),
        ("REDIS_URL=redis:///0", "REDIS_URL names no server."),
        (
            "SENTRY_DSN=https://sentry.example.org/1",
            "SENTRY_DSN must look like https://key@server/number, as Sentry shows it.",
        ),
    ],
)
def test_a_wrong_line_is_named(path, line, problem):
    path.write_text(f"# a comment\n\nDEBUG=false\n{line}\n")
    with pytest.raises(dotenv.DotenvError) as raised:
        dotenv.check(path)
    assert str(raised.value) == f".env, line 4: {problem}"


def test_the_content_of_a_wrong_line_is_not_repeated(path):
    path.write_text("sk-live-0123456789\n")
    with pytest.raises(dotenv.DotenvError) as raised:
        dotenv.check(path)
    assert "sk-live" not in str(raised.value)


def test_usual_notations_are_fine(path):
    path.write_text(
        'export DEBUG=on\nSECRET_KEY="a=b#c"\nREDIS_URL=\nEMPTY=\nOTHER_PROGRAM = x\nEMAIL_URL=smtp+tls://a:b@c:587\n'
    )
    dotenv.check(path)


def test_addresses_in_every_notation_are_fine(path):
    path.write_text(
        "DATABASE_URL=postgres://clinic@/clinic?host=%2Frun%2Fpostgresql\nREDIS_URL=unix:///run/valkey.sock?db=0\n"
        "SENTRY_DSN=https://key@o1.ingest.sentry.io/42\nEMAIL_URL=consolemail://\nAPI_RATE_LIMIT=600/min\n"
    )
    dotenv.check(path)


def test_a_wrong_value_in_the_environment_is_named():
    with pytest.raises(dotenv.DotenvError) as raised:
        dotenv.check_environment({"PATH": "/bin", "CONN_MAX_AGE": "forever"})
    assert str(raised.value) == "The environment variable CONN_MAX_AGE must be a number."


def test_every_documented_example_passes(path):
    example = (ROOT / ".env.example").read_text()
    path.write_text(re.sub(r"^#(?=[A-Z][A-Z0-9_]+=)", "", example, flags=re.MULTILINE))
    dotenv.check(path)


def test_a_file_that_is_no_text_is_named(path):
    path.write_bytes(b"SECRET_KEY=\xff\xfe\n")
    with pytest.raises(dotenv.DotenvError, match="not a text file"):
        dotenv.check(path)


def test_a_folder_in_its_place_is_named(path):
    path.mkdir()
    with pytest.raises(dotenv.DotenvError, match=r"can't be read"):
        dotenv.check(path)


def test_a_misspelt_name_gets_a_suggestion(path, tmp_path):
    known = tmp_path / ".env.example"
    known.write_text("SECRET_KEY=\n#TWILIO_AUTH_TOKEN=\n")
    path.write_text("SECRET_KEY=x\nTWILIO_AUTH_TOKN=y\nHOMEGROWN=z\n")
    assert dotenv.unknown_names(path, known) == [
        ".env, line 2: TWILIO_AUTH_TOKN is not known. Did you mean TWILIO_AUTH_TOKEN?"
    ]
