"""What kind of file it is: by content, then by name, and by what was declared last."""

import re
import zipfile
from io import BytesIO
from pathlib import PurePath

import olefile

from app.errors import UnreadableDocument, UnsupportedMedia

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
PDF = "application/pdf"
DOCX = _OOXML + "wordprocessingml.document"
XLSX = _OOXML + "spreadsheetml.sheet"
PPTX = _OOXML + "presentationml.presentation"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
ODT, ODS, ODP, ODG = (_ODF + kind for kind in ("text", "spreadsheet", "presentation", "graphics"))
EPUB = "application/epub+zip"
DOC, XLS, PPT, MSG = (
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
)
RTF = "application/rtf"
XML_SHEETS = "application/vnd.ms-excel+xml"
HTML, XML, MARKDOWN, EMAIL = "text/html", "application/xml", "text/markdown", "message/rfc822"
CSV, TSV, JSON, TEXT = "text/csv", "text/tab-separated-values", "application/json", "text/plain"
RST, ORG, LATEX, NOTEBOOK = "text/x-rst", "text/x-org", "application/x-latex", "application/x-ipynb+json"
MBOX = "application/mbox"

PNG, JPEG, GIF, TIFF = "image/png", "image/jpeg", "image/gif", "image/tiff"
WEBP, BMP = "image/webp", "image/bmp"
PICTURES = frozenset({PNG, JPEG, GIF, TIFF, WEBP, BMP})

PACKAGES = frozenset({DOCX, XLSX, XLSB, PPTX, ODT, ODS, ODP, ODG, EPUB})
_BINARY_BY_SUFFIX = {
    "pdf": PDF,
    "docx": DOCX,
    "docm": DOCX,
    "xlsx": XLSX,
    "xlsm": XLSX,
    "xlsb": XLSB,
    "pptx": PPTX,
    "pptm": PPTX,
    "odt": ODT,
    "ods": ODS,
    "odp": ODP,
    "odg": ODG,
    "epub": EPUB,
    "doc": DOC,
    "xls": XLS,
    "ppt": PPT,
    "msg": MSG,
    "rtf": RTF,
}
_TEXT_BY_SUFFIX = {
    "html": HTML,
    "htm": HTML,
    "xhtml": HTML,
    **dict.fromkeys(("xml", "svg", "rss", "atom", "xsd", "wsdl", "xsl", "kml", "gpx", "plist", "xliff"), XML),
    "md": MARKDOWN,
    "markdown": MARKDOWN,
    "mdx": MARKDOWN,
    "eml": EMAIL,
    "mht": EMAIL,
    "mhtml": EMAIL,
    "mbox": MBOX,
    "csv": CSV,
    "tsv": TSV,
    "json": JSON,
    "jsonl": JSON,
    "ndjson": JSON,
    "rst": RST,
    "org": ORG,
    "tex": LATEX,
    "ipynb": NOTEBOOK,
}
_TEXT_TYPES = frozenset(_TEXT_BY_SUFFIX.values()) | {TEXT}

_ARCHIVE = "Archives are not unpacked: extract it and add the files inside."
_RECORDING = "Sound and video are not supported."
_PROGRAM = "Programs are not supported."
_PICTURES = (
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF8", GIF),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (8, b"WEBP", WEBP),
    (0, b"BM", BMP),
)
_REFUSED = (
    (0, b"\x1f\x8b", _ARCHIVE),
    (0, b"BZh", _ARCHIVE),
    (0, b"\xfd7zXZ\x00", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (0, b"Rar!\x1a\x07", _ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (257, b"ustar", _ARCHIVE),
    (0, b"ID3", _RECORDING),
    (0, b"OggS", _RECORDING),
    (0, b"fLaC", _RECORDING),
    (4, b"ftyp", _RECORDING),
    (8, b"WAVE", _RECORDING),
    (0, b"\x1aE\xdf\xa3", _RECORDING),
    (0, b"\x7fELF", _PROGRAM),
    (0, b"MZ\x90", _PROGRAM),
    (0, b"SQLite format 3\x00", "Databases are not supported: export the tables as CSV."),
)
_OOXML_PARTS = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}
_OLE_STREAMS = {"WordDocument": DOC, "Workbook": XLS, "Book": XLS, "PowerPoint Document": PPT}
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_MAIL_START = re.compile(rb"(?:Received|Return-Path|Message-ID|MIME-Version|Delivered-To):\s", re.IGNORECASE)
_MAILBOX_START = re.compile(rb"From \S+ .*\n[\w-]+: ")
_BOM = b"\xef\xbb\xbf"
_HEAD = 4096
_EXPORTED_AS = frozenset({"xls", "doc"})
_OFFICE = frozenset({"xls", "doc", "xlsx", "docx", "ppt", "pptx"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def detect(content: bytes, filename: str, declared: str | None = None) -> str:
    """Return the media type.

    Raises:
        UnsupportedMedia: a kind that is not read, with what to do instead.
        UnreadableDocument: empty, damaged, protected, or not what its name says.
    """
    if not content:
        raise UnreadableDocument("The file is empty.")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(content, filename)
    if content.startswith(olefile.MAGIC):
        return _compound(content)
    marked = _marked(content)
    if marked is not None:
        return marked
    suffix = PurePath(filename).suffix.lower().removeprefix(".")
    if suffix in _BINARY_BY_SUFFIX:
        disguised = _disguised(content, suffix)
        if disguised is not None:
            return disguised
        raise UnreadableDocument(f"The name ends in .{suffix}, but the content is damaged or of another kind.")
    return _textual(content, suffix, declared)


def _marked(content: bytes) -> str | None:
    """The kind that the first bytes name."""
    if b"%PDF-" in content[:1024]:
        return PDF
    if content.removeprefix(_BOM).lstrip().startswith(b"{\\rtf"):
        return RTF
    for offset, magic, kind in _PICTURES:
        # Text may begin with "BM".
        if content[offset : offset + len(magic)] == magic and (kind != BMP or b"\x00" in content[:_HEAD]):
            return kind
    for offset, magic, reason in _REFUSED:
        if content[offset : offset + len(magic)] == magic:
            raise UnsupportedMedia(reason)
    return None


def _textual(content: bytes, suffix: str, declared: str | None) -> str:
    if suffix in _TEXT_BY_SUFFIX:
        return _TEXT_BY_SUFFIX[suffix]
    head = content[:_HEAD].removeprefix(_BOM)
    if _HTML_START.match(head):
        return HTML
    if head.lstrip().startswith(b"<?xml"):
        return XML
    if not suffix and _MAILBOX_START.match(head):
        return MBOX
    if not suffix and _MAIL_START.match(head):
        return EMAIL
    plain = (declared or "").split(";")[0].strip().lower()
    return plain if plain in _TEXT_TYPES and not suffix else TEXT


def _disguised(content: bytes, suffix: str) -> str | None:
    """What programs export under an old Office name, which Office opens all the same."""
    head = content[:_HEAD]
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    plain = head.decode("utf-16", "ignore").encode() if wide else head.removeprefix(_BOM)
    if suffix in _OFFICE and _HTML_START.match(plain):
        return HTML
    if suffix not in _EXPORTED_AS:
        return None
    if plain.lstrip().startswith(b"<?xml"):
        kind = XML_SHEETS if b"urn:schemas-microsoft-com:office:spreadsheet" in plain else XML
    elif _MAIL_START.match(plain):
        kind = EMAIL
    elif b"<table" in plain[:1024].lower():
        kind = HTML
    elif _CONTROLS.search(plain):
        return None
    else:
        kind = TEXT if suffix == "doc" else TSV if b"\t" in head else CSV
    return kind


def _package(content: bytes, filename: str) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            names = package.namelist()
            if "mimetype" in names and package.getinfo("mimetype").file_size < 256:  # noqa: PLR2004
                kind = package.read("mimetype").decode("ascii", "replace").strip()
                if kind.removesuffix("-template") in PACKAGES:
                    return kind.removesuffix("-template")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnreadableDocument("The file is truncated or damaged.") from error
    if "xl/workbook.bin" in names:
        return XLSB
    if "[Content_Types].xml" in names:
        for part, kind in _OOXML_PARTS.items():
            if any(name.startswith(part) for name in names):
                return kind
    suffix = PurePath(filename).suffix.lower().removeprefix(".")
    if suffix in _BINARY_BY_SUFFIX:
        raise UnreadableDocument(f"The name ends in .{suffix}, but the content is a plain archive.")
    raise UnsupportedMedia(_ARCHIVE)


def _compound(content: bytes) -> str:
    """Kinds inside an OLE2 container ([MS-CFB]); Office puts encrypted files there too ([MS-OFFCRYPTO] 2.3)."""
    try:
        with olefile.OleFileIO(content) as container:
            if container.exists("EncryptedPackage"):
                raise UnreadableDocument("The file is protected with a password.")
            if container.exists("__properties_version1.0"):
                return MSG
            for stream, kind in _OLE_STREAMS.items():
                if container.exists(stream):
                    return kind
    except (OSError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise UnreadableDocument("The file is truncated or damaged.") from error
    raise UnsupportedMedia("This kind of Office file is not supported: save it in a current format.")
