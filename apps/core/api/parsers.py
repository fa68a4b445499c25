"""Reading request bodies."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as BaseJSONParser

_HALF = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)


class JSONParser(BaseJSONParser):
    """JSON; what no answer or column could hold is malformed input, not a failure of ours.

    That is a body nested too deep for the interpreter, and halves of characters (lone surrogates, RFC 8259, 8.2),
    which can be written as escapes but are no text.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        try:
            data = super().parse(io.BytesIO(body), media_type, parser_context)
            if _HALF.search(body):
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deep.") from None
        except UnicodeEncodeError:
            raise ParseError("The JSON has half of a character (a lone surrogate): write whole characters.") from None
        return data
