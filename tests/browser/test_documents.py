"""Documents: dropped, looked at, deleted, and had back."""

from playwright.sync_api import expect

from tests.support.browser.chromium import Tab
from tests.support.browser.service import Service
from tests.support.waiting import eventually

DROP = """([name, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text], name, {type: 'text/plain'}));
  const event = (type) => document.body.dispatchEvent(
    new DragEvent(type, {dataTransfer: carried, bubbles: true, cancelable: true}));
  window.drop = () => event('drop');
  event('dragenter');
}"""


def test_files_are_dropped_anywhere_on_the_page(service: Service, tab: Tab, collection: str) -> None:
    page = tab.open(service.url, collection, f"documents/{collection}")
    expect(page.get_by_text("Drop files or folders here")).to_be_visible()
    page.evaluate(DROP, ["notes.txt", "The gates open at six in the morning."])
    expect(page.get_by_text(f"Drop to add to “{collection}”")).to_be_visible()
    tab.picture("dropping")
    page.evaluate("window.drop()")
    expect(page.get_by_role("region", name="Uploads")).to_contain_text("Ready: 1 passage")
    expect(page.get_by_role("row").filter(has_text="notes.txt")).to_contain_text("Ready")


def test_a_deleted_document_can_be_had_back(service: Service, tab: Tab, collection: str) -> None:
    stored = service.bring(collection, "notes.txt", b"The gates open at six in the morning.\n")
    page = tab.open(service.url, collection, f"documents/{collection}/{stored}")
    page.get_by_role("button", name="Delete").click()
    notice = page.get_by_role("status").filter(has_text="is deleted.")
    expect(notice).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="notes.txt")).to_have_count(0)
    tab.picture("deleted")
    notice.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="notes.txt")).to_be_visible()
    with service.client() as client:
        assert client.get(f"/api/documents/{stored}").status_code == 200

    # Who leaves has not changed their mind.
    page.get_by_label("Choose notes.txt").check()
    page.get_by_role("button", name="Delete 1").click()
    expect(page.get_by_role("row").filter(has_text="notes.txt")).to_have_count(0)
    page.goto(f"{service.url}docs")
    with service.client() as client:
        eventually(lambda: client.get(f"/api/documents/{stored}").status_code == 404)


def test_a_document_says_what_of_it_was_not_read(service: Service, tab: Tab, collection: str) -> None:
    stored = service.bring(collection, "gates.json", b'{"gates": "They open at six in the morning.')
    page = tab.open(service.url, collection, f"documents/{collection}/{stored}")
    warnings = page.get_by_role("region", name="What was not read, or was guessed")
    expect(warnings).to_contain_text("The file is not valid JSON; it is read as plain text.")
    tab.picture("warnings")
    assert tab.serious_faults() == []
