"""The search page in a browser: fixtures of the tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support import served
from support.browser import chromium, opened
from support.served import Place, running

from lexlip_lucene.serve.app import create_app


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def address(place: Place, browser: Browser) -> Iterator[str]:
    with running(create_app(place.opened())) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address) as page:
        yield page
