"""Mail, mailboxes and EPUB: every part is read, or named as not read."""

from email.message import EmailMessage

from app.domain.reading import WarningKind
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.extract import extract
from tests.support.files.opendocument import archive


def mail(**parts: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Ada <ada@example.org>", "bo@example.org"
    message["Subject"] = parts.pop("subject", "Prices")
    message["Date"] = "Thu, 07 Mar 2024 10:15:00 +0100"
    if "text" in parts:
        message.set_content(parts["text"])
    if "html" in parts and "text" in parts:
        message.add_alternative(parts["html"], subtype="html")
    elif "html" in parts:
        message.set_content(parts["html"], subtype="html")
    return message


def text_of(document: LoadedDocument) -> str:
    return "\n\n".join(section.text for section in document.sections)


def test_a_plain_body_keeps_its_lines() -> None:
    body = "Hi Bo,\n\n* Pallet A: 12 March\n* Pallet B: 19 March\n\nExample GmbH\nHafenstrasse 5\n"
    document = extract(mail(text=body).as_bytes(), "a.eml")
    assert document.properties.title == "Prices"
    assert document.properties.created_at is not None
    assert body.strip() in text_of(document)
    assert "From: Ada <ada@example.org>" in text_of(document)


def test_a_body_in_html_is_read_as_html() -> None:
    html = (
        "<p>prices &amp; terms</p><table><tr><th>Article</th><th>Price</th></tr>"
        "<tr><td>H-20</td><td>4,80</td></tr></table>"
    )
    for message in (mail(html=html), mail(text="see HTML", html=html)):
        text = text_of(extract(message.as_bytes(), "a.eml"))
        assert "prices & terms" in text
        assert "| Article | Price |\n| H-20 | 4,80 |" in text


def test_a_body_in_another_character_set_is_read() -> None:
    message = mail(subject="納期のお知らせ")
    message.set_content("部品 A-77 の納期は4月12日です", charset="iso-2022-jp", cte="7bit")
    document = extract(message.as_bytes(), "a.eml")
    assert "部品 A-77 の納期は4月12日です" in text_of(document)
    assert document.properties.title == "納期のお知らせ"


def test_attachments_and_forwarded_messages_are_read_in_their_place() -> None:
    message = mail(text="See the report.")
    message.add_attachment(
        b"Serial,Result\nSN-881,passed\n", maintype="text", subtype="csv", filename="results.csv"
    )
    inner = mail(subject="Inner", text="Torque is 35 Nm.")
    message.add_attachment(inner)
    message.add_attachment(b"\x7fELF rest", maintype="application", subtype="x-program", filename="tool")
    document = extract(message.as_bytes(), "a.eml")
    text = text_of(document)
    assert "| Serial | Result |\n| SN-881 | passed |" in text
    assert "Torque is 35 Nm." in text
    assert [(warning.kind, warning.where) for warning in document.warnings] == [
        (WarningKind.ATTACHMENT_UNREAD, "tool")
    ]


def test_messages_nested_without_end_are_bounded() -> None:
    message = mail(text="innermost")
    for level in range(60):
        outer = mail(subject=f"level {level}", text="outer")
        outer.add_attachment(message)
        message = outer
    document = extract(message.as_bytes(), "a.eml")
    assert any(warning.kind is WarningKind.ATTACHMENT_UNREAD for warning in document.warnings)


def test_every_message_of_a_mailbox_is_read() -> None:
    box = b"\n".join(
        b"From ada@example.org Thu Mar  7 10:00:00 2024\n"
        + mail(subject=f"Störung {n}", text=f"Dichtung DX-50{n} tauschen.").as_bytes()
        for n in range(3)
    )
    document = extract(box, "archive.mbox")
    assert [section.heading for section in document.sections] == ["Störung 0", "Störung 1", "Störung 2"]
    assert "DX-502" in document.sections[2].text


def test_a_web_archive_is_read_as_its_page() -> None:
    assert "prices & terms" in text_of(extract(mail(html="<p>prices &amp; terms</p>").as_bytes(), "page.mhtml"))


def test_chapters_of_a_book_are_read_in_the_order_of_its_spine() -> None:
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>Pumps</dc:title></metadata><manifest>"
        '<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="one.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c" href="gone.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>'
    )
    parts = {
        "META-INF/container.xml": '<container><rootfile full-path="OPS/book.opf"/></container>',
        "OPS/book.opf": opf,
        "OPS/one.xhtml": "<html><body><h1>One</h1><p>first</p></body></html>",
        "OPS/two.xhtml": "<html><body><h1>Two</h1><p>second</p></body></html>",
    }
    document = extract(archive("application/epub+zip", parts), "book.epub")
    assert document.properties.title == "Pumps"
    assert [section.heading for section in document.sections] == ["One", "Two"]
    assert [(warning.kind, warning.where) for warning in document.warnings] == [
        (WarningKind.PART_FAILED, "OPS/gone.xhtml")
    ]
