"""The board's buttons as a person presses them."""

from __future__ import annotations

from playwright.sync_api import Locator


def press(button: Locator) -> None:
    """Press a row's next step, and agree when it asks first (a visit of another day does)."""
    asks = button.get_attribute("hx-confirm")
    button.click()
    if asks:
        button.page.locator("#confirm [value=yes]").click()
