"""Files made to cost others: each is read or refused with a reason, in bounded time and memory, and costs none."""

import zipfile
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio

from app.errors import UnreadableDocument
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.pool import ChildPool, whole
from app.ingestion.loaders.worker import Limits
from tests.support.files.office import docx, package, paragraph
from tests.support.files.opendocument import archive
from tests.support.files.pdf import PdfPage, pdf, text
from tests.support.loader_tasks import read_and_split

MIB = 1024 * 1024
# Of a file on this machine; no test reads it.
SECRET = "file:///etc/hostname"
OBJECTS = 1_000_000
LONGEST = 200

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ChildPool]:
    pool = ChildPool(1, Limits(seconds=60, memory_bytes=768 * MIB))
    yield pool
    await pool.close()


async def read(pool: ChildPool, content: bytes, filename: str) -> LoadedDocument:
    document, chunks = await pool.run(read_and_split, whole(content), filename)
    assert chunks
    assert isinstance(document, LoadedDocument)
    return document


def said(document: LoadedDocument) -> str:
    return "\n".join(section.text for section in document.sections)


def with_member(document: bytes, name: str, content: bytes) -> bytes:
    buffer = BytesIO(document)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as written:
        written.writestr(name, content)
    return buffer.getvalue()


async def test_a_bomb_among_the_parts_of_a_document_is_refused(pool: ChildPool) -> None:
    with pytest.raises(UnreadableDocument, match="as a decompression bomb does"):
        await read(pool, with_member(docx(paragraph("x")), "word/media/a.bin", bytes(40 * MIB)), "a.docx")


async def test_a_bomb_within_a_document_costs_only_itself(pool: ChildPool) -> None:
    inner = with_member(docx(paragraph("x")), "word/media/a.bin", bytes(40 * MIB))
    body = paragraph("The contract.") + (
        '<w:p><w:r><w:object><o:OLEObject r:id="rIdBomb" Type="Embed"/></w:object></w:r></w:p>'
    )
    parts: dict[str, str | bytes] = {"word/document.xml": body_of(body), "word/embeddings/inner.docx": inner}
    relations = {"word/document.xml": {"rIdBomb": ("package", "word/embeddings/inner.docx", False)}}
    document = await read(pool, package("word/document.xml", parts, relations), "a.docx")
    assert said(document).startswith("The contract.")
    assert ["bomb" in warning.message for warning in document.warnings] == [True]


def body_of(body: str) -> bytes:
    with zipfile.ZipFile(BytesIO(docx(body))) as made:
        return made.read("word/document.xml")


ENTITIES = (
    f'<!DOCTYPE d [<!ENTITY x SYSTEM "{SECRET}"><!ENTITY % p SYSTEM "{SECRET}">'
    '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
)


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (f"{ENTITIES}<d><p>before &x; &a11; after</p></d>".encode(), "a.xml"),
        (f"{ENTITIES}<svg><text>before &x; &a11; after</text></svg>".encode(), "a.svg"),
        (f"{ENTITIES}<html><body><p>before &x; &a11; after</p></body></html>".encode(), "a.xhtml"),
        (
            package(
                "word/document.xml",
                {
                    "word/document.xml": f"{ENTITIES}<document><body><p><r><t>before</t></r></p>"
                    "<p><r><t>&x; &a11;</t></r></p></body></document>"
                },
                {},
            ),
            "a.docx",
        ),
        (
            archive(
                "application/vnd.oasis.opendocument.text",
                {
                    "content.xml": f'{ENTITIES}<o:document xmlns:o="o"><o:body><o:p>before &x; &a11; after</o:p>'
                    "</o:body></o:document>"
                },
            ),
            "a.odt",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_entities_bring_in_no_other_file_and_do_not_grow(
    pool: ChildPool, content: bytes, filename: str
) -> None:
    try:
        found = said(await read(pool, content, filename))
    except UnreadableDocument as refusal:
        found = f"before: {refusal.detail}"
    assert "before" in found
    assert "haha" not in found
    assert len(found) < LONGEST


async def test_a_pdf_of_a_million_objects_is_read_or_refused_in_time(pool: ChildPool) -> None:
    page = pdf(PdfPage(text(72, 700, "Still here")))
    padding = b"".join(b"%d 0 obj null endobj\n" % number for number in range(1000, 1000 + OBJECTS))
    document = await read(pool, page.replace(b"trailer", padding + b"trailer"), "a.pdf")
    assert said(document) == "Still here"


async def test_mail_nested_two_hundred_deep_is_read_to_a_depth_and_the_rest_named(pool: ChildPool) -> None:
    content = "Subject: level 200\r\n\r\nThe innermost.\r\n"
    for level in reversed(range(200)):
        content = (
            f"Subject: level {level}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n"
            f"--b{level}\r\n\r\nBody {level}.\r\n"
            f"--b{level}\r\nContent-Type: message/rfc822\r\n\r\n"
            f"{content}\r\n--b{level}--\r\n"
        )
    document = await read(pool, content.encode(), "a.eml")
    assert "Body 0." in said(document)
    assert "The innermost." not in said(document)
    assert any("nested too deeply" in warning.message for warning in document.warnings)


async def test_the_next_file_is_read(pool: ChildPool) -> None:
    assert said(await read(pool, b"still here", "note.txt")) == "still here"
