"""Charts and diagrams of Office files: their data as tables and lists (ECMA-376 part 1, 21.2 and 21.4)."""

from collections.abc import Iterator

from app.ingestion.document.model import ListItem, Paragraph, Table
from app.ingestion.loaders.office.package import Node, attribute, local

_MOST_POINTS = 10_000


def chart(tree: Node) -> Iterator[Paragraph | Table]:
    """The chart's title, and its series as columns beside its categories."""
    title = next(
        (_texts(node) for node in tree.iter() if local(node) == "title" and local(_parent(node)) == "chart"), ""
    )
    if title:
        yield Paragraph(f"Chart: {title}")
    series = [node for node in tree.iter() if local(node) == "ser"]
    names = [_first(node, "tx") for node in series]
    columns = [_points(node, "val", "yVal") for node in series]
    categories = next((found for node in series if (found := _points(node, "cat", "xVal"))), {})
    places = sorted({place for column in (categories, *columns) for place in column})
    if not any(columns):
        return
    header = ("", *(name or f"Series {number}" for number, name in enumerate(names, 1)))
    rows = tuple(
        (categories.get(place, str(place + 1)), *(column.get(place, "") for column in columns)) for place in places
    )
    yield Table(rows, (header,))


def diagram(tree: Node) -> Iterator[ListItem]:
    """The texts of a diagram's shapes."""
    for point in tree.iter():
        if local(point) == "pt" and (text := _texts(point)):
            yield ListItem(text)


def _parent(node: Node) -> Node:
    parent = node.getparent()
    return node if parent is None else parent


def _texts(node: Node) -> str:
    paragraphs = [each for each in node.iter() if local(each) == "p"]
    texts = (
        "".join(each.text or "" for each in paragraph.iter() if local(each) == "t") for paragraph in paragraphs
    )
    return " ".join(filter(None, map(str.strip, texts)))


def _first(node: Node, name: str) -> str:
    values = next((_values(child) for child in node if local(child) == name), {})
    return values.get(0, "")


def _points(node: Node, *names: str) -> dict[int, str]:
    return next((_values(child) for child in node if local(child) in names), {})


def _number(text: str) -> str:
    """Binary fractions without their noise: 4.4000000000000004 is 4.4."""
    try:
        return f"{float(text):.15g}" if "." in text else text
    except ValueError:
        return text


def _values(node: Node) -> dict[int, str]:
    """Cached points by their place; a category of several levels is written from the general to the special."""
    levels = [each for each in node.iter() if local(each) == "lvl"] or [node]
    found: dict[int, str] = {}
    for level in levels:
        for point in level.iter():
            if local(point) == "pt" and len(found) < _MOST_POINTS:
                place = int(attribute(point, "idx") or 0)
                text = next((_number(each.text or "") for each in point if local(each) == "v"), "")
                found[place] = f"{text} {found[place]}" if place in found else text
    if not found:
        text = next((each.text or "" for each in node.iter() if local(each) == "v"), "")
        return {0: text} if text else {}
    return found
