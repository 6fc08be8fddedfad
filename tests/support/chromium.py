"""A Chromium that is on the machine; none is ever fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # which a container's root has no right to
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


def missing() -> str | None:
    """Why no browser can be driven here; None where one can."""
    if _found(*_NAMES) is None:
        return f"no Chromium is installed: looked for {', '.join(_NAMES)}"
    if _found("chromedriver") is None:
        return "no chromedriver is installed"
    return None


def _found(*names: str) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """A browser, and what it did and complained of."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, page: Path) -> None:
        """Load a page from a file, with every fold opened: then all of it is laid out."""
        self._driver.get("about:blank")
        self._log()  # what came before is no concern of the page
        self._driver.get(page.as_uri())
        self.run("document.querySelectorAll('details').forEach(fold => { fold.open = true })")

    def run(self, script: str) -> Any:
        """What a script of ours gives; the page's policy does not hold for the driver."""
        return self._driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the console holds: script errors, what the policy refused, what did not load."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that the page asked for, its own first, but those within the page."""
        told = [json.loads(entry["message"])["message"] for entry in self._log()]
        sent = [t["params"] for t in told if t["method"] == "Network.requestWillBeSent"]
        addresses = [params["request"]["url"] for params in sent]
        return [address for address in addresses if not address.startswith("data:")]

    def _log(self) -> list[Any]:
        return list(self._driver.get_log("performance"))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile of its own."""
    options = ChromeOptions()
    options.binary_location = _found(*_NAMES) or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(_found("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
