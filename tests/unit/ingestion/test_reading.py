"""A file that is being read: what a reader warns of, and documents inside documents."""

import pytest

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import Attachment, Element, Heading, LoadedDocument, PageStart, Paragraph
from app.ingestion.loaders import reader
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.reading import begin
from app.ingestion.loaders.warning_list import WarningList


def read(*elements: Element) -> LoadedDocument:
    return begin(Source(b"", "a.bin", "application/x"), iter(elements)).finish()


def test_properties_and_warnings_are_told_beside_the_text() -> None:
    warning = DocumentWarning(WarningKind.PICTURE, "A picture was not read.", "page 2")
    document = read(DocumentProperties(title="Plan", author="Ada"), Paragraph("words"), warning)
    assert document.properties == DocumentProperties(title="Plan", author="Ada")
    assert document.warnings == (warning,)
    assert [section.text for section in document.sections] == ["words"]


def test_a_file_without_text_is_refused_with_what_was_not_read() -> None:
    with pytest.raises(UnreadableDocument, match=r"no text\. page 1: The page holds no text\."):
        read(DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "The page holds no text.", "page 1"))


def test_an_attachment_of_an_unknown_kind_is_named_as_not_read() -> None:
    document = read(
        PageStart(4), Paragraph("body"), Attachment("tool.exe", b"MZ\x90" + bytes(9)), Paragraph("more")
    )
    [warning] = document.warnings
    assert (warning.kind, warning.where, warning.missing) == (WarningKind.ATTACHMENT_UNREAD, "tool.exe", True)
    assert [(section.page, section.text) for section in document.sections] == [
        (4, "body"),
        (None, "Attachment tool.exe"),
        (4, "more"),
    ]


def test_an_attachment_is_read_under_its_name_by_the_reader_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner(source: Source) -> list[Element]:
        assert source.filename == "a.md"
        return [
            Heading(1, "Inside"),
            Paragraph("text"),
            DocumentWarning(WarningKind.PICTURE, "Not read.", "page 1"),
        ]

    monkeypatch.setattr("app.ingestion.loaders.reading.reader_for", lambda _kind: inner)
    document = read(Heading(1, "Mail"), Attachment("a.md", b"# Inside"))
    assert [(section.heading, section.text) for section in document.sections] == [
        ("Mail", "Mail"),
        ("Mail > Attachment a.md", "Attachment a.md"),
        ("Mail > Attachment a.md > Inside", "Inside\n\ntext"),
    ]
    assert [warning.where for warning in document.warnings] == ["a.md, page 1"]


def test_attachments_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.ingestion.loaders.reading.reader_for", lambda _kind: lambda _source: [Attachment("a.md", b"again")]
    )
    [warning] = read(Attachment("a.md", b"again")).warnings
    assert "too deeply" in warning.message


def test_equal_warnings_become_one_that_names_the_places() -> None:
    warnings = WarningList()
    for number in (2, 3, 4, 5, 9):
        warnings.add(DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "No text.", f"page {number}"))
    warnings.add(DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "No text.", "cover"))
    assert [warning.where for warning in warnings.all()] == ["pages 2-5, page 9, cover"]


def test_warnings_stay_few_and_those_of_missing_text_come_first() -> None:
    warnings = WarningList()
    for number in range(300):
        warnings.add(DocumentWarning(WarningKind.PICTURE, f"Picture {number} was not read."))
    warnings.add(DocumentWarning(WarningKind.PAGE_FAILED, "The page could not be read.", "page 1"))
    told = warnings.all()
    assert told[0].kind is WarningKind.PAGE_FAILED
    assert len(told) == 101
    assert told[-1] == DocumentWarning(WarningKind.PICTURE, "201 more warnings are not listed.")


def test_every_registered_reader_is_there() -> None:
    for media_type in reader.READERS:
        assert callable(reader.reader_for(media_type))
