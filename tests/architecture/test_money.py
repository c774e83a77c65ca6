"""A float near money is a bug."""

import ast

from tests.architecture.sources import tracked

MONEY = [
    "marketplace/money*",
    "marketplace/offers/*",
    "marketplace/trades/*",
    "marketplace/prices/*",
    "escrow/*",
]


def test_no_float_in_the_modules_of_money():
    found = []
    for path in tracked(
        *[f"{folder}.py" for folder in MONEY],
        *[f"{folder.rstrip('*')}**/*.py" for folder in MONEY[1:]],
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "float"
            )
            is_field = isinstance(node, ast.Attribute) and node.attr == "FloatField"
            is_clock = "timeout" in ast.unparse(node).lower()
            if (is_call and not is_clock) or is_field:
                found.append(f"{path}:{node.lineno}")
    assert not found, "\n".join(found)
