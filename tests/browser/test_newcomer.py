"""The newcomer's way: drop a file, ask, open a citation, ask again, change the document, ask once more."""

import re

from playwright.sync_api import expect

from tests.support.browser.chromium import Tab
from tests.support.browser.service import Service
from tests.support.files.pdf import PdfPage, lines, pdf

QUESTION = "How many days of annual leave does an employee have?"


def handbook(days: int) -> bytes:
    absence = f"Every employee has {days} days of annual leave."
    return pdf(
        PdfPage(lines(72, 720, "Handbook of Example Works", "The weekly working time is 38 hours.")),
        PdfPage(lines(72, 720, "Absence", absence, "Report sick before half past eight.")),
    )


def test_a_newcomer_brings_a_pdf_asks_and_reads_the_passage_on_its_page(
    service: Service, tab: Tab, collection: str
) -> None:
    page = tab.open(service.url, collection)

    # Files are brought where one is, and their progress is seen there.
    expect(page.get_by_text("There are no documents yet.")).to_be_visible()
    tab.add_file("handbook.pdf", handbook(29), "application/pdf")
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("progressbar")).to_be_visible()
    expect(uploads).to_contain_text("Ready: 2 passages")
    tab.picture("uploaded")
    uploads.get_by_role("button", name="Close").click()

    answer = tab.answer(QUESTION)
    expect(answer).to_contain_text("29 days of annual leave")
    expect(answer).to_contain_text("Fresh answer")

    # A citation opens the page of the PDF on which the passage stands, and marks it.
    answer.get_by_role("button", name=re.compile(r"^Source \d: handbook.pdf, page 2")).first.click()
    leaf = page.locator(".leaf[data-drawn=true]")
    expect(leaf).to_be_visible()
    expect(page.get_by_text("2 / 2")).to_be_visible()
    marked = page.locator(".leaf .marked")
    expect(marked.first).to_be_visible()
    box, frame = marked.first.bounding_box(), leaf.bounding_box()
    assert box is not None
    assert frame is not None
    assert frame["x"] < box["x"] < box["x"] + box["width"] < frame["x"] + frame["width"]
    tab.picture("citation")

    # In a new conversation the same question is answered from the cache, and says so.
    page.get_by_role("link", name="New conversation").click()
    expect(tab.answer(QUESTION)).to_contain_text("From memory (L1)")
    tab.picture("from-the-cache")

    # The document changes, and with it the answer.
    with service.client() as client:
        stored = client.get("/api/documents", params={"collection": collection}).json()["items"][0]
        changed = client.put(f"/api/documents/{stored['id']}", files={"file": ("handbook.pdf", handbook(31))})
        assert changed.status_code == 202
    page.goto(f"{service.url}#/documents/{collection}/{stored['id']}")
    expect(page.get_by_text("version 2")).to_be_visible()
    expect(page.get_by_role("region", name="Passages")).to_contain_text("31 days")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name="New conversation").click()
    answer = tab.answer(QUESTION)
    expect(answer).to_contain_text("31 days of annual leave")
    expect(answer).to_contain_text("Fresh answer")
