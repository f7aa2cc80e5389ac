"""Formulas of Office files on one line (ECMA-376 part 1, 22.1)."""

from app.ingestion.loaders.office.package import Node, attribute, local

_SIMPLE = 1


def formula_text(node: Node) -> str:
    """A formula as it would be typed: (a+b)/c, x^2, √(y)."""
    return " ".join(_written(node).split())


def _written(node: Node) -> str:
    parts = {local(child): child for child in node}
    match local(node):
        case "t":
            text = node.text or ""
        case "f":
            text = f"{_grouped(parts.get('num'))}/{_grouped(parts.get('den'))}"
        case "sSup" | "sSub" | "sSubSup":
            text = _inner(parts.get("e")) + _scripts(parts)
        case "rad":
            text = f"{_inner(parts.get('deg'))}√{_grouped(parts.get('e'))}"
        case "d":
            text = f"({_members(node)})"
        case "nary":
            text = f"{_sign(parts.get('naryPr'))}{_scripts(parts)} {_inner(parts.get('e'))}"
        case "m":
            text = "[" + "; ".join(_members(row) for row in node if local(row) == "mr") + "]"
        case _:
            text = "".join(map(_written, node))
    return text


def _scripts(parts: dict[str, Node]) -> str:
    marks = (("_", parts.get("sub")), ("^", parts.get("sup")))
    return "".join(f"{mark}{_grouped(part)}" for mark, part in marks if _inner(part))


def _sign(properties: Node | None) -> str:
    marks = properties if properties is not None else ()
    return next((attribute(each, "val") or "" for each in marks if local(each) == "chr"), "∫")


def _members(node: Node) -> str:
    return ", ".join(_inner(child) for child in node if local(child) == "e")


def _inner(node: Node | None) -> str:
    return "".join(map(_written, node)) if node is not None else ""


def _grouped(node: Node | None) -> str:
    text = _inner(node).strip()
    return text if len(text) <= _SIMPLE or text.isalnum() else f"({text})"
