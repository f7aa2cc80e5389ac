"""Mail on the standard library's parser: messages, mailboxes of them, and web archives, which are mails too."""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Attachment, Element, Heading, Lines, Paragraph, Picture
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import html
from app.ingestion.loaders.text import decode

_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_RICHEST = ("text/html", "multipart/related", "multipart/mixed", "text/plain")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
# A line between messages: an address and a date, with a header below it; a sentence may begin with "From" too.
_MBOX_LINE = re.compile(rb"\A\s*From [^\n]*\n|\n\r?\nFrom \S[^\n]*\d\d:\d\d[^\n]*\n(?=[\w-]+:)")
# What browsers save with a page, and people do not see.
_UNSEEN = frozenset({"text/css", "text/javascript", "application/javascript", "application/x-javascript"})
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*\n")


def read(source: Source) -> Iterator[Element]:
    if source.media_type == media.MBOX:
        yield from _mailbox(source.content)
        return
    message = _parsed(source.content)
    yield DocumentProperties(_header(message, "Subject") or None, _header(message, "From") or None, _date(message))
    yield from _message(message)


def _mailbox(content: bytes) -> Iterator[Element]:
    starts = list(_MBOX_LINE.finditer(content))
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(content)
        yield from _message(_parsed(_QUOTED_FROM.sub(rb"\1", content[start.end() : end])))


def _parsed(content: bytes) -> EmailMessage:
    try:
        return message_from_bytes(content, policy=policy.default)
    except (RecursionError, ValueError, IndexError, AttributeError) as error:
        raise UnreadableDocument("The message is damaged.") from error


def _message(message: EmailMessage) -> Iterator[Element]:
    if message.get_content_type() in _ENCRYPTED:
        raise UnreadableDocument("The message is encrypted.")
    body = list(_parts(message))
    subject = _header(message, "Subject")
    if not body and not subject:
        return
    yield Heading(1, subject or "Message")
    headers = [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]
    if headers:
        yield Lines("\n".join(headers))
    for element in body:
        if isinstance(element, Heading):
            yield Heading(element.level + 1, element.text)
        elif not isinstance(element, DocumentProperties):
            yield element


def _header(message: EmailMessage, name: str) -> str:
    """A header as it is shown; headers that break the standard are taken as they were sent."""
    try:
        return clean_line(str(message.get(name, "")))
    except (ValueError, IndexError, AttributeError, TypeError):
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return clean_line(str(raw))


def _date(message: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(_header(message, "Date"))
    except ValueError:
        return None


def _parts(message: EmailMessage) -> Iterator[Element]:
    kind = message.get_content_type()
    if kind == "multipart/alternative":
        yield from _alternatives(message)
    elif kind == "message/rfc822" or kind.startswith("multipart/"):
        for part in _children(message):
            if kind == "message/rfc822":
                yield _forwarded(part)
            else:
                yield from _parts(part)
    elif kind.startswith("message/") and _children(message):  # a report of delivery is blocks of headers
        headers = [header for part in _children(message) for header in part.items()]
        yield Lines("\n".join(f"{name}: {clean_line(str(value))}" for name, value in headers))
    elif kind not in _SIGNATURES | _UNSEEN or message.get_content_disposition() == "attachment":
        yield from _leaf(message, kind)


def _forwarded(message: EmailMessage) -> Attachment | DocumentWarning:
    name = f"{_header(message, 'Subject') or 'message'}.eml"
    try:
        return Attachment(name, message.as_bytes(policy=policy.compat32), media.EMAIL)
    except RecursionError:
        reason = f"The attachment {name} was not read: messages are nested too deeply."
        return DocumentWarning(WarningKind.ATTACHMENT_UNREAD, reason, name)


def _children(message: EmailMessage) -> list[EmailMessage]:
    payload = message.get_payload()
    return cast("list[EmailMessage]", payload) if isinstance(payload, list) else []


def _alternatives(message: EmailMessage) -> Iterator[Element]:
    """The alternative that keeps most of what was written: HTML has tables and links, if it has text at all.

    An invitation is no alternative to the words around it, though it is sent as one.
    """
    parts = _children(message)
    by_kind = {part.get_content_type(): part for part in reversed(parts)}
    wanted = [by_kind[kind] for kind in _RICHEST if kind in by_kind] or parts[-1:]
    found: list[Element] = []
    for part in wanted:
        found = list(_parts(part))
        if any(not isinstance(element, Picture | DocumentWarning | DocumentProperties) for element in found):
            break
    yield from found
    if "text/calendar" in by_kind and by_kind["text/calendar"] not in wanted:
        yield from _parts(by_kind["text/calendar"])


def _leaf(message: EmailMessage, kind: str) -> Iterator[Element]:
    content = message.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    name = _filename(message)
    attached = message.get_content_disposition() == "attachment" or (name and not kind.startswith("text/"))
    if kind.startswith("image/") and not attached:
        yield Picture(name or "", content)
    elif attached or not kind.startswith("text/"):
        if content.strip():
            yield Attachment(name or f"unnamed.{kind.rpartition('/')[2]}", content, kind)
    else:
        decoded = decode(content, declared=message.get_content_charset()) if content.strip() else None
        if decoded is None:
            return
        yield from decoded.warnings
        if kind == "text/html":
            yield from html.elements(decoded.text)
        else:
            flowed = str(message.get_param("format", "")).lower() == "flowed"
            spaced = str(message.get_param("delsp", "")).lower() != "yes"
            yield from plain(decoded.text, flowed=flowed, spaced=spaced)


def plain(text: str, *, flowed: bool = False, spaced: bool = True) -> Iterator[Element]:
    """Lines as they were written; format=flowed (RFC 3676) ends a line that goes on with a space.

    With delsp=yes that space is not of the text, so not `spaced`.
    """
    text = text.replace("\r\n", "\n")
    if flowed:
        text = re.sub(r"(?<!^--) \n", " " if spaced else "", text, flags=re.MULTILINE)
    for block in _BLANK.split(text):
        if block.strip():
            yield Lines(block.strip("\n")) if "\n" in block.strip() else Paragraph(block.strip())


def _filename(message: EmailMessage) -> str | None:
    try:
        name = message.get_filename()
    except (ValueError, IndexError, AttributeError, TypeError):
        return None
    return clean_line(name) or None if name else None
