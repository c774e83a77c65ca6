"""Our own mutation operators, on the compiler's syntax tree. Those of slither-mutate cut a statement at the first sign that looks right,
so that most of their changes to a longer condition do not compile, and they leave constants and arguments alone.

    own:sign       each operator becomes its neighbour: < and <=, == and !=, && and ||, + and -, | and & ...
    own:operand    one side of an && or || is dropped; a `!` is dropped; a `? :` always takes one side
    own:number     each number, in constants and assembly too, one more and one less
    own:name       the seller for the buyer, one window, time, state or type hash for another
    own:statement  a call, an assignment, an event, a revert, a return is left out
"""

from collections.abc import Iterator

Change = tuple[str, int, int, str]

SIGNS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "&&": ("||",),
    "||": ("&&",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "<<": (">>",),
    ">>": ("<<",),
    "|": ("&",),
    "&": ("|",),
}

# Each name gives way to the next of its row.
ROWS = (
    ("seller", "buyer", "arbitrator"),
    ("payWindow", "releaseWindow", "rulingWindow"),
    ("since", "fundedAt", "payBy"),
    ("toBuyer", "toSeller"),
    ("NONE", "FUNDED", "PAID", "DISPUTED"),
    ("NATIVE_GAS", "TOKEN_GAS", "NATIVE_GAS_NEEDED", "TOKEN_GAS_NEEDED"),
    ("MARK_PAID_TYPEHASH", "RELEASE_TYPEHASH", "CANCEL_TYPEHASH", "RECLAIM_TYPEHASH"),
    ("GRANT_TIME_TYPEHASH", "SETTLE_TYPEHASH", "DISPUTE_TYPEHASH", "RULE_TYPEHASH"),
)
NEXT = {name: row[(i + 1) % len(row)] for row in ROWS for i, name in enumerate(row)}

STATEMENTS = {"ExpressionStatement", "EmitStatement", "RevertStatement", "Return", "Continue"}


def changes(tree: dict, text: bytes) -> Iterator[Change]:
    """All changes that our operators know for a file, given the compiler's tree of it."""
    for node in _nodes(tree):
        kind = node["nodeType"]
        if kind == "BinaryOperation":
            yield from _binary(node, text)
        elif kind == "UnaryOperation" and node["operator"] == "!":
            yield "own:operand", *_span(node), _text(node["subExpression"], text)
        elif kind == "Conditional":
            for side in ("trueExpression", "falseExpression"):
                yield "own:operand", *_span(node), _text(node[side], text)
        elif kind in ("Literal", "YulLiteral") and node["kind"] == "number":
            yield from _number(node, text)
        elif kind in ("Identifier", "MemberAccess"):
            yield from _name(node)
        elif kind in STATEMENTS:
            start, end = _span(node)
            yield "own:statement", start, end + (text[end : end + 1] == b";"), "{}"


def _nodes(tree: object) -> Iterator[dict]:
    if isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)
    elif isinstance(tree, dict):
        if "nodeType" in tree:
            yield tree
        for child in tree.values():
            yield from _nodes(child)


def _binary(node: dict, text: bytes) -> Iterator[Change]:
    left, right, sign = node["leftExpression"], node["rightExpression"], node["operator"]
    start, end = _span(left)[1], _span(right)[0]
    for other in SIGNS.get(sign, ()):
        yield "own:sign", start, end, text[start:end].decode().replace(sign, other, 1)
    if sign in ("&&", "||"):
        for side in (left, right):
            yield "own:operand", *_span(node), _text(side, text)


def _number(node: dict, text: bytes) -> Iterator[Change]:
    if str(node.get("typeDescriptions", {}).get("typeString", "")) == "address":
        return
    in_assembly = node["nodeType"] == "YulLiteral"
    for sign in "+-":
        if in_assembly:
            value = int(node["value"], 0) + (1 if sign == "+" else -1)
            new = hex(value) if value >= 0 else "not(0)"
        else:
            new = f"({_text(node, text)} {sign} 1)"
        yield "own:number", *_span(node), new


def _name(node: dict) -> Iterator[Change]:
    name = node.get("name") or node.get("memberName")
    if name in NEXT:
        end = _span(node)[1]
        yield "own:name", end - len(name), end, NEXT[name]


def _span(node: dict) -> tuple[int, int]:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def _text(node: dict, text: bytes) -> str:
    start, end = _span(node)
    return text[start:end].decode()
