"""The shell, the switches and the pages for when something goes wrong."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.conf import settings as conf
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orgs.models import Person
from portal import preferences
from tests.browser import (
    MODES,
    WIDTHS,
    assert_accessible,
    assert_valid_html,
    by_size,
    in_modes,
    shot,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.ui.urls")]

WRONG = {
    "/nowhere/": 404,
    "/closed/": 403,
    "/closed-with-reason/": 403,
    "/refused/": 422,
    "/boom/": 500,
}
EVERY_MODE = by_size(*((width, mode) for mode in MODES for width in WIDTHS))


@pytest.fixture
def calm():
    """A client that answers 500 instead of raising."""
    return Client(raise_request_exception=False)


@pytest.fixture
def wang():
    return Person.objects.create_person(name="王居民", phone="10000000020", password="x")


def body(answer) -> str:
    return answer.content.decode()


def face(answer) -> str:
    """size.theme.contrast as the page wears them."""
    names = ("size", "theme", "contrast")
    return ".".join(
        re.search(rf'<html[^>]* data-{name}="(\w+)"', body(answer))[1] for name in names
    )


# --- the living page ---------------------------------------------------------------------------


def test_the_components_page_is_valid(client):
    answer = client.get("/ui/")
    assert answer.status_code == 200
    assert_valid_html(body(answer))


def test_the_components_page_is_not_there_in_production(client, settings):
    settings.PRODUCTION = True
    assert client.get("/ui/").status_code == 404


def test_the_demo_says_that_it_is_one(client, settings):
    assert "演示数据，纯属虚构" not in body(client.get("/preferences/"))
    settings.DEMO = True
    assert "演示数据，纯属虚构" in body(client.get("/preferences/"))


def test_a_visitor_s_page_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/ui/")


def test_htmx_is_told_to_swap_422_and_to_inject_nothing(client):
    markup = body(client.get("/preferences/"))
    config = json.loads(re.search(r"name=\"htmx-config\"\s+content='([^']+)'", markup)[1])
    assert {"code": "422", "swap": True} in config["responseHandling"]
    assert config["includeIndicatorStyles"] is False
    assert config["allowEval"] is False
    assert 'hx-headers=\'{"X-CSRFToken": "' in markup


def test_the_first_page_is_small(client):
    """At most 100 KB with everything, before compression even; a third of it on the wire."""
    page = client.get("/preferences/").content
    files = [
        Path(conf.BASE_DIR, "static", name).read_bytes()
        for name in ("css/portal.css", "js/face.js", "icons/mark.svg")
    ]
    import django_htmx

    package = Path(django_htmx.__file__).parent / "static" / "django_htmx"
    files.append((package / "htmx-2.min.js").read_bytes())
    assert len(page) + sum(map(len, files)) <= 100_000
    assert sum(len(gzip.compress(part)) for part in [page, *files]) <= 40_000


# --- places ------------------------------------------------------------------------------------


def places(client, path="/ui/") -> list[str]:
    return [place["label"] for place in client.get(path).context["shell"].nav]


@pytest.fixture
def all_places(monkeypatch):
    monkeypatch.setattr("portal.context._exists", lambda path: True)


def test_a_visitor_is_offered_to_sign_in(client, all_places):
    assert places(client) == ["首页", "事项", "公示公开", "我的网格", "登录"]


def test_a_resident_has_seven_places(client, wang, all_places):
    client.force_login(wang)
    expected = ["首页", "事项", "积分", "公示公开", "我的网格", "消息", "我的"]
    assert places(client) == expected


def test_somebody_with_a_right_has_a_desk(client, wang, all_places, monkeypatch):
    from orgs import access

    rights = access.Rights({"grids.file_issue": frozenset({"0001"})}, {})
    monkeypatch.setattr(access, "rights_of", lambda person: rights)
    client.force_login(wang)
    assert places(client) == ["工作台", "事项", "公示公开", "组织", "消息", "我的"]


def test_no_link_leads_to_a_place_that_is_not_there(client, wang, monkeypatch):
    monkeypatch.setattr("portal.context._exists", lambda path: path == "/issues/")
    assert places(client) == ["事项"]


def test_unread_messages_are_counted_on_the_tab(client, wang, all_places, monkeypatch):
    monkeypatch.setattr("portal.context._unread", lambda *, person: [1, 2, 3])
    client.force_login(wang)
    assert '<span class="badge">3<span class="vh">条未读</span></span>' in body(client.get("/ui/"))


def test_menus_drawn_once_still_say_where_one_is_and_what_is_unread(
    client, wang, all_places, monkeypatch
):
    client.force_login(wang)
    for path, unread in (("/ui/", 1), ("/ui/", 2), ("/ui/", 0), ("/preferences/", 2)):
        monkeypatch.setattr("portal.context._unread", lambda *, person, n=unread: [7] * n)
        answer = client.get(path)
        menus = answer.context["shell"].menus
        for menu in menus.values():
            assert menu in body(answer)
            assert menu.count("<a") == len(answer.context["shell"].nav)
            assert menu.count("badge") == (1 if unread else 0)
            assert f">{unread}<" in menu or not unread
    monkeypatch.setattr("portal.context.Shell._current", lambda shell, here, href: "page")
    assert 'aria-current="page"' in client.get("/ui/").context["shell"].menus["places"]


# --- switches ----------------------------------------------------------------------------------


def test_a_visitor_switches_to_elder_mode_and_is_back_where_they_were(client):
    answer = client.post("/preferences/", {"size": "elder", "next": "/ui/?page=2"})
    assert (answer.status_code, answer["Location"]) == (302, "/ui/?page=2")
    markup = body(client.get("/ui/"))
    assert face(client.get("/ui/")) == "elder.auto.normal"
    assert '<html lang="zh-Hans" class="big"' in markup
    assert "请人代办" in markup
    assert 'value="standard">标准版' in markup


def test_one_switch_leaves_the_others_alone(client):
    client.post("/preferences/", {"theme": "dark"})
    client.post("/preferences/", {"size": "huge"})
    client.post("/preferences/", {"contrast": "high"})
    assert face(client.get("/ui/")) == "huge.dark.high"


def test_a_person_s_choice_is_saved_and_follows_them(client, wang):
    client.force_login(wang)
    client.post("/preferences/", {"size": "elder"})
    wang.refresh_from_db()
    assert (wang.size, wang.theme, wang.contrast) == ("elder", "auto", "normal")

    another_device = Client()
    another_device.force_login(wang)
    assert face(another_device.get("/ui/")) == "elder.auto.normal"


def test_switching_before_signing_in_is_not_lost(client, wang):
    client.post("/preferences/", {"size": "elder"})
    client.force_login(wang)
    assert face(client.get("/ui/")) == "elder.auto.normal"
    client.post("/preferences/", {"theme": "dark"})
    wang.refresh_from_db()
    assert (wang.size, wang.theme) == ("elder", "dark")


def test_a_person_can_go_back_to_standard_though_the_device_remembers_elder(client, wang):
    client.post("/preferences/", {"size": "elder"})
    client.force_login(wang)
    client.post("/preferences/", {"size": "standard"})
    assert face(client.get("/ui/")) == "standard.auto.normal"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "///evil.example",
        "javascript:alert(1)",
        "\t//evil.example/",
        "http:evil.example",
    ],
)
def test_nobody_is_sent_to_another_site(client, elsewhere):
    answer = client.post("/preferences/", {"size": "elder", "next": elsewhere})
    assert answer["Location"] == "/preferences/"
    assert (
        "evil"
        not in body(client.get("/preferences/", {"next": elsewhere}))
        .replace("next=/preferences/%3Fnext%3D", "")
        .split("<main", 1)[1]
    )


@pytest.mark.parametrize("data", [{"size": "gigantic"}, {"theme": ""}, {}, {"colour": "red"}])
def test_a_choice_nobody_offers_is_refused(client, data):
    answer = client.post("/preferences/", data)
    assert answer.status_code == 422
    assert "没有这个选项" in body(answer)
    assert preferences.COOKIE not in answer.cookies
    assert_valid_html(body(answer))


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "elder.dark", '"><script>.dark.high'])
def test_a_cookie_from_nowhere_is_the_default(client, cookie):
    client.cookies[preferences.COOKIE] = cookie
    answer = client.get("/ui/")
    assert face(answer).startswith("standard.")
    assert "<script>" not in body(answer)


def test_only_get_and_post(client):
    assert client.delete("/preferences/").status_code == 405


def test_the_switch_needs_a_token():
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/preferences/", {"size": "elder"})
    assert answer.status_code == 419
    assert preferences.COOKIE not in answer.cookies


# --- when it goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), WRONG.items())
def test_an_error_page_says_what_next_and_whom_to_ask(calm, path, status):
    answer = calm.get(path)
    assert answer.status_code == status
    markup = body(answer)
    assert "接下来可以" in markup
    assert 'href="tel:12345"' in markup
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert_valid_html(markup)


def test_reasons_of_our_own_are_shown(calm):
    assert "本届任期已经结束。" in body(calm.get("/closed-with-reason/"))
    assert "这件事已经办结，不能再派单。" in body(calm.get("/refused/"))


def test_the_500_page_asks_nobody_anything(calm, wang, django_assert_num_queries, monkeypatch):
    calm.force_login(wang)
    monkeypatch.setattr("portal.context.shell", None)
    with django_assert_num_queries(0):
        markup = body(calm.get("/boom/"))
    assert "系统出了故障" in markup
    assert "on purpose" not in markup


def test_a_foreign_host_gets_the_plain_400_page(calm, settings):
    settings.ALLOWED_HOSTS = ["portal.example"]
    answer = calm.get("/ui/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "这个请求我们看不懂" in body(answer)


LETTER = {
    "title": "南门路灯连续三天不亮",
    "kind": "light",
    "password": "geheim-geheim",
    "code": "123456",
}


def expired(**headers):
    return Client(enforce_csrf_checks=True).post("/form/?step=2", LETTER, headers=headers)


def test_an_expired_form_offers_again_what_was_typed():
    answer = expired(Origin="http://testserver")
    assert (answer.status_code, answer.reason_phrase) == (419, "Page Expired")
    markup = body(answer)
    assert "南门路灯连续三天不亮</textarea>" in markup
    assert '<input type="hidden" name="kind" value="light">' in markup
    assert 'action="/form/?step=2"' in markup
    assert "geheim" not in markup
    assert "123456" not in markup
    assert_valid_html(markup)


def test_a_forms_own_marks_are_kept_out_of_sight():
    """The key that makes a second press harmless is not for reading."""
    key = "d80dbc5d-a3f7-4cf1-8e8a-987daa2e1628"
    answer = Client(enforce_csrf_checks=True).post(
        "/form/", {"posting_key": key, **LETTER}, headers={"Origin": "http://testserver"}
    )
    markup = body(answer)
    assert f'<input type="hidden" name="posting_key" value="{key}">' in markup
    assert f">{key}<" not in markup
    assert_valid_html(markup)


def test_what_is_offered_again_can_be_sent():
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/form/", LETTER, headers={"Origin": "http://testserver"})
    token = body(answer).split('name="csrfmiddlewaretoken" value="')[-1].split('"')[0]
    again = strict.post("/form/", {**LETTER, "csrfmiddlewaretoken": token})
    assert body(again) == "saved"


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "https://testserver"])
def test_a_foreign_form_is_not_offered_for_confirmation(origin):
    answer = expired(**({"Origin": origin} if origin else {}))
    assert answer.status_code == 419
    assert "南门路灯" not in body(answer)
    assert "重新提交" not in body(answer)


def test_too_much_is_not_offered_again():
    answer = Client(enforce_csrf_checks=True).post(
        "/form/", {"words": "长" * 20_001}, headers={"Origin": "http://testserver"}
    )
    assert "长长长" not in body(answer)


# --- in Chromium --------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("modes", EVERY_MODE, ids=lambda modes: modes[0][1])
def test_axe_finds_nothing(browser_page, all_places, modes):
    page = browser_page(*modes[0])
    for path in ("/ui/", "/preferences/", *WRONG):
        page.goto(path)
        if path == "/boom/":  # asks nobody, so it looks the same to every reader
            assert page.locator("html").get_attribute("data-theme") == "auto"
            assert_accessible(page)
            continue
        for width, mode in in_modes(page, modes):
            assert_accessible(page)
            shot(page, f"{path.strip('/')}-{mode}-{width}")


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_the_page_that_knows_no_reader(browser_page, width):
    page = browser_page(width)
    page.goto("/boom/")
    assert_accessible(page)
    shot(page, f"boom-{width}")


@pytest.mark.parametrize("modes", EVERY_MODE, ids=lambda modes: modes[0][1])
def test_theme_and_contrast_are_not_in_the_markup(client, modes, monkeypatch):
    """What ``in_modes`` relies on: within a size, two words on <html> are all that differs."""
    instant = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: instant)  # the page shows times

    def markup(mode, path):
        client.cookies[preferences.COOKIE] = MODES[mode]
        page = body(client.get(path))
        assert face(client.get(path)) == MODES[mode]
        page = re.sub(r'(<html[^>]*) data-theme="\w+"\s+data-contrast="\w+"', r"\1", page, count=1)
        return re.sub(r'("?csrf\w*"?[^>]*?value=|X-CSRFToken": )"\w+"', r"\1", page, flags=re.I)

    for path in ("/ui/", "/nowhere/"):
        assert len({markup(mode, path) for _width, mode in modes}) == 1


def test_no_other_template_asks_for_theme_or_contrast():
    asking = {
        path.name
        for path in Path(conf.BASE_DIR, "templates").rglob("*.html")
        if re.search(r"face\.(theme|contrast)|\.theme\b|\.contrast\b", path.read_text())
    }
    assert asking == {"base.html"}


# What a rule for a theme or a contrast may set: axe's other rules would not notice.
COLOURS = re.compile(
    r"--[\w-]+|color-scheme|color|fill|stroke(-width)?|opacity|background(-image|-color)?"
    r"|box-shadow|outline(-offset)?|border-(width|color)|text-decoration-thickness"
)


def test_theme_and_contrast_change_colours_alone():
    """What ``assert_accessible`` relies on: nothing is hidden, moved or said otherwise by them."""
    beyond, rules = [], 0
    for path in Path(conf.BASE_DIR, "static/css").glob("*.css"):
        sheet = re.sub(r"/\*.*?\*/|@media print \{.*", "", path.read_text(), flags=re.S)
        for rule, block in re.findall(r"([^{}]*data-(?:theme|contrast)[^{}]*)\{([^{}]*)\}", sheet):
            rules += 1
            names = [line.partition(":")[0].strip() for line in block.split(";") if line.strip()]
            beyond += [f"{rule.strip()}: {name}" for name in names if not COLOURS.fullmatch(name)]
    assert beyond == []
    assert rules >= 10


@pytest.mark.browser
def test_a_mode_with_bad_contrast_is_found_and_so_is_what_a_width_alone_shows(browser_page):
    page = browser_page()
    page.goto("/preferences/")
    add = "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)"
    dim = "color: var(--text); background: #fff"  # readable until the text turns light
    page.evaluate(add, '<p class="dim">说明</p>')
    page.evaluate(f"document.querySelector('.dim').style.cssText = '{dim}'")
    found = []
    for width, mode in in_modes(page, [(390, "light"), (390, "dark"), (1280, "light")]):
        if width == 1280:
            page.evaluate("document.querySelector('.dim').remove()")
            page.evaluate(add, '<input type="text">')  # without a label
        try:
            assert_accessible(page)
        except AssertionError as error:
            found.append((width, mode, "color-contrast" in str(error), "label" in str(error)))
    assert [one[:2] for one in found] == [(390, "dark"), (1280, "light")]
    assert found[0][2]
    assert found[1][3]


LOOKS = """() => {
  const looks = (one) => {
    const { color, backgroundColor, borderColor, fontSize } = getComputedStyle(one);
    const { width, height } = one.getBoundingClientRect();
    return [color, backgroundColor, borderColor, fontSize, width, height].join(" ");
  };
  return [...document.querySelectorAll("body, main .btn, main input, main a")].map(looks).join();
}"""


@pytest.mark.browser
def test_a_mode_worn_by_a_loaded_page_is_the_mode_that_is_served(browser_page, all_places):
    worn, served = browser_page(), browser_page()
    for modes in by_size(*((390, mode) for mode in MODES)):
        choose(worn, modes[0][1])
        looks = {}
        for _width, mode in in_modes(worn, modes):
            choose(served, mode)
            looks[mode] = worn.evaluate(LOOKS)
            assert looks[mode] == served.evaluate(LOOKS), mode
        assert len(set(looks.values())) == len(modes)


@pytest.mark.browser
def test_another_size_cannot_be_worn(browser_page):
    page = browser_page(390, "light")
    page.goto("/ui/")
    with pytest.raises(AssertionError, match="must be loaded in it"):
        list(in_modes(page, [(390, "light"), (390, "elder")]))
    with pytest.raises(AssertionError, match="was loaded as"):
        list(in_modes(page, [(390, "dark")]))


def choose(page, mode) -> None:
    page.context.add_cookies(
        [{"name": preferences.COOKIE, "value": MODES[mode], "url": page.context.home}]
    )
    page.goto("/ui/")


# Texts under the least size (18 px), and running text and labels under the mode's own.
TOO_SMALL = """([least, main]) => {
  const running = "main p, main label";
  const aside = ".meta, .help, .when, .pill, .lost, .tile, .optional";
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || !holder.checkVisibility()) continue;
    if (holder.closest(".vh, svg")) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize);
    const wanted = holder.closest(running) && !holder.closest(aside) ? main : least;
    if (size < wanted) found.push(`${size} ${holder.className} ${node.textContent.trim()}`);
  }
  return found;
}"""
TOO_LOW = """(least) => {
  const targets = [
    ".btn", "main input:not([type=checkbox], [type=radio], [type=hidden])", "main select",
    "main textarea", ".check", "fieldset label", ".tabs a", ".tools button", ".elder button",
    ".elder a", ".choices a", ".choices button", ".tile", "summary",
  ];
  return [...document.querySelectorAll(targets.join(", "))]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < least - .5)
    .map((one) => one.outerHTML.slice(0, 80));
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("mode", "pixels", "target"), [("elder", 18, 60), ("huge", 30, 60)])
def test_elder_mode_keeps_its_sizes(browser_page, all_places, mode, pixels, target):
    page = browser_page(mode=mode)
    page.goto("/ui/")
    assert page.evaluate(TOO_SMALL, [18, pixels]) == []
    assert page.evaluate(TOO_LOW, target) == []
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.page')).gridTemplateColumns.split(' ').length"
    )
    assert columns == 1


@pytest.mark.browser
def test_nothing_moves_while_the_page_loads(browser_page, all_places):
    page = browser_page(width=390)
    page.goto("/preferences/")
    page.wait_for_load_state("load")
    moved = page.evaluate(
        """() => new Promise((done) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(sum), 300);
        })"""
    )
    assert moved == 0


@pytest.mark.browser
def test_the_keyboard_s_first_stop_leads_to_the_main_part(browser_page):
    page = browser_page(width=1280)
    page.goto("/preferences/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.browser
def test_the_focus_goes_to_what_is_wrong_with_a_form(browser_page):
    page = browser_page(width=390)
    page.goto("/ui/")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.get_by_role("link", name="标题：最多 40 个字").click()
    assert page.evaluate("document.activeElement.id") == "id_wrong-title"


@pytest.mark.browser
def test_htmx_shows_a_refusal_and_tells_of_an_expired_page(browser_page):
    page = browser_page(width=390)
    page.goto("/live/")
    page.fill("#words", "换灯")
    page.get_by_role("button", name="send").click()
    page.get_by_text("这一步没有办成").wait_for()

    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="send").click()
    page.locator("#told").get_by_text("页面放得太久").wait_for()
    assert page.input_value("#words") == "换灯"


@pytest.mark.browser
def test_a_fault_of_the_server_is_told(browser_page):
    page = browser_page(width=390)
    page.goto("/live/")
    page.fill("#words", "崩")
    page.get_by_role("button", name="send").click()
    page.locator("#told").get_by_role("alert").wait_for()
    assert "内容还在" in page.inner_text("#told")


@pytest.mark.browser
def test_the_switch_in_the_head_works_without_javascript(browser_page):
    page = browser_page(width=390, java_script_enabled=False)
    page.goto("/ui/")
    page.get_by_role("button", name="长辈版").click()
    assert page.url.endswith("/ui/")
    assert page.locator("html").get_attribute("data-size") == "elder"
    assert not page.locator("[data-read-aloud]").is_visible()


@pytest.mark.browser
def test_reading_aloud_is_offered_where_there_is_a_voice_and_can_be_stopped(browser_page):
    page = browser_page(width=390, mode="elder")
    page.add_init_script(
        """window.said = [];
        const speak = (words) => window.said.push(words.text);
        const cancel = () => window.said.push("·");
        Object.defineProperty(window, "speechSynthesis", { value: { speak, cancel } });"""
    )
    page.goto("/preferences/")
    button = page.locator("[data-read-aloud]")
    button.click()
    assert "停止朗读" in button.inner_text()
    assert "字太小、颜色看不清？" in page.evaluate("window.said")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate("window.said.at(-1)") == "·"


@pytest.mark.browser
def test_chosen_pictures_are_seen_before_they_are_sent(browser_page):
    page = browser_page(width=390)
    page.goto("/ui/")
    icon = Path(conf.BASE_DIR, "static/icons/icon-192.png")
    page.locator("#id_photos").set_input_files([icon])
    preview = page.locator("[data-previews] img")
    preview.wait_for()
    assert page.evaluate("document.querySelector('[data-previews] img').naturalWidth") == 192
    assert "icon-192.png" in page.locator("[data-previews]").inner_text()


def test_addresses_have_names():
    assert reverse("preferences") == "/preferences/"
    assert reverse("components") == "/ui/"


def test_a_narrow_page_is_narrow(client):
    assert re.search(r'class="page\s+narrow"', body(client.get("/preferences/")))
