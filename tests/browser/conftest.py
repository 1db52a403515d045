"""A real Chromium. One that is not there is a failure, never a skip."""

import os
import shutil
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from tests.browser.walker import Walker
from tests.world import PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def chromium():
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = os.environ.get("CHROMIUM") or next((p for n in NAMES if (p := shutil.which(n))), None)
    expect.set_options(timeout=15000)  # two cores may be busy with another worker's tests
    assert path, "no Chromium: set CHROMIUM or install chromium"
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _left_open(request):
    """Pages that a test leaves open would go on polling, saving and trying again beside every test that follows."""
    browser = request.getfixturevalue("chromium") if "chromium" in request.fixturenames else None
    yield
    for context in browser.contexts if browser else []:
        with suppress(Error):
            context.close()


@pytest.fixture
def walk(request, chromium, live_server):
    """`walk(who=, phone=, narrow=)` opens a person's browser; at the end no page of any of them may have had a fault, apart
    from what the module's `TOLERATED` matches.
    """
    made = []

    def new(*, phone=False, who="", narrow=0):
        walker = Walker(chromium, live_server.url, phone=phone)
        made.append(walker)
        if narrow:
            walker.size = {"width": narrow, "height": 700}
            walker.page.set_viewport_size(walker.size)
        if who:
            walker.sign_in(who, PASSWORD)
        return walker

    yield new
    tolerated = getattr(request.module, "TOLERATED", None)
    faults = {f for walker in made for f in walker.faults if not (tolerated and tolerated.search(f))}
    assert not faults, "\n".join(sorted(faults))
