"""Every view, as people see it: in light and dark, on a phone, in German, from right to left, and read aloud."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser.chromium import new_tab
from tests.support.browser.service import Service

COLLECTION = "views"
QUESTION = "How many days of annual leave does an employee have?"
TEXT = b"Every employee has 29 days of annual leave. Leave must be requested two weeks ahead.\n"
# Each view with what shows that it is there, in English.
VIEWS = {
    "ask": "What would you like to know?",
    f"documents/{COLLECTION}": "handbook.txt",
    f"documents/{COLLECTION}?settings=": "Embedding model",
    "search?q=annual+leave": "Leave must be requested",
    "cache": "Tiers",
    "cache/entries": QUESTION,
    "cache/meaning": "of requests may be answered wrongly",
    "operate": "PostgreSQL",
    "operate/models": "all-minilm",
    "operate/database": "Plans of a search",
    "operate/experiments": "Answer in several ways",
    "operate/analytics": "Documents by kind",
}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    """The service with a document, a conversation and entries of the cache."""
    with service.client() as client:
        client.post("/api/collections", json={"name": COLLECTION}).raise_for_status()
    service.bring(COLLECTION, "handbook.txt", TEXT, '{"year": 2026, "kind": "handbook"}')
    with service.client() as client:
        for _ in range(2):
            body = {"question": QUESTION, "collection": COLLECTION, "stream": False}
            client.post("/api/chat", json=body).raise_for_status()
    return service


def visit(page: Page, service: Service, view: str) -> None:
    page.add_init_script(f"localStorage.setItem('localchat.collection', '{COLLECTION}')")
    page.goto(f"{service.url}#/{view}")
    # What is not read out tells nobody that it is there yet.
    expect(page.get_by_text("Loading…")).to_have_count(0)


def name_of(view: str) -> str:
    return view.replace("?", "-").replace("/", "-").partition("=")[0]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_no_serious_fault_in_either_scheme(browser: Browser, filled: Service, view: str) -> None:
    with new_tab(browser, color_scheme="light") as tab:
        visit(tab.page, filled, view)
        expect(tab.page.get_by_text(VIEWS[view]).first).to_be_visible()
        for scheme in tab.schemes():
            tab.picture(f"{name_of(view)}-{scheme}")
            assert tab.serious_faults() == []
        assert tab.complaints == []
        assert tab.violations() == []


def test_an_answer_beside_its_source_has_no_serious_fault(browser: Browser, filled: Service) -> None:
    with new_tab(browser, color_scheme="light") as tab:
        visit(tab.page, filled, "ask")
        tab.answer(QUESTION).locator(".cite").first.click()
        expect(tab.page.get_by_role("region", name="handbook.txt").locator("mark").first).to_be_visible()
        for scheme in tab.schemes():
            tab.picture(f"answer-{scheme}")
            assert tab.serious_faults() == []
        assert tab.complaints == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_a_phone_in_either_direction(browser: Browser, filled: Service, view: str) -> None:
    with new_tab(browser, viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        visit(tab.page, filled, view)
        expect(tab.page.get_by_text(VIEWS[view]).first).to_be_visible()
        for direction in ("ltr", "rtl"):
            tab.page.evaluate(f"document.documentElement.dir = '{direction}'")
            tab.picture(f"{name_of(view)}-phone-{direction}")
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_page_speaks_the_browsers_language(browser: Browser, filled: Service) -> None:
    with new_tab(browser, locale="de-AT") as tab:
        visit(tab.page, filled, "ask")
        expect(tab.page.get_by_role("heading", name="Was möchten Sie wissen?")).to_be_visible()
        assert tab.page.evaluate("document.documentElement.lang") == "de"
        for view in VIEWS:
            visit(tab.page, filled, view)
            expect(tab.page.get_by_text("Wird geladen")).to_have_count(0)
            tab.picture(f"{name_of(view)}-german")
        tab.page.get_by_role("button", name="Einstellungen").first.click()
        tab.page.get_by_label("Sprache").select_option("en")
        expect(tab.page.get_by_role("link", name="Operate")).to_be_visible()
        tab.page.reload()
        expect(tab.page.get_by_role("link", name="Operate")).to_be_visible()
        assert tab.complaints == []


def test_nothing_moves_where_a_person_wants_it_still(browser: Browser, filled: Service) -> None:
    with new_tab(browser, reduced_motion="reduce") as tab:
        visit(tab.page, filled, f"documents/{COLLECTION}")
        moving = """[...document.querySelectorAll('*')].filter((node) =>
            parseFloat(getComputedStyle(node).transitionDuration) > 0.01
            || parseFloat(getComputedStyle(node).animationDuration) > 0.01).length"""
        assert tab.page.evaluate(moving) == 0


def test_every_view_is_reached_by_keys_alone(browser: Browser, filled: Service) -> None:
    with new_tab(browser) as tab:
        visit(tab.page, filled, "operate")
        tab.page.keyboard.press("Tab")
        expect(tab.page.get_by_role("button", name="Skip to the content")).to_be_focused()
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("main")).to_be_focused()
        reached: set[str] = set()
        tab.page.reload()
        for _ in range(12):
            tab.page.keyboard.press("Tab")
            reached.add(tab.page.evaluate("document.activeElement.textContent.trim()"))
        assert {"Ask", "Documents", "Search", "Cache", "Operate", "Settings"} <= reached
        tab.page.get_by_role("link", name="Search").focus()
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("heading", name="Search")).to_be_visible()
