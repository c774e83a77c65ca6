"""Reads pages as a person does, and the JSON they carry."""

from __future__ import annotations

import html
import json
from typing import Any


def shown(answer: Any) -> str:
    """The page with its entities resolved."""
    return html.unescape(answer.content.decode())


def sheet_of(page: str, name: str) -> Any:
    start = page.index(f'<script id="{name}" type="application/json">') + len(
        f'<script id="{name}" type="application/json">'
    )
    return json.loads(page[start : page.index("</script>", start)])
