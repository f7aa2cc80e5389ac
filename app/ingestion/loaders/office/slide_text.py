"""The text of DrawingML shapes (ECMA-376 part 1, 21.1): paragraphs with their bullets, numbers and links."""

import re
from collections.abc import Iterator, Mapping

from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import ListItem, Paragraph, Row, Table, linked, superscript
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.office.formulas import formula_text
from app.ingestion.loaders.office.numbering import written
from app.ingestion.loaders.office.package import Node, Relation, attribute, local

_LEVELS = 9
_MAX_COLUMNS = 1000
# Fields whose text is the same thing on every slide: its number, today's date.
_FIELDS = ("slidenum", "datetime")
_AUTO_NUMBER = re.compile(r"(alphaLc|alphaUc|arabic|romanLc|romanUc)(ParenBoth|ParenR|Period|Plain)")
_FORMATS = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "arabic": "decimal",
}
_AROUND = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}"}


class TextReader:
    """Reads text bodies of one slide. `relations` are the slide's."""

    def __init__(self, relations: Mapping[str, Relation]) -> None:
        self._relations = relations

    def paragraphs(self, body: Node, *, bulleted: bool) -> Iterator[Paragraph | ListItem]:
        """`bulleted`: paragraphs have bullets unless they say otherwise, as in a slide's body."""
        counts = [0] * _LEVELS
        for node in body:
            text = self.line(node) if local(node) == "p" else ""
            if not text:
                continue
            properties = next((each for each in node if local(each) == "pPr"), None)
            level = min(int(attribute(properties, "lvl") or 0), _LEVELS - 1) if properties is not None else 0
            marks = {local(each): each for each in properties} if properties is not None else {}
            if "buAutoNum" in marks:
                start = int(marks["buAutoNum"].get("startAt") or 1)
                counts[level] = max(counts[level] + 1, start)
                counts[level + 1 :] = [0] * (_LEVELS - level - 1)
                yield ListItem(text, _number(counts[level], marks["buAutoNum"].get("type") or ""), level)
                continue
            counts[level:] = [0] * (_LEVELS - level)
            if "buNone" not in marks and (bulleted or "buChar" in marks or "buBlip" in marks):
                yield ListItem(text, "-", level)
            else:
                yield Paragraph(text)

    def line(self, paragraph: Node) -> str:
        return "".join(self._pieces(paragraph)).strip()

    def _pieces(self, node: Node) -> Iterator[str]:
        for child in node:
            match local(child):
                case "r":
                    yield self._run(child)
                case "br":
                    yield "\n"
                case "fld":
                    if not (child.get("type") or "").startswith(_FIELDS):
                        yield self._run(child)
                case "oMath":
                    yield formula_text(child)
                case "pPr" | "endParaRPr" | "Fallback":
                    pass
                case _:
                    yield from self._pieces(child)

    def _run(self, run: Node) -> str:
        text = "".join(each.text or "" for each in run if local(each) == "t")
        for properties in (each for each in run if local(each) == "rPr"):
            if int(properties.get("baseline") or 0) > 0:
                text = superscript(text)
            for link in (each for each in properties if local(each) == "hlinkClick"):
                relation = self._relations.get(attribute(link, "id") or "")
                if relation is not None and relation.external:
                    text = linked(text, relation.target)
        return text

    def table(self, node: Node) -> Iterator[Paragraph | Table]:
        """Cells that are merged away (`hMerge`, `vMerge`) take the text of the cell that covers them."""
        rows: list[Row] = []
        joined: set[int] = set()
        for line in (each for each in node if local(each) == "tr"):
            cells: list[str] = []
            for cell in [each for each in line if local(each) == "tc"][:_MAX_COLUMNS]:
                if cell.get("hMerge") in {"1", "true"} and cells:
                    joined.add(len(rows))
                    cells.append(cells[-1])
                elif cell.get("vMerge") in {"1", "true"} and rows and len(cells) < len(rows[-1]):
                    joined.add(len(rows) - 1)
                    cells.append(rows[-1][len(cells)])
                else:
                    cells.append(self._cell(cell))
            rows.append(tuple(cells))
        yield from tables_of(rows, joined=joined)

    def _cell(self, cell: Node) -> str:
        bodies = (each for each in cell if local(each) == "txBody")
        lines = (element for body in bodies for element in self.paragraphs(body, bulleted=False))
        return clean_line("\n".join(element.text for element in lines))


def _number(count: int, kind: str) -> str:
    match = _AUTO_NUMBER.match(kind)
    return _AROUND[match[2]].format(written(count, _FORMATS[match[1]])) if match else str(count)
