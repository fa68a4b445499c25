"""Liquid templates: checked when they are saved, filled when a message is planned.

Texts are plain, so nothing is escaped. A variable that is not there is an error, never an empty place in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError

from apps.communications.models import Channel
from apps.core.errors import InvalidInput
from apps.notifications.contexts import example_variables, known_variables
from apps.notifications.models import Template

SMS_CHARACTERS = 1600
# GSM 03.38: texts of these characters have 160 in a segment (153 when there are several), others 70 (67).
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = set("^{}\\[~]|€\f")
_ALLOWED_TAGS = frozenset({"if", "unless", "case", "assign", "capture", "comment", "#"})
_INTERNAL_TAGS = frozenset({"content", "output", "illegal"})
# The subject line of an e-mail is read by everybody on the way and on lock screens.
_UNFIT_FOR_SUBJECTS = ("patient.", "appointment.type", "appointment.practitioner", "appointment.instructions")
_BLANK_LINES = re.compile(r"\n{3,}")


class _Environment(Environment):
    context_depth_limit = 10
    output_stream_limit = 20_000
    local_namespace_limit = 20_000


def _environment() -> Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False)
    for name in set(environment.tags) - _ALLOWED_TAGS - _INTERNAL_TAGS:
        del environment.tags[name]
    return environment


_LIQUID = _environment()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. `content_variables` fill the approved WhatsApp template's {{1}}, {{2}} …"""

    body: str
    subject: str = ""
    content_sid: str = ""
    content_variables: dict[str, str] = field(default_factory=dict)

    @property
    def segments(self) -> int:
        """Return how many SMS this is charged as."""
        return count_segments(self.body)


def render(template: Template, variables: Mapping[str, Any]) -> Rendered:
    """Fill a template; raise InvalidInput that names the variable when one is missing. No query."""
    try:
        body, subject = _fill(template.body, variables), _fill(template.subject, variables)
        placeholders = _placeholders(template.body, variables) if template.content_sid else {}
    except LiquidError as error:
        raise InvalidInput(_explain(error), errors={"body": [_explain(error)]}) from error
    return Rendered(
        body=body, subject=" ".join(subject.split()), content_sid=template.content_sid, content_variables=placeholders
    )


def validate_texts(*, channel: str, subject: str, body: str, content_sid: str = "") -> None:
    """Raise InvalidInput that says, per field, what is wrong with a template's texts."""
    errors: dict[str, list[str]] = {}
    _collect(errors, "body", _problems(body))
    if channel == Channel.EMAIL:
        _collect(errors, "subject", _problems(subject) if subject.strip() else [_("An e-mail needs a subject.")])
        _collect(errors, "subject", _private_words(subject))
    elif subject:
        _collect(errors, "subject", [_("Only an e-mail has a subject.")])
    if content_sid and channel != Channel.WHATSAPP:
        _collect(errors, "content_sid", [_("Only WhatsApp has approved templates.")])
    elif content_sid and not re.fullmatch(r"HX[0-9a-fA-F]{32}", content_sid):
        _collect(errors, "content_sid", [_("A content SID is HX followed by 32 hexadecimal digits.")])
    if not body.strip():
        _collect(errors, "body", [_("Write a text first.")])
    elif channel != Channel.EMAIL and len(body) > SMS_CHARACTERS:
        _collect(errors, "body", [_("Use at most %(limit)d characters.") % {"limit": SMS_CHARACTERS}])
    if errors:
        raise InvalidInput(next(iter(errors.values()))[0], errors=errors)


def variables_of(text: str) -> list[str]:
    """Return the variables that a text names, in the order in which they first appear; raise LiquidError."""
    return list(_named(text))


def count_segments(text: str) -> int:
    """Return how many SMS a text takes."""
    if all(character in _GSM or character in _GSM_EXTENDED for character in text):
        length = len(text) + sum(character in _GSM_EXTENDED for character in text)
        single, several = 160, 153
    else:
        length = len(text.encode("utf-16-be")) // 2
        single, several = 70, 67
    return 1 if length <= single else -(-length // several)


def _fill(text: str, variables: Mapping[str, Any]) -> str:
    return _BLANK_LINES.sub("\n\n", _compile(text).render(**variables)).strip()


@lru_cache(maxsize=256)
def _compile(text: str) -> BoundTemplate:
    """Return the parsed text, which rendering never changes; parsing takes four times as long as rendering."""
    return _LIQUID.from_string(text)


@lru_cache(maxsize=256)
def _named(text: str) -> tuple[str, ...]:
    found = _compile(text).analyze().globals
    placed = [(use.span.index, ".".join(str(part) for part in use.segments)) for uses in found.values() for use in uses]
    return tuple(dict.fromkeys(path for _index, path in sorted(placed)))


def _placeholders(body: str, variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the values for {{1}}, {{2}} …; WhatsApp refuses empty ones and line breaks in them."""
    values = [" ".join(_fill("{{ " + path + " }}", variables).split()) for path in variables_of(body)]
    return {str(number): value or "-" for number, value in enumerate(values, start=1)}


def _problems(text: str) -> list[str]:
    try:
        named = variables_of(text)
    except LiquidError as error:
        return [_explain(error)]
    known = known_variables()
    unknown = [path for path in named if path not in known]
    if unknown:
        sentence = _("There is no variable %(names)s. Known are: %(known)s.")
        return [sentence % {"names": ", ".join(unknown), "known": ", ".join(sorted(known))}]
    try:
        _fill(text, example_variables())
    except LiquidError as error:
        return [_explain(error)]
    return []


def _private_words(subject: str) -> list[str]:
    try:
        named = variables_of(subject)
    except LiquidError:
        return []
    private = [path for path in named if path.startswith(_UNFIT_FOR_SUBJECTS)]
    if not private:
        return []
    return [_("A subject is read on lock screens: leave out %(names)s.") % {"names": ", ".join(private)}]


def _explain(error: LiquidError) -> str:
    message = str(error.message or error).strip().rstrip(".")
    if error.token is None or error.token.start_index < 0:
        return _("The template can’t be read: %(message)s.") % {"message": message}
    line = error.token.source.count("\n", 0, error.token.start_index) + 1
    return _("Line %(line)d of the template: %(message)s.") % {"line": line, "message": message}


def _collect(errors: dict[str, list[str]], name: str, sentences: list[str]) -> None:
    if sentences:
        errors.setdefault(name, []).extend(sentences)
