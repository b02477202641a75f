"""Filing a claim on the page: rules of my place, what is needed, the preview, once."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from points import batches, caps, earning
from points.models import Claim, ClaimEvidence, GuardianConsent, RuleVersion
from tests.browser import assert_valid_html
from tests.grids import pictures
from tests.points import claiming
from tests.points.claiming import days_ago, file, rule, today


def given(**more):
    return {
        "key": str(uuid.uuid4()),
        "happened_on": str(days_ago(1)),
        "quantity": "2",
        "text": "晚上巡逻两次",
        "do": "file",
        **more,
    }


def test_a_resident_files_a_claim_once(client, points):
    client.force_login(points.wang)
    html = client.get("/points/claim/").content.decode()
    assert "夜间平安巡逻" in html
    assert "还可以得 48 分" in html
    assert_valid_html(html)
    assert_valid_html(client.get("/points/claim/P15/").content.decode())
    data = given()
    answer = client.post("/points/claim/P15/", data)
    claim = Claim.objects.get()
    assert answer["Location"] == claim.get_absolute_url()
    assert (claim.person, claim.points, claim.text) == (points.wang, 24, "晚上巡逻两次")
    client.post("/points/claim/P15/", data)
    assert Claim.objects.count() == 1
    assert "还可以得 24 分" in client.get("/points/claim/").content.decode()


def test_the_preview_says_what_caps_leave_and_writes_nothing(client, points):
    file(points, "P15", quantity=3)
    client.force_login(points.wang)
    answer = client.post("/points/claim/P15/", given(do="preview"))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "这次计 12 分" in html
    assert "按规则是 24 分" in html
    assert 'value="2"' in html
    assert Claim.objects.count() == 1


@pytest.mark.parametrize(
    ("code", "change", "words"),
    [
        ("P15", {"happened_on": ""}, "请选择日期"),
        ("P15", {"happened_on": str(days_ago(-2))}, "不能晚于今天"),
        ("P15", {"happened_on": "9999-12-31", "do": "preview"}, "不能晚于今天"),
        ("P15", {"happened_on": str(days_ago(90))}, "62 天"),
        ("P15", {"quantity": "0"}, "大于零"),
        ("P15", {"quantity": "NaN"}, "请填写数字"),
        ("P15", {"text": ""}, "请写一两句话"),
        ("P15", {"text": "无偿献血一次"}, "献血"),
        ("P09", {}, "请附上照片"),
        ("P17", {"partner_phone": "123"}, "11 位手机号"),
        ("P17", {"partner_phone": "19900000000"}, "没有找到"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_the_input_stays(
    client, points, code, change, words
):
    client.force_login(points.wang)
    data = given(**change)
    answer = client.post(f"/points/claim/{code}/", data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert data["text"] in html
    assert not Claim.objects.exists()


def test_photos_survive_a_correction(client, points):
    client.force_login(points.wang)
    data = given(quantity="0", photos=pictures.upload())
    assert client.post("/points/claim/P09/", data).status_code == 422
    photo = ClaimEvidence.objects.get()
    again = given(key=data["key"], quantity="1")
    html = client.post("/points/claim/P09/", {**again, "do": "preview"}).content.decode()
    assert photo.token in html
    assert client.post("/points/claim/P09/", again).status_code == 302
    assert list(Claim.objects.get().evidence.all()) == [photo]


def test_a_pair_is_named_by_phone_of_a_verified_neighbour(client, points):
    client.force_login(points.wang)
    client.post("/points/claim/P17/", given(partner_phone=points.neighbour.phone))
    assert Claim.objects.get().partner == points.neighbour
    client.force_login(points.neighbour)
    assert client.get(Claim.objects.get().get_absolute_url()).status_code == 404


def test_a_phone_directory_cannot_be_read_off_the_form(client, points):
    client.force_login(points.wang)
    for n in range(10):
        client.post("/points/claim/P17/", given(partner_phone=f"1990000{n:04d}"))
    answer = client.post("/points/claim/P17/", given(partner_phone=points.neighbour.phone))
    assert answer.status_code == 422
    assert "次数太多" in answer.content.decode()


def test_a_guardian_files_for_a_minor_into_the_household(client, points):
    GuardianConsent.objects.create(
        minor=points.daughter, guardian=points.wang, household=points.home
    )
    client.force_login(points.wang)
    assert "王小妹" in client.get("/points/claim/P05/").content.decode()
    client.post("/points/claim/P05/", given(who=str(points.daughter.pk)))
    claim = Claim.objects.get()
    assert (claim.person, claim.claimant, claim.to_household) == (
        points.daughter,
        points.wang,
        True,
    )
    client.post("/points/claim/P05/", given(who=str(points.neighbour.pk)))
    assert Claim.objects.count() == 1


def test_rules_that_are_not_for_residents_to_file_are_not_there(client, points):
    client.force_login(points.wang)
    for code in ("P07", "P04", "N01", "P99", "x"):
        assert client.get(f"/points/claim/{code}/").status_code == 404
    client.force_login(points.newcomer)
    assert client.get("/points/claim/P15/").status_code == 404
    assert "请先登记并核验住址" in client.get("/points/claim/").content.decode()


def test_rules_are_found_by_words(client, points):
    client.force_login(points.wang)
    html = client.get("/points/claim/?q=巡逻").content.decode()
    assert "夜间平安巡逻" in html
    assert "闲置物品" not in html
    assert "没有找到" in client.get("/points/claim/?q=飞行").content.decode()


def test_what_is_free_under_many_rules_is_what_each_rule_says(points):
    file(points, "P15", quantity=2)
    file(points, "P05", quantity=3, happened_on=today())
    file(points, "P16")
    versions = list(RuleVersion.objects.prefetch_related("caps").select_related("rule"))
    found = earning.allowances(
        versions, person_id=points.wang.pk, household_id=points.home.pk, day=today()
    )
    for code in ("P01", "P05", "P06", "P15", "P16", "P20", "P22"):
        version = rule(points, code).versions.get()
        alone = caps.allowance(
            version, person_id=points.wang.pk, household_id=points.home.pk, day=today()
        )
        assert found[version.pk].points == alone.points, code
    assert found[rule(points, "P16").versions.get().pk].points == 30


def test_the_pages_of_claiming_cost_few_queries(client, points):
    client.force_login(points.wang)
    for address in ("/points/claim/", "/points/claim/P15/"):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= 10, [query["sql"][:90] for query in queries]


def test_the_history_tells_offices_to_the_person_and_names_to_those_in_charge(client, points):
    claim = claiming.paid(points)
    url = claim.get_absolute_url()
    done = [
        *(("申报", "您"), ("认证通过", "项目负责人"), ("汇总进名单", "系统"), ("审批同意", "社区")),
        *(("积分小组审议通过", "积分小组"), ("开始公示", "社区"), ("记入账户", "系统")),
    ]
    client.force_login(points.wang)
    page = client.get(url)
    assert [(one["title"], one["by"]) for one in page.context["entries"]] == done
    assert points.zhou.name not in page.content.decode().split("<main")[1]
    client.force_login(points.worker2)
    page = client.get(url)
    told = {one["title"]: one["by"] for one in page.context["entries"]}
    assert told["认证通过"] == points.sun.name
    assert told["审批同意"] == points.zhou.name
    assert told["积分小组审议通过"] == "积分小组"


def test_an_approval_shows_only_once_it_is_final(client, points):
    claim = claiming.certified(points, happened_on=batches.last_month())
    batch = batches.open(points.community, batches.last_month())
    batches.approve(batch, [claim.pk], by=points.zhou)
    client.force_login(points.wang)
    assert "审批同意" not in client.get(claim.get_absolute_url()).content.decode()


# --- while the form is filled in -----------------------------------------------------------------

WORTH = "/points/claim/P15/worth/"


def test_the_form_says_what_it_would_give_as_it_is_filled_in(client, points):
    file(points, "P15", quantity=3)
    client.force_login(points.wang)
    page = client.get("/points/claim/P15/").content.decode()
    assert f'hx-get="{WORTH}"' in page
    assert "先看能得多少分" in page
    asked = {"happened_on": str(days_ago(3)), "quantity": "1"}
    html = client.get(WORTH, asked).content.decode()
    assert "计 12 分" in html
    assert "还可以得 12 分" in html
    html = client.get(WORTH, asked | {"quantity": "2"}).content.decode()
    assert "计 12 分" in html
    assert "按规则是 24 分" in html
    assert "<html" not in html
    answer = client.get(WORTH, asked | {"quantity": "0"})
    assert (answer.status_code, "大于零" in answer.content.decode()) == (422, True)
    answer = client.get(WORTH, {})
    assert (answer.status_code, "请选择日期" in answer.content.decode()) == (422, True)
    assert Claim.objects.count() == 1


def test_a_grade_changes_what_the_form_gives(client, points):
    client.force_login(points.wang)
    asked = {"happened_on": str(days_ago(3)), "quantity": "1"}
    grades = [
        client.get("/points/claim/P21/worth/", asked | {"grade": str(grade)}).content.decode()
        for grade in (0, 1)
    ]
    assert grades[0] != grades[1]
    answer = client.get("/points/claim/P21/worth/", asked | {"grade": "77"})
    assert answer.status_code == 422


def test_a_stranger_asks_for_nothing(client, points):
    assert client.get(WORTH).status_code == 302
    client.force_login(points.wu)
    assert client.get(WORTH, {"happened_on": str(days_ago(3)), "quantity": "1"}).status_code == 404
