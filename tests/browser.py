"""Chromium for tests: pages at a width and in a mode, signed in or not, looked at by axe.

A plugin (``tests/conftest.py`` names it), so the fixtures need no import::

    @pytest.mark.browser
    def test_reporting(browser_page, street):
        page = browser_page(width=390, mode="elder", person=street.wang)
        page.goto("/issues/new/")
        assert_accessible(page)

A page in many modes is loaded once for each size of text, and wears the other modes as it stands::

    for modes in by_size((390, "light"), (1280, "dark"), (390, "elder")):
        page = browser_page(*modes[0], person=street.wang)
        page.goto("/issues/new/")
        for width, mode in in_modes(page, modes):
            assert_accessible(page)

Whatever a page writes to the console as an error, a refused script or style above all, fails
the test when it ends.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.test import Client

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MODES = {
    "light": "standard.light.normal",
    "dark": "standard.dark.normal",
    "elder": "elder.light.normal",
    "huge": "huge.light.normal",
    "high": "standard.light.high",
    "high-dark": "elder.dark.high",
}
WIDTHS = {390: 844, 1280: 900}
Mode = tuple[int, str]  # width, name in MODES
FACE = "(({ size, theme, contrast }) => `${size}.${theme}.${contrast}`)"
COLOUR_RULES = ["color-contrast", "link-in-text-block"]  # of axe, and enabled by default
WEAR = "([theme, contrast]) => Object.assign(document.documentElement.dataset, { theme, contrast })"
# An answer other than 200 is a line in the console too; tests look at the answer itself.
ANSWERS = re.compile(
    r"Failed to load resource: the server responded with a status of [45]\d\d"
    r"|Response Status Error Code [45]\d\d from"  # the same in htmx's words
    r"|^htmx:(afterRequest|sendAbort), "  # it gave way to a newer request; failing says sendError
)


@pytest.fixture(scope="session")
def chromium():
    # Playwright keeps an event loop in this thread, where Django would refuse the ORM.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium, live_server):
    """``browser_page(width=390, mode="light", person=None)``: a fresh page on the live server."""
    contexts, problems = [], []

    def open_page(width=390, mode="light", *, person=None, **options):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": WIDTHS.get(width, 900)},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=width < 600,
            **options,
        )
        context.set_default_timeout(10_000)
        context.home = live_server.url
        contexts.append(context)
        context.add_cookies([{"name": "face", "value": MODES[mode], "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda line: _note(problems, line))
        page.on("pageerror", lambda error: problems.append(str(error)))
        if person is not None:
            sign_in(page, person)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


def _note(problems, line):
    if line.type == "error" and not ANSWERS.search(line.text):
        problems.append(line.text)


def sign_in(page, person) -> None:
    """By a session of the person's, as if they had signed in on this browser."""
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    value, where = client.cookies[name].value, page.context.home
    page.context.add_cookies([{"name": name, "value": value, "url": where}])


def by_size(*modes: Mode) -> list[list[Mode]]:
    """Modes of one size of text together: their markup is the same, theme and contrast are CSS's.

    tests/ui/test_face.py keeps it that way.
    """
    groups = {}
    for width, mode in modes:
        groups.setdefault(MODES[mode].split(".")[0], []).append((width, mode))
    return list(groups.values())


def in_modes(page, modes: list[Mode]) -> Iterator[Mode]:
    """The page as it stands, in each of the modes; in the first again when that is done.

    ``modes`` have one size, and the page was loaded in the first of them: anything else is refused.
    Theme and contrast are colours, so ``assert_accessible`` looks at the rest once for each width.
    """
    first = MODES[modes[0][1]]
    served = page.evaluate(f"{FACE}(document.documentElement.dataset)")
    assert served == first, f"{page.url} was loaded as {served}, not {first}"
    try:
        page.looked_at = set()
        for at in modes:
            _wear(page, *at)
            yield at
    finally:
        page.looked_at = None
        _wear(page, *modes[0])


def _wear(page, width: int, mode: str) -> None:
    page.set_viewport_size({"width": width, "height": WIDTHS.get(width, 900)})
    _size, theme, contrast = MODES[mode].split(".")
    page.evaluate(WEAR, [theme, contrast])
    worn = page.evaluate(f"{FACE}(document.documentElement.dataset)")
    assert worn == MODES[mode], f"{mode} is another size of text: the page must be loaded in it"


def assert_accessible(page) -> None:
    """axe finds nothing on the page as it stands, and nothing sticks out of it sideways."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"]}
    if (seen := getattr(page, "looked_at", None)) is not None:
        width = page.viewport_size["width"]
        if width in seen:
            options["runOnly"] = COLOUR_RULES
        seen.add(width)
    found = AxeResults(page.evaluate("(options) => axe.run(options)", options))
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"{page.url}: {over} px wider than the screen"


def assert_valid_html(markup: str) -> None:
    """Parses without an error, ids are unique, references lead somewhere, nothing is inline."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    document = parser.parse(markup)
    problems = [
        f"line {line}: {code} {details}" for (line, _column), code, details in parser.errors
    ]
    elements = list(document.iter())
    ids = [element.get("id") for element in elements if element.get("id")]
    problems += [f"id {name!r} stands twice" for name in {n for n in ids if ids.count(n) > 1}]
    for element in elements:
        if not isinstance(element.tag, str):
            continue
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            problems += [
                f"<{element.tag} {attribute}> leads nowhere: {name}"
                for name in (element.get(attribute) or "").split()
                if name not in ids
            ]
        href = element.get("href") or ""
        if href.startswith("#") and len(href) > 1 and href[1:] not in ids:
            problems.append(f"<a href={href!r}> leads nowhere")
        problems += [
            f"<{element.tag}> has an inline {name}"
            for name in element.attrib
            if name == "style" or name.startswith("on")
        ]
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            problems.append(f"inline <{element.tag}>")
        if element.tag == "img" and element.get("alt") is None:
            problems.append(f"<img src={element.get('src')!r}> without alt")
        if element.tag == "a" and any(
            inner is not element and inner.tag in {"a", "button", "input", "select", "textarea"}
            for inner in element.iter()
        ):
            problems.append("something to click inside a link")
    assert not problems, "\n".join(problems)


def shot(page, name: str) -> None:
    """The whole page as a picture under SHOTS_DIR, never inside the repository.

    The whole suite, in several processes, takes them only if SHOTS_DIR asks for them.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and "SHOTS_DIR" not in os.environ:
        return
    folder = Path(os.environ.get("SHOTS_DIR", Path(tempfile.gettempdir()) / "portal-shots"))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
