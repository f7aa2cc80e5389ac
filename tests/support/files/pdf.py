"""PDF files made of the operators that a test is about, with no cross-reference table: readers rebuild it."""

from collections.abc import Sequence
from dataclasses import dataclass

FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
SHADED = (
    "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>"
)


@dataclass(frozen=True)
class PdfPage:
    """`content` are operators, `annotations` are dictionaries, `extra` goes into the page's own."""

    content: str = ""
    annotations: Sequence[str] = ()
    extra: str = ""


def text(x: float, y: float, line: str, *, size: float = 12) -> str:
    """A line of text, its foot at y points from the page's own."""
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {x} {y} Td ({escaped}) Tj ET\n"


def lines(x: float, y: float, *rows: str, size: float = 12) -> str:
    """Lines of text, one below the other."""
    return "".join(text(x, y - 1.2 * size * number, row, size=size) for number, row in enumerate(rows))


def rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"{x} {y} m {to_x} {to_y} l S\n"


def grid(xs: Sequence[float], ys: Sequence[float]) -> str:
    """The rules of a table with these columns and rows."""
    across = "".join(rule(xs[0], y, xs[-1], y) for y in ys)
    return across + "".join(rule(x, ys[0], x, ys[-1]) for x in xs)


def picture() -> str:
    """A picture over most of the page."""
    return "q 600 0 0 780 6 6 cm /X1 Do Q\n"


def pdf(*pages: PdfPage, catalog: str = "", objects: Sequence[str] = ()) -> bytes:
    """`objects` are numbered from 100 on, so that the catalog and annotations can refer to them."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    parts = [
        "%PDF-1.7",
        f"1 0 obj << /Type /Catalog /Pages 2 0 R {catalog} >> endobj",
        f"2 0 obj << /Type /Pages /Kids [{kids}] /Count {len(pages)} >> endobj",
        f"3 0 obj {FONT} endobj",
        f"4 0 obj {SHADED} stream\n\x7f\nendstream endobj",
    ]
    for n, page in enumerate(pages):
        notes = f"/Annots [{' '.join(page.annotations)}]" if page.annotations else ""
        parts.append(
            f"{10 + 2 * n} 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {11 + 2 * n} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> /XObject << /X1 4 0 R >> >> {notes} {page.extra} >> endobj"
        )
        parts.append(
            f"{11 + 2 * n} 0 obj << /Length {len(page.content)} >> stream\n{page.content}\nendstream endobj"
        )
    parts += [f"{100 + n} 0 obj {body} endobj" for n, body in enumerate(objects)]
    return "\n".join([*parts, "trailer << /Root 1 0 R >>", "%%EOF"]).encode("latin-1")
