"""Debian's Chromium, driven by Playwright, and what goes wrong in it."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Locator, Page, expect, sync_playwright

from tests.support.folders import REPO

PICTURES = REPO / "browser-pictures"
_AXE = REPO / "web" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60_000.0  # milliseconds, for a machine that does much else
# A name that an attacker's name server points at this machine.
REBOUND = "rebound.example"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
)
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation',
  (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def chromium_path() -> str | None:
    return shutil.which("chromium")


@contextlib.contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """A page in a browser, with what its console and its security policy complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str, collection: str, view: str = "ask") -> Page:
        """Open a view of the page, with a collection that was chosen before."""
        self.page.add_init_script(f"localStorage.setItem('localchat.collection', '{collection}')")
        self.page.goto(f"{url}#/{view}")
        return self.page

    def add_file(self, name: str, content: bytes, media_type: str = "text/plain") -> None:
        """Choose a file where the page asks for some."""
        self.page.get_by_label("Add files").set_input_files(
            FilePayload(name=name, mimeType=media_type, buffer=content)
        )

    def ask(self, question: str) -> Locator:
        """Type a question and send it. Returns the exchange, whose answer need not be complete."""
        asked = self.page.locator("article")
        before = asked.count()
        self.page.get_by_role("textbox", name="Question").fill(question)
        self.page.keyboard.press("Enter")
        expect(asked).to_have_count(before + 1)
        return asked.last

    def answer(self, question: str) -> Locator:
        """Ask, and wait for the end of the answer."""
        asked = self.ask(question)
        expect(asked).to_have_attribute("aria-busy", "false")
        return asked

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violations ?? []")
        return found

    def schemes(self) -> Iterator[Literal["light", "dark"]]:
        """Show the page in light, then in dark."""
        for scheme in _SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            expect(self.page.locator("html")).to_have_attribute("data-scheme", scheme)
            yield scheme

    def picture(self, name: str) -> Path:
        """Keep what it shows, for people to look at."""
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def serious_faults(self) -> list[str]:
        """What axe finds of what keeps people from using the page, each with the elements that it is about."""
        self.page.evaluate(_AXE.read_text())
        result: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:4]]}"
            for fault in result["violations"]
            if fault["impact"] in {"serious", "critical"}
        ]

    def listen(self) -> None:
        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"{message.type}: {message.text}")

        self.page.on("console", note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))


@contextlib.contextmanager
def new_tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """A tab of a fresh profile. `options` are those of Playwright's contexts, such as `color_scheme`."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(_VIOLATIONS)
    try:
        tab = Tab(context.new_page())
        tab.listen()
        yield tab
    finally:
        context.close()
