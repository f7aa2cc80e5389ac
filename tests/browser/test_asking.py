"""An answer while it is written: it stays where it is, is stopped, goes on after a lost line, and thinks apart."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.chromium import Tab
from tests.support.browser.model_server import THOUGHT
from tests.support.browser.service import Service, Writer
from tests.support.browser.sites import Line

TEXT = (
    b"The harbour master opens the gates of the harbour at six in the morning. "
    b"The lock keeper closes the lock at nine in the evening.\n"
)
QUESTION = "Who opens the gates of the harbour?"


@pytest.fixture
def harbour(service: Service, collection: str) -> str:
    """A collection with one document."""
    service.bring(collection, "harbour.txt", TEXT)
    return collection


def test_an_answer_is_stopped_by_a_key_and_asked_again(
    service: Service, writer: Writer, tab: Tab, harbour: str
) -> None:
    page = tab.open(service.url, harbour)
    page.get_by_role("link", name="Ask", exact=True).focus()
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    with writer.held():
        asked = tab.ask(QUESTION)
        expect(asked.locator(".answer.writing")).to_contain_text("The harbour master")
        page.keyboard.press("Escape")
        expect(asked).to_contain_text("Stopped.")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("article").last).to_contain_text("at six in the morning")


def test_an_answer_goes_on_after_the_line_was_cut(service: Service, writer: Writer, tab: Tab, harbour: str) -> None:
    with Line(service.port).running() as line:
        tab.open(line.url, harbour)
        with writer.held():
            asked = tab.ask(QUESTION)
            expect(asked.locator(".answer.writing")).to_contain_text("The harbour master")
            line.cut()
            expect(asked).to_contain_text("Going on where it stopped")
            expect(asked.locator(".answer")).to_contain_text("The harbour master")
        expect(asked).to_have_attribute("aria-busy", "false")
        expect(asked).to_contain_text("opens the gates of the harbour at six in the morning.")
        expect(asked).not_to_contain_text("Going on where it stopped")
        tab.complaints.clear()  # to the console, a lost connection is an error


def test_thoughts_are_folded_away(service: Service, tab: Tab, harbour: str) -> None:
    tab.open(service.url, harbour)
    asked = tab.answer(f"{QUESTION} Please ponder.")
    thoughts = asked.get_by_role("group").filter(has_text="Thoughts")
    expect(asked.get_by_text(THOUGHT)).to_be_hidden()
    thoughts.get_by_text("Thoughts").click()
    expect(asked.get_by_text(THOUGHT)).to_be_visible()
    expect(asked.locator(".answer")).not_to_contain_text(THOUGHT)
    tab.picture("thoughts")
    assert tab.serious_faults() == []


POSITIONS = """
const asked = document.querySelector('article:last-of-type');
window.seen = new Set();
const note = () => window.seen.add(['.question', '.answer'].map(
  (part) => Math.round(asked.querySelector(part).getBoundingClientRect().top)).join());
note();
new MutationObserver(note).observe(asked, {subtree: true, childList: true, characterData: true, attributes: true});
"""


def test_no_text_moves_while_an_answer_is_written(service: Service, writer: Writer, tab: Tab, harbour: str) -> None:
    page = tab.open(service.url, harbour)
    with writer.held():
        asked = tab.ask(QUESTION)
        expect(asked.locator(".answer.writing")).to_be_visible()
        page.evaluate(POSITIONS)
    expect(asked).to_have_attribute("aria-busy", "false")
    assert len(page.evaluate("[...window.seen]")) == 1


def test_an_answer_is_made_as_was_chosen(service: Service, tab: Tab, harbour: str) -> None:
    page = tab.open(service.url, harbour)
    page.get_by_role("button", name="Options").click()
    page.get_by_label("Way of answering").select_option("quote")
    asked = tab.answer(QUESTION)
    expect(asked).to_contain_text("at six in the morning")
    expect(asked).not_to_contain_text("That is what the")
    expect(asked).to_contain_text("Word for word")
