"""One word for one thing, and no work left behind."""

import re

from tests.architecture.sources import lines_of, tracked

# Words of other markets, for which docs/GLOSSARY.md has ours. Only whole words of names and texts count.
FORBIDDEN = re.compile(
    r"\b(mediator|coin[ _-]lock|listing[s]?_?(?:id|price)|place_order|order_(?:id|book|status)|deal_(?:id|status)|advert(?:isement)?s?)\b",
    re.IGNORECASE,
)
# Written in two parts here so that this file passes its own test.
UNFINISHED = re.compile(
    r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|NotImplemented" + r"Error"
)
OUR_CODE = ["*.py", "*.ts", "*.sol", "*.html", "*.css", "*.mjs"]


def test_no_word_of_another_market():
    found = [
        f"{where}: {line.strip()}"
        for where, line in lines_of(tracked(*OUR_CODE))
        if FORBIDDEN.search(line)
    ]
    found = [line for line in found if not line.startswith("tests/architecture/test_words.py")]
    assert not found, "\n".join(found)


def test_nothing_is_left_unfinished():
    found = [
        f"{where}: {line.strip()}"
        for where, line in lines_of(tracked(*OUR_CODE))
        if UNFINISHED.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_module_is_called_by_a_word_that_says_nothing():
    names = {"utils", "helpers", "manager", "managers", "data", "info", "misc", "common"}
    found = [str(path) for path in tracked("*.py", "*.ts") if path.stem in names]
    assert not found, "\n".join(found)


def test_no_file_holds_more_than_five_hundred_lines():
    """Past that there are two subjects in one file. The contract is one file on purpose."""
    long = {
        str(path): count
        for path in tracked("*.py", "*.ts")
        if "migrations" not in path.parts and (count := path.read_text().count("\n")) > 500
    }
    assert not long
