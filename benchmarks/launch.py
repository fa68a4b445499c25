"""Become another program that ends with the one that started it: `python -m benchmarks.launch PROGRAM …` (Linux)."""

from __future__ import annotations

import os
import signal
import sys

from clinic.supervisor import die_with_parent

if __name__ == "__main__":
    die_with_parent(signal.SIGTERM, parent=os.getppid())
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the list is our own
