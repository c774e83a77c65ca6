"""Which display names are honest: one line, one script, no hidden marks, no look-alike of staff. Pure."""

from __future__ import annotations

import unicodedata

NAME_LENGTH = 32
_RESERVED = (
    "parley", "admin", "administrator", "support", "moderator", "arbitrator", "operator", "staff", "official", "helpdesk",
)  # fmt: skip
# Scripts that are written together in one language.
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
)
# Letters of other scripts that cannot be told from Latin ones, digits included.
_LOOKS_LIKE = str.maketrans("0135", "oles")
_CONFUSABLE = str.maketrans("аеорсухіјѕһԁԛԝкмтнвгαορυνικτηεβ", "aeopcyxijshdqwkmthbraopuviktneb")


class NameRefused(ValueError):
    """A name that could mislead; the text says what to change."""

    code = "name_refused"


def clean_name(text: str) -> str:
    """The name as it is shown: NFC, one space between words.

    Raises: NameRefused.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    name = " ".join(name.split())
    if not name:
        return ""
    if len(name) < 2 or len(name) > NAME_LENGTH:
        raise NameRefused(f"A name has 2 to {NAME_LENGTH} characters.")
    if any(not _is_allowed(char) for char in name):
        raise NameRefused(
            "Use letters, digits, spaces and . ' - only. Hidden and direction characters are not taken."
        )
    if not any(char.isalpha() for char in name):
        raise NameRefused("A name needs at least one letter.")
    scripts = {_script(char) for char in name if char.isalpha()}
    if len(scripts) > 1 and not any(scripts <= group for group in _TOGETHER):
        raise NameRefused("Use letters of one script only: mixed ones are how names are forged.")
    if any(word in name_key(name) for word in _RESERVED) or name.lower().startswith("0x"):
        raise NameRefused("This name could be taken for our staff or for an address.")
    return name


def name_key(name: str) -> str:
    """What two names that look alike have in common; names are unique by it."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(char for char in folded if not unicodedata.combining(char) and char.isalnum())
    return letters.translate(_CONFUSABLE).translate(_LOOKS_LIKE)


def _is_allowed(char: str) -> bool:
    if char in " .'-’":
        return True
    category = unicodedata.category(char)
    return category in {"Lu", "Ll", "Lt", "Lo", "Lm", "Mn", "Mc"} or category == "Nd"


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split(" ")[0].split("-")[0]
