"""The text of a Word paragraph as a reader of the page sees it, and what is anchored in it."""

import re
from dataclasses import dataclass, field

from app.ingestion.document.model import linked, superscript
from app.ingestion.loaders.office.formulas import formula_text
from app.ingestion.loaders.office.package import Node, OfficePackage, Relation, attribute, local
from app.ingestion.loaders.office.word_styles import is_on

_LINK = re.compile(r'\s*HYPERLINK\s+(?:\\l\s+)?"?([^"\s]*)"?', re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_SKIPPED = frozenset({"del", "moveFrom", "instrText", "delText", "rPr", "pPr", "rt", "proofErr", "sectPr"})
_NOTE_MARKS = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
# Check marks and bullets of Wingdings, by the code in the font's private area.
_SYMBOLS = {
    0xFC: "✓",
    0xFE: "☑",
    0xA8: "☐",
    0xFB: "✗",
    0xFD: "☒",
    0x6F: "☐",
    0x52: "☑",
    0x51: "☒",
    0xE0: "→",
    0xB7: "•",
}


@dataclass(slots=True)
class Inline:
    """A paragraph's text without page numbers, and nodes of what hangs on it. `notes` are (story, id) pairs."""

    text: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    boxes: list[Node] = field(default_factory=list)
    drawings: list[Node] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    page_number: bool = False
    pages: int = 0
    page_first: bool = False


@dataclass(slots=True)
class _Field:
    """A field code between its marks. `start` is where its result begins in the text."""

    code: str = ""
    shown: bool = False
    start: int = 0


class InlineReader:
    """Reads the paragraphs of one part in order; a field may begin in one paragraph and end in another.

    `note_label` gives the mark of a note by its story and id.
    """

    def __init__(self, package: OfficePackage, part: str) -> None:
        self._relations: dict[str, Relation] = package.relations(part)
        self._fields: list[_Field] = []
        self._labels: dict[tuple[str, str], str] = {}
        self._pieces: list[str] = []
        self._found = Inline()

    def relation(self, identity: str | None) -> Relation | None:
        return self._relations.get(identity or "")

    def label(self, note: tuple[str, str]) -> str:
        """The number of a note, by the order in which they are referred to."""
        if note not in self._labels:
            of_story = sum(story == note[0] for story, _ in self._labels)
            self._labels[note] = str(of_story + 1) if note[0] == "footnotes" else f"E{of_story + 1}"
        return self._labels[note]

    def read(self, paragraph: Node) -> Inline:
        self._pieces, self._found = [], Inline()
        for each in self._fields:
            each.start = 0
        self._children(paragraph)
        self._found.text = "".join(self._pieces).strip()
        return self._found

    def _children(self, node: Node) -> None:
        for child in node:
            self._node(child)

    def _node(self, node: Node) -> None:
        name = local(node)
        if name in _SKIPPED:
            if name == "instrText" and self._fields and not self._fields[-1].shown:
                self._fields[-1].code += node.text or ""
            return
        handle = getattr(self, f"_on_{name}", None)
        if handle is not None:
            handle(node)
        else:
            self._children(node)

    def _say(self, text: str) -> None:
        if any(_PAGE_NUMBER.match(each.code) for each in self._fields):
            self._found.page_number = True
        elif all(each.shown for each in self._fields):
            self._pieces.append(text)

    def _on_r(self, node: Node) -> None:
        properties = next((each for each in node if local(each) == "rPr"), None)
        said = {local(each): attribute(each, "val") for each in properties} if properties is not None else {}
        if "vanish" in said and (said["vanish"] is None or is_on(said["vanish"])):
            return
        if said.get("vertAlign") == "superscript":
            start = len(self._pieces)
            self._children(node)
            raised = "".join(self._pieces[start:])
            del self._pieces[start:]
            self._pieces.append(superscript(raised) if self._pieces and self._pieces[-1][-1:].strip() else raised)
        else:
            self._children(node)

    def _on_t(self, node: Node) -> None:
        self._say(node.text or "")

    def _on_tab(self, _: Node) -> None:
        self._say(" ")

    def _on_br(self, node: Node) -> None:
        if attribute(node, "type") not in {"page", "column"}:
            self._say("\n")

    def _on_cr(self, _: Node) -> None:
        self._say("\n")

    def _on_noBreakHyphen(self, _: Node) -> None:  # noqa: N802 - the element's name
        self._say("-")

    def _on_sym(self, node: Node) -> None:
        code = int(attribute(node, "char") or "0", 16)
        self._say(_SYMBOLS.get(code & 0xFF, "") if code >= 0xF000 else chr(code))  # noqa: PLR2004 - the private area

    def _on_lastRenderedPageBreak(self, _: Node) -> None:  # noqa: N802 - the element's name
        self._found.page_first = self._found.page_first or not "".join(self._pieces).strip()
        self._found.pages += 1

    def _on_footnoteReference(self, node: Node) -> None:  # noqa: N802 - the element's name
        note = (_NOTE_MARKS[local(node)], attribute(node, "id") or "")
        self._found.notes.append(note)
        self._say(f"[{self.label(note)}]")

    _on_endnoteReference = _on_footnoteReference  # noqa: N815 - the element's name

    def _on_commentReference(self, node: Node) -> None:  # noqa: N802 - the element's name
        self._found.comments.append(attribute(node, "id") or "")

    def _on_hyperlink(self, node: Node) -> None:
        relation = self.relation(attribute(node, "id"))
        start = len(self._pieces)
        self._children(node)
        self._link(start, relation.target if relation and relation.external else None)

    def _link(self, start: int, address: str | None) -> None:
        text = "".join(self._pieces[start:])
        if address and text.strip():
            self._pieces[start:] = [linked(text, address)]

    def _on_fldSimple(self, node: Node) -> None:  # noqa: N802 - the element's name
        code = attribute(node, "instr") or ""
        self._fields.append(_Field(code, shown=True, start=len(self._pieces)))
        self._children(node)
        self._end_field()

    def _on_fldChar(self, node: Node) -> None:  # noqa: N802 - the element's name
        match attribute(node, "fldCharType"):
            case "begin":
                self._fields.append(_Field())
                box = next((each for each in node.iter() if local(each) == "checkBox"), None)
                if box is not None:
                    self._fields[-1].code = "FORMCHECKBOX"
                    marks = {local(each): attribute(each, "val") for each in box}
                    state = (
                        marks.get("checked", marks.get("default"))
                        if "checked" in marks or "default" in marks
                        else "0"
                    )
                    self._pieces.append("☑" if state is None or is_on(state) else "☐")
            case "separate" if self._fields:
                self._fields[-1].shown, self._fields[-1].start = True, len(self._pieces)
            case "end" if self._fields:
                self._end_field()

    def _end_field(self) -> None:
        ended = self._fields.pop()
        link = _LINK.match(ended.code)
        if link and "\\l" not in ended.code:
            self._link(ended.start, link[1])

    def _on_oMath(self, node: Node) -> None:  # noqa: N802 - the element's name
        self._say(f" {formula_text(node)} ")

    def _on_AlternateContent(self, node: Node) -> None:  # noqa: N802 - the element's name
        """The choice is what Word shows; its fallback repeats it for old readers."""
        ways = [each for each in node if local(each) == "Choice" and len(each)] or [
            each for each in node if local(each) == "Fallback"
        ]
        for way in ways[:1]:
            self._children(way)

    def _on_txbxContent(self, node: Node) -> None:  # noqa: N802 - the element's name
        self._found.boxes.append(node)

    def _on_drawing(self, node: Node) -> None:
        self._found.drawings.append(node)
        for each in node.iter():
            if local(each) == "txbxContent" and not _within_box(each, node):
                self._found.boxes.append(each)

    def _on_imagedata(self, node: Node) -> None:
        self._found.drawings.append(node)

    def _on_OLEObject(self, node: Node) -> None:  # noqa: N802 - the element's name
        self._found.objects.append(attribute(node, "id") or "")


def _within_box(node: Node, top: Node) -> bool:
    parent = node.getparent()
    while parent is not None and parent is not top:
        if local(parent) == "txbxContent":
            return True
        parent = parent.getparent()
    return False
