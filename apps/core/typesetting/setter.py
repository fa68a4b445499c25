"""The process that sets one document: an order as JSON on standard input, the PDF on standard output.

It runs without the portal: nothing of it may be imported here.
"""

from __future__ import annotations

import json
import sys
from typing import cast

import typst


def main() -> None:
    """Set the document as PDF/UA; when a character has no font, which that forbids, as an ordinary tagged PDF."""
    order = json.load(sys.stdin)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[order["fonts"]])
    compiler = typst.Compiler(
        f"{order['root']}/{order['template']}",
        root=order["root"],
        font_paths=fonts,
        sys_inputs={"facts": order["facts"]},
    )
    try:
        document = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=order["at"])
    except typst.TypstError:
        document = compiler.compile(format="pdf", timestamp=order["at"])
    sys.stdout.buffer.write(cast("bytes", document))  # a list only when pages become pictures


if __name__ == "__main__":
    main()
