"""Pages in a real browser, where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    """One browser for all pages: it takes seconds to start."""
    if (why := chromium.missing()) is not None:
        pytest.skip(why)
    with chromium.browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser
