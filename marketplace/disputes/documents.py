"""The documents whose hashes go on chain: a party's filing and an arbitrator's ruling, as flat texts.

The hash is a salted commitment, so that nobody guesses a short story from the public event; whoever holds document and
salt can check it. Amounts are base units as decimal text.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from escrow.chain.typed_data import commitment

FILING_KIND = "parley.dispute.1"
RULING_KIND = "parley.ruling.1"

Document = dict[str, str]


def filing_document(
    *,
    trade_id: str,
    by: str,
    reason: str,
    story: str,
    wanted: str,
    to_buyer_base_units: int,
    evidence: Mapping[str, str],
) -> Document:
    """What a party files: his reason, words and wish, and each piece of evidence under `evidence.<slot>`."""
    return {
        "kind": FILING_KIND,
        "trade": trade_id,
        "by": by,
        "reason": reason,
        "story": story,
        "wanted": wanted,
        "toBuyer": str(to_buyer_base_units),
        **{f"evidence.{slot}": text for slot, text in evidence.items()},
    }


def ruling_document(
    *,
    trade_id: str,
    by: str,
    findings: Mapping[str, str],
    to_buyer_base_units: int,
    reason: str,
    letter: str,
) -> Document:
    """What an arbitrator decides: a finding per question under `finding.<question>`, the split, the reason, the letter."""
    return {
        "kind": RULING_KIND,
        "trade": trade_id,
        "by": by,
        "reason": reason,
        "letter": letter,
        "toBuyer": str(to_buyer_base_units),
        **{f"finding.{question}": answer for question, answer in findings.items()},
    }


def new_salt() -> str:
    """32 random bytes as "0x" text."""
    return "0x" + secrets.token_hex(32)


def document_hash(document: Mapping[str, str], salt: str) -> str:
    """The hash that `dispute` or `rule` carries for this document."""
    return commitment(document, salt)
