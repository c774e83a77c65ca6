"""Pictures of the pages for whoever wants to look: set PICTURES to a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Page


def keep(page: Page, name: str) -> None:
    """The whole page as it is now, under a name made of letters, digits and dashes; nothing without PICTURES."""
    folder = os.environ.get("PICTURES")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=f"{folder}/{re.sub('[^0-9a-zA-Z]+', '-', name).strip('-')}.png", full_page=True
    )


def is_wanted() -> bool:
    """Whether somebody wants to look."""
    return bool(os.environ.get("PICTURES"))
