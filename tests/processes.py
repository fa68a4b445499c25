"""Watching real processes in tests."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def eventually(condition: Callable[[], object], seconds: float = 15.0) -> bool:
    """Wait for a condition; return whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def runs(process: psutil.Process) -> bool:
    """Tell whether a process does anything still; a zombie only waits for init to take note."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def command_line(process: psutil.Process) -> str:
    """Return how a process was called; empty when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def family(*members: psutil.Process) -> list[psutil.Process]:
    """Return these and their descendants, as far as they run."""
    found = []
    for member in members:
        try:
            found += [member, *member.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return [process for process in found if runs(process)]


def called_with(text: str) -> list[psutil.Process]:
    """Return the processes whose command line contains the text."""
    return [process for process in psutil.process_iter() if text in command_line(process)]
