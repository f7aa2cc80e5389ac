"""Small files made here, one for each thing that goes wrong with files."""

import pytest

from app.errors import UnreadableDocument, UnsupportedMedia
from app.ingestion.loaders import media
from app.ingestion.loaders.extract import extract
from tests.support.files.office import docx, paragraph


def text_of(content: bytes, filename: str, declared: str | None = None) -> str:
    return "\n".join(section.text for section in extract(content, filename, declared).sections)


def pdf(*pages: str) -> bytes:
    """A PDF of one line a page, with no cross-reference table: readers must rebuild it."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(pages)))
    parts = [
        "%PDF-1.4",
        "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
        f"2 0 obj << /Type /Pages /Kids [{kids}] /Count {len(pages)} >> endobj",
    ]
    for n, line in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET" if line else ""
        parts.append(
            f"{3 + 2 * n} 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * n} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj"
        )
        parts.append(f"{4 + 2 * n} 0 obj << /Length {len(stream)} >> stream\n{stream}\nendstream endobj")
    return "\n".join([*parts, "trailer << /Root 1 0 R >>", "%%EOF"]).encode("latin-1")


@pytest.mark.parametrize(
    ("content", "filename", "error", "reason"),
    [
        (b"", "a.txt", UnreadableDocument, "empty"),
        (b" \n\t\r\n ", "a.txt", UnreadableDocument, "no text"),
        (b"# \n\n![](x.png)\n", "a.md", UnreadableDocument, "no text"),
        (b"<html><script>function f(){}</script></html>", "a.html", UnreadableDocument, "no text"),
        (bytes(range(256)) * 40, "a.txt", UnreadableDocument, "not characters|encoding"),
        (b"%PDF-1.7\ngarbage", "a.pdf", UnreadableDocument, "damaged"),
        (b"plain words", "a.pdf", UnreadableDocument, r"ends in \.pdf"),
        (b"plain words", "a.docx", UnreadableDocument, r"ends in \.docx"),
        (docx(paragraph("x"))[:150], "a.docx", UnreadableDocument, "truncated"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc", UnreadableDocument, "truncated"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a.png", UnreadableDocument, "truncated or damaged"),
        (b"\x1f\x8b\x08" + bytes(50), "a.gz", UnsupportedMedia, "Archives"),
        (b"\x7fELF" + bytes(50), "a.txt", UnsupportedMedia, "Programs"),
        (pdf("", ""), "a.pdf", UnreadableDocument, "no extractable text"),
        (
            b"Subject: x\nContent-Type: multipart/encrypted; boundary=a\n\n--a\n",
            "a.eml",
            UnreadableDocument,
            "encrypted",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    content: bytes, filename: str, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        extract(content, filename)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(UnreadableDocument, match="bomb"):
        extract(docx(paragraph("x"), styles=" " * 64_000_000), "a.docx")


def test_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ingestion.loaders.packages.MAX_MEMBERS", 2)
    with pytest.raises(UnreadableDocument, match="limit"):
        extract(docx(paragraph("x"), a="<a/>", b="<a/>"), "a.docx")


def test_deep_nesting_ends_in_a_refusal_or_in_text() -> None:
    depth = 5000
    with pytest.raises(UnreadableDocument, match=r"nested too deeply|damaged"):
        extract(docx("<w:tbl>" * depth + paragraph("deep") + "</w:tbl>" * depth), "a.docx")
    assert "deep" in text_of(b"<div>" * depth + b"deep" + b"</div>" * depth, "a.html")
    assert "deep" in text_of(b"[" * depth + b'"deep"' + b"]" * depth, "a.json")


@pytest.mark.parametrize("depth", [150, 900, 5000])
def test_deep_json_is_not_mostly_indentation(depth: int) -> None:
    text = text_of(b"[" * depth + b'"deep", ' * 200 + b"1" + b"]" * depth, "a.json")
    assert "deep" in text
    assert len(text) < 20_000


def test_a_line_of_blanks_takes_no_more_time_than_one_of_letters() -> None:
    """With time by the square of its length this test would take an hour."""
    blanks = b" " * 1_000_000
    assert text_of(
        b"before" + blanks + b"after\n \t\n" + blanks + b"\n\nlast" + blanks + b"\n", "a.txt"
    ).split() == [
        "before",
        "after",
        "last",
    ]


def test_external_entities_are_not_fetched() -> None:
    source = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>before &x; after</a>'
    assert "root:" not in text_of(source, "a.xml")


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"],
)
def test_western_text_is_decoded_whatever_its_encoding(encoding: str) -> None:
    source = "Grüße aus Köln: das Café öffnet täglich um acht Uhr und schließt spät. " * 3
    assert text_of(source.encode(encoding), "a.txt") == source.strip("\n")


@pytest.mark.parametrize(
    ("encoding", "source"),
    [
        ("shift_jis", "これは日本語の文章です。検索システムは文書を読み込み、質問に答えます。"),
        ("euc_jp", "これは日本語の文章です。検索システムは文書を読み込み、質問に答えます。"),
        ("gb18030", "这是一个中文句子。检索系统读取文件，并根据其中的内容回答问题。"),  # noqa: RUF001
        ("big5", "這是一個中文句子。檢索系統讀取文件，並根據其中的內容回答問題。"),  # noqa: RUF001
        ("euc_kr", "이것은 한국어 문장입니다. 검색 시스템은 문서를 읽고 질문에 답합니다."),
        ("cp1251", "Это русское предложение. Система поиска читает документы и отвечает на вопросы."),
        ("koi8_r", "Это русское предложение. Система поиска читает документы и отвечает на вопросы."),
    ],
)
def test_text_of_other_scripts_is_decoded_by_its_statistics(encoding: str, source: str) -> None:
    assert text_of((source * 3).encode(encoding), "a.txt") == source * 3


def test_a_page_may_declare_its_encoding() -> None:
    source = '<html><head><meta charset="iso-8859-2"><title>Žluťoučký</title></head><body>kůň úpěl</body></html>'
    document = extract(source.encode("iso-8859-2"), "a.html")
    assert document.properties.title == "Žluťoučký"
    assert "kůň úpěl" in document.sections[0].text


def test_stored_text_is_clean() -> None:
    dirty = (
        "nul\x00 soft\u00adhyphen zero\u200bwidth \ufeffmark bell\x07 e\u0301 \ufb01nd \u202eoverride end\r\nline"
    )
    assert text_of(dirty.encode(), "a.txt") == "nul softhyphen zerowidth mark bell é find override end\nline"


def test_letters_that_need_a_joiner_keep_it() -> None:
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert text_of(persian.encode(), "a.txt") == persian


def test_embedded_payloads_are_not_indexed() -> None:
    payload = "iVBORw0KGgo" + "Ab1/" * 300
    source = f'Logo ![logo](data:image/png;base64,{payload}) and <img src="data:image/png;base64,{payload}"> done'
    for name in ("a.md", "a.txt", "a.html"):
        text = text_of(source.encode(), name)
        assert "iVBORw0" not in text
        assert "Logo" in text
        assert "done" in text


def test_the_kind_is_told_by_content_then_by_name_then_by_what_is_declared() -> None:
    assert media.detect(pdf("x"), "letter.txt", "text/plain") == media.PDF
    assert media.detect(docx(paragraph("x")), "letter.bin") == media.DOCX
    assert media.detect(b"{\\rtf1 x}", "letter.doc") == media.RTF
    assert media.detect(b"# x", "letter.md", "text/html") == media.MARKDOWN
    assert media.detect(b"<!doctype html><p>x", "letter") == media.HTML
    assert media.detect(b"# x", "letter", "text/markdown; charset=utf-8") == media.MARKDOWN
    assert media.detect(b"print()", "script.py") == media.TEXT


def test_each_page_of_a_pdf_keeps_its_number() -> None:
    document = extract(pdf("first page", "", "third page"), "a.pdf")
    assert [(section.page, section.text) for section in document.sections] == [(1, "first page"), (3, "third page")]
    assert document.properties.page_count == 3


def test_headings_make_a_path_and_stay_in_the_text() -> None:
    document = extract(b"Intro\n\n# Guide\n\n## Set-up\n\nRun **it** [now](http://x).\n\n# End\nBye", "a.md")
    assert [(section.heading, section.text) for section in document.sections] == [
        (None, "Intro"),
        ("Guide", "Guide"),
        ("Guide > Set-up", "Set-up\n\nRun it now <http://x>."),
        ("End", "End\n\nBye"),
    ]


def test_markdown_keeps_lists_tables_code_and_html() -> None:
    source = (
        "1. one\n   - nested\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nls -l\n```\n\n"
        "<div>in a <b>div</b><script>x()</script></div>\n"
    )
    assert text_of(source.encode(), "a.md") == (
        "1. one\n  - nested\n2. two\n\n| a | b |\n| 1 | 2 |\n\n```sh\nls -l\n```\n\nin a div"
    )


def test_tables_keep_their_cells_exactly() -> None:
    source = 'id,name\n123456789012345,"Lozano, Dr"\n1.10,"two\nlines"\n'
    assert (
        text_of(source.encode(), "a.csv") == "| id | name |\n| 123456789012345 | Lozano, Dr |\n| 1.10 | two lines |"
    )
    assert text_of(b"a;b\n1;2\n3;4\n", "a.csv") == "| a | b |\n| 1 | 2 |\n| 3 | 4 |"
    assert text_of(b"a\tb\n1\t2\n", "a.tsv") == "| a | b |\n| 1 | 2 |"


def test_json_escapes_are_read() -> None:
    assert "café 😀" in text_of(b'{"name": "caf\\u00e9 \\ud83d\\ude00"}', "a.json")


def test_an_email_is_read_with_its_subject_and_its_attachments() -> None:
    message = (
        "From: a@example.org\nTo: b@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/plain; charset=iso-8859-1\n"
        "Content-Transfer-Encoding: quoted-printable\n\nSch=F6ne Gr=FC=DFe\n"
        '--cut\nContent-Type: text/plain\nContent-Disposition: attachment; filename="plan.txt"\n\nsecret\n--cut--\n'
    )
    document = extract(message.encode(), "a.eml")
    assert document.properties.title == "Grüße"
    assert "Schöne Grüße" in document.sections[0].text
    assert [section.text for section in document.sections[1:]] == ["Attachment plan.txt\n\nsecret"]
    assert not document.warnings
