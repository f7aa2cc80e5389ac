"""What is laid over a PDF's page: form fields, links, notes and attached files (ISO 32000-1, 12.5)."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pypdfium2
from pypdfium2 import raw

from app.ingestion.document.model import Attachment, Comment, linked
from app.ingestion.loaders.pdf_layout.words import OVERLAID, PageRotation, PageWord

_CHECKED, _UNCHECKED = "☑", "☐"
_BOXES = frozenset({raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON})
_VALUES = frozenset({raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX})
_MOST = 5000
# In heights of a line: what is typed into a tall field stands at its top.
_TALL = 20.0
_SLACK = 2.0


@dataclass(slots=True)
class Annotations:
    """`fields` are words where a form has been filled in, to be read with the page's own."""

    fields: list[PageWord] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)


def read_annotations(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, words: Sequence[PageWord], view: PageRotation
) -> Annotations:
    """Read a page's annotations; links are written behind the `words` that they lie on."""
    found = Annotations()
    links: list[tuple[str, tuple[float, float, float, float]]] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST)):
        note = raw.FPDFPage_GetAnnot(page.raw, number)
        if not note:
            continue
        try:
            kind, box = raw.FPDFAnnot_GetSubtype(note), _box(note, view)
            if kind == raw.FPDF_ANNOT_WIDGET:
                found.fields += _field(document, note, box)
            elif kind == raw.FPDF_ANNOT_LINK:
                if address := _address(document, note):
                    links.append((address, box))
            elif kind == raw.FPDF_ANNOT_FREETEXT:
                found.fields += _lines(_string(note, "Contents"), box)
            elif kind == raw.FPDF_ANNOT_FILEATTACHMENT:
                found.attachments += _attached(note)
            elif kind != raw.FPDF_ANNOT_POPUP and (text := _string(note, "Contents").strip()):
                found.comments.append(Comment(text, _string(note, "T").strip() or None))
        finally:
            raw.FPDFPage_CloseAnnot(note)
    found.fields += _link(words, links)
    return found


def _box(note: raw.FPDF_ANNOTATION, view: PageRotation) -> tuple[float, float, float, float]:
    area = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(note, ctypes.byref(area))
    return view.seen(*sorted_box(area.left, area.bottom, area.right, area.top))


def sorted_box(left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _field(
    document: pypdfium2.PdfDocument, note: raw.FPDF_ANNOTATION, box: tuple[float, float, float, float]
) -> list[PageWord]:
    form = document.formenv
    if form is None:
        return []
    kind = raw.FPDFAnnot_GetFormFieldType(form.raw, note)
    if kind in _BOXES:
        return [PageWord(_CHECKED if raw.FPDFAnnot_IsChecked(form.raw, note) else _UNCHECKED, *box, place=OVERLAID)]
    if kind not in _VALUES:
        return []
    chosen = "\n".join(_chosen(form.raw, note)) if kind != raw.FPDF_FORMFIELD_TEXTFIELD else ""
    value = chosen or _text(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form.raw, note, buffer, size))
    return _lines(value, box)


def _chosen(form: raw.FPDF_FORMHANDLE, note: raw.FPDF_ANNOTATION) -> Iterator[str]:
    """The options of a list that are selected, as they are shown; their values may be codes."""
    for option in range(min(raw.FPDFAnnot_GetOptionCount(form, note), _MOST)):
        if raw.FPDFAnnot_IsOptionSelected(form, note, option):
            yield _option(form, note, option)


def _option(form: raw.FPDF_FORMHANDLE, note: raw.FPDF_ANNOTATION, option: int) -> str:
    return _text(lambda buffer, size: raw.FPDFAnnot_GetOptionLabel(form, note, option, buffer, size))


def _lines(text: str, box: tuple[float, float, float, float]) -> list[PageWord]:
    """A text's lines as words, one below the other, from the top of a box."""
    left, top, right, bottom = box
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    height = min((bottom - top) / len(lines), _TALL)
    return [
        PageWord(
            line.strip(), left, top + number * height, right, top + (number + 1) * height, place=OVERLAID + number
        )
        for number, line in enumerate(lines)
    ]


def _address(document: pypdfium2.PdfDocument, note: raw.FPDF_ANNOTATION) -> str:
    link = raw.FPDFAnnot_GetLink(note)
    action = raw.FPDFLink_GetAction(link) if link else None
    if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
        return ""
    size = raw.FPDFAction_GetURIPath(document.raw, action, None, 0)
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAction_GetURIPath(document.raw, action, buffer, size)
    return buffer.value.decode("utf-8", "replace")


def _link(
    words: Sequence[PageWord], links: Sequence[tuple[str, tuple[float, float, float, float]]]
) -> Iterator[PageWord]:
    """Write each address behind the last of its words; a link over several lines is one annotation a line.

    Yields the addresses of links that lie on no word, as of a picture.
    """
    for number, (address, (left, top, right, bottom)) in enumerate(links):
        if number + 1 < len(links) and links[number + 1][0] == address:
            continue
        on = [
            word
            for word in words
            if left - _SLACK <= (word.left + word.right) / 2 <= right + _SLACK
            and top - _SLACK <= word.middle <= bottom + _SLACK
        ]
        if on:
            said = " ".join(word.text for word in on)
            on[-1].text += linked(said, address)[len(said) :]
        else:
            yield from _lines(f"<{address}>", (left, top, right, bottom))


def _attached(note: raw.FPDF_ANNOTATION) -> Iterator[Attachment]:
    attached = raw.FPDFAnnot_GetFileAttachment(note)
    if attached:
        held = pypdfium2.PdfAttachment(attached, None)
        yield Attachment(held.get_name(), bytes(held.get_data()))


def _string(note: raw.FPDF_ANNOTATION, key: str) -> str:
    return _text(lambda buffer, size: raw.FPDFAnnot_GetStringValue(note, key.encode(), buffer, size))


def _text(fill: Callable[[ctypes.Array[ctypes.c_ushort] | None, int], int]) -> str:
    """A string that PDFium writes as UTF-16 into a buffer of so many bytes."""
    size = fill(None, 0)
    if size <= 2:  # noqa: PLR2004 - its final zero alone
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    fill(buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace")
