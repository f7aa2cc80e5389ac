"""Outlook's .msg files on oxmsg: the same as a mail, from another container."""

from collections.abc import Iterator
from io import BytesIO

from oxmsg import Message

from app.domain.reading import DocumentProperties
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Attachment, Element, Heading, Lines
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.mail.message import plain
from app.ingestion.loaders.readers.markup import html


def read(source: Source) -> Iterator[Element]:
    try:
        message = Message.load(BytesIO(source.content))
        subject, sender, sent = clean_line(message.subject or ""), message.sender or "", message.sent_date
        receivers = [f"{to.name} <{to.email_address}>" for to in message.recipients]
        attachments = list(message.attachments)
    except Exception as error:
        raise UnreadableDocument("The message is damaged.") from error
    yield DocumentProperties(subject or None, clean_line(sender) or None, sent)
    yield Heading(1, subject or "Message")
    headers = {"From": sender, "To": ", ".join(receivers), "Date": str(sent or ""), "Subject": subject}
    yield Lines("\n".join(f"{name}: {value}" for name, value in headers.items() if value))
    if message.html_body:
        for element in html.elements(message.html_body):
            if not isinstance(element, DocumentProperties):
                yield element
    elif message.body:
        yield from plain(message.body)
    for attachment in attachments:
        content = attachment.file_bytes
        if content:
            yield Attachment(clean_line(attachment.file_name or "") or "unnamed", content, attachment.mime_type)
