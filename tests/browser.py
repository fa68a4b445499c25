"""Find a Chromium for the browser tests, or get one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch_options() -> dict[str, object]:
    """Return Playwright's launch options: the system's Chromium if there is one, else Playwright's own."""
    options: dict[str, object] = {"args": ARGUMENTS}
    if path := system_chromium():
        options["executable_path"] = path
    return options


def system_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome; ``CHROMIUM`` names one that is not on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def playwright_chromium() -> bool:
    """Tell whether Playwright has a browser of its own already."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def ensure() -> str | None:
    """Make sure that there is a browser; return a sentence on what to install when that fails."""
    if system_chromium() or playwright_chromium():
        return None
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get for the browser tests …", flush=True)
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
            subprocess.run(
                command,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=False,
            )
        if system_chromium():
            return None
    print("Downloading Playwright's Chromium for the browser tests …", flush=True)
    fetched = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if fetched.returncode == 0 and playwright_chromium():
        return None
    return (
        "The browser tests need a Chromium, and none could be installed: "
        "install the package chromium, or set CHROMIUM to the path of one."
    )
