"""Office files made of the XML that a test is about."""

import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO

from app.ingestion.document.model import Element, LoadedDocument
from app.ingestion.loaders.extract import extract
from app.ingestion.loaders.reader import Source, reader_for

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{OFFICE}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:o="urn:schemas-microsoft-com:office:office"'
)
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    f'xmlns:r="{OFFICE}" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)
# Each is (kind, target, whether it is an address).
Relations = Mapping[str, tuple[str, str, bool]]


def package(main: str, parts: Mapping[str, str | bytes], relations: Mapping[str, Relations]) -> bytes:
    """A package whose main part is `main`; `relations` by the part that refers."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for part, related in {"": {"rId1": ("officeDocument", main, False)}, **relations}.items():
            folder, _, name = part.rpartition("/")
            path = f"{folder}/_rels/{name}.rels".lstrip("/")
            archive.writestr(path, _relations(related))
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def _relations(related: Relations) -> str:
    each = "".join(
        f'<Relationship Id="{identity}" Type="{OFFICE}/{kind}" Target="{target if external else "/" + target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if external else ''}/>"
        for identity, (kind, target, external) in related.items()
    )
    return f'<Relationships xmlns="{RELATIONS}">{each}</Relationships>'


def docx(body: str, *, links: Mapping[str, str] | None = None, **parts: str | bytes) -> bytes:
    """`parts` are the children of further parts by their kind: styles, numbering, footnotes, comments, header…"""
    roots = {"header": "hdr", "footer": "ftr"}
    files: dict[str, str | bytes] = {"word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>"}
    related: dict[str, tuple[str, str, bool]] = {}
    for number, (kind, content) in enumerate(parts.items()):
        name = f"word/{kind}.xml" if isinstance(content, str) else f"word/{kind}.bin"
        root = roots.get(kind, kind)
        files[name] = f"<w:{root} {W}>{content}</w:{root}>" if isinstance(content, str) else content
        related[f"rIdPart{number}"] = (kind, name, False)
    for identity, address in (links or {}).items():
        related[identity] = ("hyperlink", address, True)
    return package("word/document.xml", files, {"word/document.xml": related})


def paragraph(text: str, properties: str = "") -> str:
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def pptx(
    *slides: str, parts: Mapping[str, str | bytes] | None = None, relations: Mapping[str, Relations] | None = None
) -> bytes:
    """A presentation of slides whose shapes are given; slide n is `ppt/slides/slide{n}.xml`."""
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    files: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {P}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        **(parts or {}),
    }
    for n, shapes in enumerate(slides, 1):
        files[f"ppt/slides/slide{n}.xml"] = f"<p:sld {P}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
    shown: Relations = {f"rId{n}": ("slide", f"ppt/slides/slide{n}.xml", False) for n in range(1, len(slides) + 1)}
    return package("ppt/presentation.xml", files, {"ppt/presentation.xml": shown, **(relations or {})})


def shape(*paragraphs: str, kind: str | None = None) -> str:
    """A shape of paragraphs, plain text or XML; `kind` is the placeholder that it fills."""
    mark = f'<p:ph type="{kind}"/>' if kind else ""
    body = "".join(
        text if text.startswith("<a:p>") else f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in paragraphs
    )
    return f"<p:sp><p:nvSpPr><p:nvPr>{mark}</p:nvPr></p:nvSpPr><p:txBody>{body}</p:txBody></p:sp>"


def elements(content: bytes, media_type: str) -> Iterator[Element]:
    """What the reader of a kind of file yields."""
    read = reader_for(media_type)
    assert read is not None
    return read(Source(content, "a.bin", media_type))


def text_of(document: LoadedDocument) -> str:
    return "\n\n".join(section.text for section in document.sections)


def text_in(content: bytes, filename: str) -> str:
    return text_of(extract(content, filename))
