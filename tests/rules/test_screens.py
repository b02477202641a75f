"""The screens of rules and calendar: open to read, closed to change, every change with a reason."""

import re
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from orgs.models import Appointment, Area, Grant, Organization, OrganizationKind
from orgs.models import Person as PersonModel
from orgs.positions import Position, rights_of_position
from rules import calendar, clocks, overrides, profiles
from rules.models import CalendarNotice, Clock, RuleProfile, WorkingDayOverride
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes
from tests.rules.test_overrides import NOTICE_2027

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def town(db):
    """A city of two districts: 卫 keeps the system, 褚 works in the first, 王 lives there."""
    city = Area.objects.add_root({"level": "city", "code": "9902", "name": "江澜市"})
    district = Area.objects.add_child(
        city, {"level": "district", "code": "990203", "name": "望汐区"}
    )
    other = Area.objects.add_child(city, {"level": "district", "code": "990204", "name": "临江区"})
    platform = Organization.objects.create(
        kind=OrganizationKind.PLATFORM, name="平台运行管理", area=city, founded_on=date(2020, 1, 1)
    )

    def holder(name, phone, area, position):
        person = PersonModel.objects.create_person(name=name, phone=phone, is_demo=True)
        post = Appointment.objects.create(
            person=person,
            organization=platform,
            position=position,
            area=area,
            starts_on=date(2020, 1, 1),
        )
        names = [right.split(".") for right in rights_of_position(position)]
        codenames = [codename for app, codename in names if app == "rules"]
        Grant.objects.bulk_create(
            Grant(
                user=person,
                permission=permission,
                content_type=ContentType.objects.get_for_model(Area),
                object_pk=str(area.pk),
                appointment=post,
            )
            for permission in Permission.objects.filter(
                content_type__app_label="rules", codename__in=codenames
            )
        )
        return person

    return SimpleNamespace(
        city=city,
        district=district,
        other=other,
        wei=holder("卫系统", "10000000010", city, Position.SYSTEM_ADMIN),
        chu=holder("褚区级", "10000000008", district, Position.DISTRICT_OFFICER),
        wang=PersonModel.objects.create_person(name="王居民", phone="10000000020", is_demo=True),
    )


def issue_clocks() -> RuleProfile:
    return RuleProfile.objects.get(code="ISSUE-CLOCKS", place="")


def filled(profile: RuleProfile, **changes) -> dict:
    """What the form sends when nothing but ``changes`` is touched."""
    from rules import wording

    sent = {leaf.name: leaf.text for leaf in wording.leaves(profile.params)}
    return {
        **sent,
        "title": profile.title,
        "legal_basis": profile.legal_basis,
        "effective_from": (TODAY() + timedelta(days=30)).isoformat(),
        "reason": "区里新办法",
        **changes,
    }


# --- reading ------------------------------------------------------------


def test_anyone_may_read(client, town):
    notice = CalendarNotice.objects.create(year=2027, source="国办", text="一\n二", reason="试")
    pages = [
        reverse("rules"),
        *(reverse("rule", args=[profile.pk]) for profile in RuleProfile.objects.all()),
        reverse("rules_calendar"),
        reverse("rules_calendar_year", args=[2026]),
        reverse("rules_notice", args=[notice.pk]),
    ]
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert 'method="post" action="/rules' not in answer.content.decode(), address
        assert_valid_html(answer.content.decode())


def test_a_rule_shows_its_numbers_and_its_basis(client):
    text = client.get(reverse("rule", args=[issue_clocks().pk])).content.decode()
    assert re.search(r"社区级办理</th>\s*<td>3个工作日</td>", text)
    assert "没有法律依据【默认】" in text
    owners = RuleProfile.objects.get(code="OV-CC278")
    text = client.get(reverse("rule", args=[owners.pk])).content.decode()
    assert "3/4以上" in text
    assert "过1/2" in text


def test_the_provisional_year_says_so(client):
    assert "暂定" in client.get(reverse("rules_calendar_year", args=[2027])).content.decode()
    assert "暂定" not in client.get(reverse("rules_calendar_year", args=[2026])).content.decode()


def test_the_calendar_names_the_days(client):
    text = client.get(reverse("rules_calendar_year", args=[2026])).content.decode()
    assert "1–7日 休（国庆节）" in text
    assert "10日 班" in text
    assert "全年 248 个工作日" in text


@pytest.mark.parametrize("year", [1999, 2200])
def test_years_nobody_knows_are_not_found(client, year):
    assert client.get(reverse("rules_calendar_year", args=[year])).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_year_costs_the_same_with_more_rows(client, town, rows, django_assert_max_num_queries):
    for n in range(rows):
        overrides.set_day(date(2026, 3, 3 + n), False, source="试", reason="试", by=town.wei)
    with django_assert_max_num_queries(4):
        client.get(reverse("rules_calendar_year", args=[2026]))


# --- who may change ------------------------------------------------------------


def test_the_rights_go_with_the_posts():
    admin = rights_of_position(Position.SYSTEM_ADMIN)
    district = rights_of_position(Position.DISTRICT_OFFICER)
    assert {"rules.edit_rules", "rules.edit_national_rules", "rules.edit_calendar"} <= set(admin)
    assert {"rules.edit_rules", "rules.edit_calendar"} <= set(district)
    assert "rules.edit_national_rules" not in district
    assert not [right for right in rights_of_position(Position.GRID_WORKER) if "rules." in right]


def test_strangers_meet_404_and_visitors_the_sign_in(client, town):
    profile = issue_clocks()
    notice = CalendarNotice.objects.create(year=2027, source="国办", text="一", reason="试")
    doors = [
        ("get", reverse("rule_supersede", args=[profile.pk])),
        ("get", reverse("rule_localize", args=[profile.pk])),
        ("post", reverse("rule_verify", args=[profile.pk])),
        ("post", reverse("rule_withdraw", args=[profile.pk])),
        ("post", reverse("rules_day")),
        ("get", reverse("rules_import")),
        ("post", reverse("rules_notice_undo", args=[notice.pk])),
    ]
    for method, address in doors:
        assert getattr(client, method)(address).status_code == 302, address
    client.force_login(town.wang)
    for method, address in doors:
        assert getattr(client, method)(address).status_code == 404, address
    client.force_login(town.wei)
    for method, address in doors:
        assert getattr(client, method)(address).status_code in {200, 422}, address


def test_a_district_changes_its_own_rules_only(client, town):
    base = issue_clocks()
    fields = {
        "code": base.code,
        "title": base.title,
        "legal_basis": base.legal_basis,
        "effective_from": date(2025, 1, 1),
        "params": base.params,
    }
    mine = RuleProfile.objects.create(**fields, place="990203")
    theirs = RuleProfile.objects.create(**fields, place="990204")
    client.force_login(town.chu)
    for profile, status in ((mine, 200), (theirs, 404), (base, 404)):
        address = reverse("rule_supersede", args=[profile.pk])
        assert client.get(address).status_code == status
        assert client.post(address, filled(profile)).status_code == (302 if status == 200 else 404)
    assert RuleProfile.objects.filter(code=base.code).count() == 4
    page = client.get(reverse("rule_localize", args=[base.pk])).content.decode()
    assert "望汐区" in page
    assert "临江区" not in page


# --- changing rules ------------------------------------------------------------


def test_a_new_version_is_written_in_words(client, town):
    old = issue_clocks()
    client.force_login(town.wei)
    answer = client.post(
        reverse("rule_supersede", args=[old.pk]), filled(old, **{"p.L2": "2个工作日"})
    )
    new = RuleProfile.objects.get(code="ISSUE-CLOCKS", effective_to=None)
    assert answer.url == reverse("rule", args=[new.pk])
    assert new.params["L2"] == {"unit": "working_days", "amount": 2}
    assert {**new.params, "L2": old.params["L2"]} == old.params
    text = client.get(reverse("rule", args=[old.pk])).content.decode()
    assert "有效期止于" in text
    assert "区里新办法" in text
    assert "卫系统" in text
    client.logout()
    assert "卫系统" not in client.get(reverse("rule", args=[old.pk])).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p.L2": "两三天"}, "请写作：3个工作日"),
        ({"p.L2": ""}, "请填写"),
        ({"reason": ""}, "请写明原因"),
        ({"effective_from": "明天"}, "日期须写作 2027-01-01"),
        ({"effective_from": "2001-01-01"}, "最早只能从"),
        ({"title": ""}, "请填写名称"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_the_rest_is_kept(client, town, changes, words):
    old = issue_clocks()
    client.force_login(town.wei)
    sent = filled(old, **{"p.L3": "4个工作日", **changes})
    answer = client.post(reverse("rule_supersede", args=[old.pk]), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert text.count(words) == 2  # on top, and beside the field
    assert 'value="4个工作日"' in text
    assert RuleProfile.objects.filter(code=old.code).count() == 1
    assert_valid_html(text)


def test_how_points_expire_is_chosen_among_words(client, town):
    client.force_login(town.wei)
    profile = RuleProfile.objects.get(code="POINTS", place="")
    page = client.get(reverse("rule_supersede", args=[profile.pk])).content.decode()
    assert "每年清零" in page
    assert "一天的申报超过（项）" in page
    changes = {"p.expiry_mode": "每年清零", "p.flags.day_claims": "6"}
    assert (
        client.post(
            reverse("rule_supersede", args=[profile.pk]), filled(profile, **changes)
        ).status_code
        == 302
    )
    newer = RuleProfile.objects.filter(code="POINTS").latest("effective_from")
    assert (newer.params["expiry_mode"], newer.params["flags"]["day_claims"]) == ("yearly_reset", 6)


def test_only_the_latest_version_is_replaced(client, town):
    client.force_login(town.wei)
    past = RuleProfile.objects.get(code="RC-2018")
    assert client.get(reverse("rule_supersede", args=[past.pk])).status_code == 404


def test_a_district_writes_its_own_numbers(client, town):
    base = issue_clocks()
    client.force_login(town.chu)
    sent = filled(base, place="990203", legal_basis="望汐区办法", **{"p.L3": "4个工作日"})
    assert client.post(reverse("rule_localize", args=[base.pk]), sent).status_code == 302
    day = TODAY() + timedelta(days=30)
    local = profiles.in_force("ISSUE-CLOCKS", place="990203005001", on=day)
    assert (local.place, local.params["L3"]["amount"]) == ("990203", 4)
    assert profiles.in_force("ISSUE-CLOCKS", place="990204", on=day) == base

    answer = client.post(reverse("rule_localize", args=[base.pk]), sent)
    assert answer.status_code == 422
    assert "施行期间不能重叠" in answer.content.decode()
    answer = client.post(reverse("rule_localize", args=[base.pk]), {**sent, "place": "990204"})
    assert answer.status_code == 422


def test_verifying_and_withdrawing_leave_their_reason(client, town):
    old = issue_clocks()
    client.force_login(town.wei)
    client.post(reverse("rule_supersede", args=[old.pk]), filled(old))
    new = RuleProfile.objects.get(code="ISSUE-CLOCKS", effective_to=None)
    verify = reverse("rule_verify", args=[new.pk])
    assert client.post(verify, {"reason": ""}).status_code == 422
    assert client.post(verify, {"reason": "对照公报"}).status_code == 302
    new.refresh_from_db()
    assert (new.verified_by, new.verified_on) == (town.wei, TODAY())
    client.post(reverse("rule_withdraw", args=[new.pk]), {"reason": "写错了"})
    old.refresh_from_db()
    assert old.effective_to is None

    old.freeze()
    answer = client.post(reverse("rule_withdraw", args=[old.pk]), {"reason": "不要了"})
    assert answer.status_code == 422
    assert "只能换新" in answer.content.decode()


# --- changing the calendar ------------------------------------------------------------


def test_one_day_is_set_and_cleared(client, town):
    client.force_login(town.chu)
    sent = {"day": "2026-03-03", "works": "off", "source": "市通知", "reason": "赛事"}
    answer = client.post(reverse("rules_day"), sent, follow=True)
    assert not calendar.is_working_day(date(2026, 3, 3))
    assert "市通知" in answer.content.decode()
    client.post(reverse("rules_day"), {**sent, "works": "clear", "source": ""})
    assert calendar.is_working_day(date(2026, 3, 3))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": "2026-02-30"}, "日期须写作"),
        ({"day": "1970-01-01"}, "年份须在"),
        ({"works": ""}, "请选择"),
        ({"source": ""}, "请写明依据"),
        ({"reason": ""}, "请写明原因"),
    ],
)
def test_a_day_needs_everything_said(client, town, changes, words):
    client.force_login(town.wei)
    sent = {"day": "2026-03-03", "works": "off", "source": "市通知", "reason": "赛事", **changes}
    answer = client.post(reverse("rules_day"), sent)
    assert answer.status_code == 422
    assert answer.content.decode().count(words) == 2
    assert not WorkingDayOverride.objects.exists()
    assert_valid_html(answer.content.decode())


def notice_form(**changes) -> dict:
    return {
        "year": "2027",
        "source": "国办发明电〔2026〕7号",
        "text": NOTICE_2027,
        "is_complete": "on",
        "reason": "年度通知",
        **changes,
    }


def test_a_notice_is_previewed_then_confirmed_then_undone(client, town):
    for days in (1, 400):
        clocks.start("working_days", days)
    before = set(Clock.objects.values_list("pk", "due_at"))
    client.force_login(town.chu)
    preview = client.post(reverse("rules_import"), notice_form())
    text = preview.content.decode()
    assert preview.status_code == 200
    assert "的安排会改变" in text
    assert "有 1 个正在计时的期限" in text
    assert not WorkingDayOverride.objects.exists()
    assert_valid_html(text)

    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
    carried.pop("csrfmiddlewaretoken", None)
    assert carried["text"].splitlines() == NOTICE_2027.splitlines()
    answer = client.post(reverse("rules_import"), {**carried, "confirm": "1"})
    notice = CalendarNotice.objects.get()
    assert answer.url == reverse("rules_notice", args=[notice.pk])
    assert (notice.imported_by, notice.is_complete) == (town.chu, True)
    assert set(Clock.objects.values_list("pk", "due_at")) == before
    assert "暂定" not in client.get(reverse("rules_calendar_year", args=[2027])).content.decode()

    again = client.post(reverse("rules_import"), {**carried, "confirm": "1"}, follow=True)
    assert "已经导入过" in again.content.decode()
    assert CalendarNotice.objects.count() == 1

    undo = reverse("rules_notice_undo", args=[notice.pk])
    assert client.post(undo, {"reason": ""}).status_code == 422
    assert "恢复了" in client.post(undo, {"reason": "发错了"}, follow=True).content.decode()
    assert not WorkingDayOverride.objects.exists()
    answer = client.post(undo, {"reason": "再撤"})
    assert (answer.status_code, "已经撤销" in answer.content.decode()) == (422, True)


def test_faults_of_a_notice_are_named_by_line_and_the_text_stays(client, town):
    client.force_login(town.wei)
    broken = NOTICE_2027.replace("6月9日（周三）", "6月9日（周五）")
    answer = client.post(reverse("rules_import"), notice_form(text=broken, confirm="1"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "第 8 行 2027-06-09：2027-06-09 是周三，通知写的是周五" in text
    assert "6月9日（周五）放假1天" in text
    assert not CalendarNotice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": ""}, "请粘贴通知或上传文件"),
        ({"year": "1999"}, "年份须在"),
        ({"year": "明年"}, "年份须为四位数字"),
        ({"source": ""}, "请填写来源"),
        ({"reason": " "}, "请写明原因"),
        ({"text": "各省人民政府"}, "没有读到任何日期"),
        ({"file": SimpleUploadedFile("a.csv", b"\x00\x01\xff")}, "文件不是文本"),
        ({"file": SimpleUploadedFile("a.csv", b"x" * 70_000)}, "不能超过 64 KB"),
    ],
)
def test_a_notice_that_cannot_be_read_says_why(client, town, changes, words):
    client.force_login(town.wei)
    answer = client.post(reverse("rules_import"), notice_form(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert_valid_html(answer.content.decode())


def test_an_uploaded_file_stands_in_the_box_for_correction(client, town):
    client.force_login(town.wei)
    file = SimpleUploadedFile("a.csv", "2027-02-30,off".encode("gb18030"))
    answer = client.post(reverse("rules_import"), notice_form(text="", file=file))
    assert answer.status_code == 422
    assert "2027-02-30,off</textarea>" in answer.content.decode()


# --- in a browser ------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(
    "modes",
    by_size((390, "light"), (1280, "dark"), (390, "elder")),
    ids=lambda modes: modes[0][1],
)
def test_the_screens_are_accessible(browser_page, town, modes):
    page = browser_page(*modes[0], person=town.wei)
    addresses = [
        reverse("rules"),
        reverse("rule", args=[issue_clocks().pk]),
        reverse("rule_supersede", args=[issue_clocks().pk]),
        reverse("rules_calendar_year", args=[2027]),
        reverse("rules_import"),
    ]
    for address in addresses:
        page.goto(address)
        for width, mode in in_modes(page, modes):
            assert_accessible(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (address, mode)
