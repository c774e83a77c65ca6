"""Making a stranger's text harmless to look at; the page has a twin in frontend/src/chat/text.ts."""

from __future__ import annotations

import re

# Control characters but line feed and tab, bidirectional controls, invisible marks that hide or reorder text,
# line and paragraph separators, halves of surrogate pairs, tag characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def shown(text: str) -> str:
    """`text` without characters that would hide, reorder or restyle what stands around them."""
    return _UNWANTED.sub("", text)
