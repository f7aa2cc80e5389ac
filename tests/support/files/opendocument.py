"""OpenDocument files made of the XML that a test is about."""

import io
import zipfile
from collections.abc import Mapping

_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{_NAMES}:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "style": "style",
        "presentation": "presentation",
        "svg": "svg-compatible",
        "chart": "chart",
    }.items()
)
_OTHERS = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
# Media types whose bodies have another name.
_BODIES = {"graphics": "drawing"}


def archive(media_type: str, parts: Mapping[str, str | bytes]) -> bytes:
    """A zip file whose first member says what it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("mimetype", media_type, zipfile.ZIP_STORED)
        for name, content in parts.items():
            written.writestr(name, content)
    return buffer.getvalue()


def opendocument(kind: str, body: str, *, automatic: str = "", styles: str = "", **parts: str) -> bytes:
    """`automatic` are the styles of the content, `styles` those beside it, `parts` further documents by folder."""
    name = _BODIES.get(kind, kind)
    files = {
        "content.xml": _document(
            f"<office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:{name}>{body}</office:{name}></office:body>"
        ),
        "styles.xml": _document(styles),
        **{
            f"{folder}/content.xml": _document(f"<office:body>{part}</office:body>")
            for folder, part in parts.items()
        },
    }
    return archive(f"application/vnd.oasis.opendocument.{kind}", files)


def _document(inner: str) -> str:
    return f"<office:document {_NAMESPACES} {_OTHERS}>{inner}</office:document>"
