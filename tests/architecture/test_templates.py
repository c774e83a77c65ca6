"""What a template may not hold: the content policy would block it, or a reader could not find it."""

import re

import pytest

from tests.architecture.sources import lines_of, tracked

RULES = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a <style> element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on\b"),
    "a script URL": re.compile(r"[\"'=]\s*(?:js|javascript):", re.IGNORECASE),
    "an unescaped value": re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off"),
    "a file of another host": re.compile(
        r"(?:src|href)\s*=\s*[\"']https?://[^\"']*\.(?:js|css|woff2?|png|svg)"
    ),
}
SCRIPT = re.compile(r"<script\b([^>]*)>", re.IGNORECASE)
# A data block is not run; everything that runs comes from a file.
MAY_BE_INLINE = re.compile(r"type\s*=\s*[\"']application/json[\"']")


@pytest.mark.parametrize("rule", RULES)
def test_no_template_has(rule):
    pages = tracked("templates/*.html", "templates/**/*.html")
    found = [
        f"{where}: {line.strip()}" for where, line in lines_of(pages) if RULES[rule].search(line)
    ]
    assert not found, "\n".join(found)


def test_every_script_comes_from_a_file():
    pages = tracked("templates/*.html", "templates/**/*.html")
    found = [
        f"{where}: {line.strip()}"
        for where, line in lines_of(pages)
        for attributes in SCRIPT.findall(line)
        if "src=" not in attributes and not MAY_BE_INLINE.search(attributes)
    ]
    assert not found, "\n".join(found)


def test_no_template_compares_a_status():
    """What is allowed is decided in states.py; a template asks for the answer."""
    comparison = re.compile(r"\{%\s*(?:el)?if\b[^%]*\bstatus\s*(?:==|!=|in\b)")
    pages = tracked("templates/*.html", "templates/**/*.html")
    found = [
        f"{where}: {line.strip()}" for where, line in lines_of(pages) if comparison.search(line)
    ]
    assert not found, "\n".join(found)
