"""The gallery of parts: it renders clean in both themes and at every width, and reads without scripts."""

from pathlib import Path

import pytest

SHOTS = Path("test-results/gallery")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_parts_fit_their_page(visit, width, dark):
    visitor = visit(path="/dev/ui/", width=width, dark=dark)
    page = visitor.page
    page.wait_for_load_state("networkidle")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"ui-{width}-{'dark' if dark else 'light'}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.problems == []
