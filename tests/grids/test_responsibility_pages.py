"""The staff pages of the responsibility table and of the duty list."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import responsibilities
from grids.models import Category, DutyItem, Responsibility
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.test_responsibilities import write

pytestmark = pytest.mark.django_db

TABLE = "/issues/responsibilities/"
DUTIES = f"{TABLE}duties/"


def today():
    return timezone.localdate()


def given(**more):
    return {
        "category": "repairs",
        "area": "990203005001",
        "effective_from": f"{today():%Y-%m-%d}",
        "basis": "街道办公会",
        **more,
    }


def test_strangers_find_nothing(client, street):
    row = write(street, organization=street.office)
    addresses = [TABLE, DUTIES, f"{TABLE}new/", f"{TABLE}{row.pk}/"]
    for address in addresses:
        assert client.get(address).status_code == 302
    for person in (street.wang, street.wu, street.feng, street.shang, street.auditor):
        client.force_login(person)
        for address in addresses:
            assert client.get(address).status_code == 404, (person, address)
            assert client.post(address, given()).status_code in {404, 405}
    client.force_login(street.chen)
    desk = client.get("/desk/").content.decode()
    assert f'href="{TABLE}"' in desk
    assert 'href="/issues/templates/"' in desk
    client.force_login(street.sun)  # dispatches, so reads; writes nothing
    assert client.get(TABLE).status_code == 200
    assert client.get(DUTIES).status_code == 200
    assert client.post(DUTIES, {"reason": "x"}).status_code == 404
    for address in addresses[2:]:
        assert client.get(address).status_code == 404
        assert client.post(address, given()).status_code == 404


def test_rows_elsewhere_are_not_ours(client, street):
    row = write(street, area=street.district, organization=street.district_office, by=street.chu)
    client.force_login(street.chen)
    assert "望汐区社会工作部" in client.get(TABLE).content.decode()  # it counts here: to be read
    assert client.get(f"{TABLE}{row.pk}/").status_code == 404
    shipped = Responsibility.objects.filter(area=None).first()
    assert client.get(f"{TABLE}{shipped.pk}/").status_code == 404
    assert client.get(f"{DUTIES}?area=990203").status_code == 404


def test_the_list_costs_the_same_with_more_rows(client, street):
    client.force_login(street.chen)

    def cost(address):
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(address)
        assert page.status_code == 200
        assert_valid_html(page.content.decode())
        return len(captured)

    few = cost(f"{TABLE}?category=repairs")
    for area in (street.street, street.community, street.elsewhere, street.grid):
        write(street, area=area, organization=street.office, assists=[street.department])
    assert cost(f"{TABLE}?category=repairs") == few <= 10
    assert cost(TABLE) <= 10
    assert cost(f"{TABLE}new/") <= 10
    assert cost(DUTIES) <= 10


def test_filters(client, street):
    write(street, area=street.elsewhere, organization=street.office)
    over = write(street, area=street.community, organization=street.department)
    responsibilities.end(over, on=today(), by=street.chen, reason="写错了")
    client.force_login(street.chen)

    def names(query):
        return [row.lead_name for row in client.get(f"{TABLE}?{query}").context["rows"]]

    assert names("category=repairs") == ["青桐街道办事处", "物业服务企业"]
    assert names("category=repairs&over=on") == [
        "青桐街道综合执法队",
        "青桐街道办事处",
        "物业服务企业",
    ]
    assert names("category=repairs&area=990203005001") == ["物业服务企业"]
    assert names("category=repairs&area=nonsense&page=x") == names("category=repairs")
    first, second = client.get(TABLE), client.get(f"{TABLE}?page=40")
    assert len(first.context["rows"]) <= 40
    assert second.status_code == 200


def test_preview_then_save(client, street):
    for n in range(3):
        loop.post(street, text=f"第{n}盏灯不亮")
    client.force_login(street.chen)
    lead = {"lead": str(street.office.pk)}
    page = client.post(f"{TABLE}new/", given(do="preview", **lead))
    assert page.status_code == 200
    words = page.content.decode()
    assert_valid_html(words)
    assert "最近 30 天的 3 件中，3 件会改派" in words
    assert "青桐物业服务公司 → 青桐街道办事处" in words
    assert not Responsibility.objects.filter(area=street.community).exists()

    answer = client.post(
        f"{TABLE}new/", given(do="save", assists=[str(street.department.pk)], **lead)
    )
    assert (answer.status_code, answer.url) == (302, TABLE)
    row = Responsibility.objects.get(area=street.community)
    assert (row.organization, row.written_by, row.basis) == (
        street.office,
        street.chen,
        "街道办公会",
    )
    assert list(row.assists.all()) == [street.department]

    # The same once more conflicts, and says with what.
    answer = client.post(f"{TABLE}new/", given(do="save", **lead))
    assert answer.status_code == 422
    assert "已有一行：由青桐街道办事处承办" in answer.content.decode()

    # A change ends it and begins another.
    day = today() + timedelta(days=4)
    change = {"lead": "kind:property_company", "effective_from": f"{day:%Y-%m-%d}", "basis": "调整"}
    answer = client.post(f"{TABLE}{row.pk}/", {"do": "save", **change})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.effective_to == day


BAD = [
    ({"lead": ""}, "请选择由谁承办"),
    ({"lead": "kind:nonsense"}, "请从列出的单位和类型里选择"),
    ({"area": "990203"}, "不在您可以维护的范围内"),
    ({"area": ""}, "请选择地点"),
    ({"basis": " "}, "请写明依据"),
    ({"effective_from": "2020-01-01"}, "不能早于今天"),
    ({"effective_from": "明天"}, "日期"),
    ({"category": "gas", "lead": "kind:residents_committee"}, "只能协办"),
    ({"category": "lifts", "lead": "kind:residents_committee"}, "不在社区职责清单上"),
    ({"lead": "owners"}, "不服务梧桐里社区全境"),
]


def test_bad_input_is_answered(client, street):
    client.force_login(street.chen)
    for change, words in BAD:
        for do in ("preview", "save"):
            data = given(do=do, lead="kind:property_company") | change
            if data["lead"] == "owners":
                data["lead"] = str(street.owners.pk)
            answer = client.post(f"{TABLE}new/", data)
            assert answer.status_code == 422, (change, do)
            assert words in answer.content.decode(), (change, do)
    assert not Responsibility.objects.exclude(area=None).exists()


def test_ending_a_row(client, street):
    row = write(street, area=street.grid, organization=street.committee)
    loop.post(street)
    client.force_login(street.chen)
    address = f"{TABLE}{row.pk}/"
    data = {"effective_to": f"{today():%Y-%m-%d}", "reason": "改由物业负责"}
    page = client.post(address, {"do": "preview_end", **data})
    assert page.status_code == 200
    assert "1 件会改派" in page.content.decode()
    assert client.post(address, {"do": "end", **data, "reason": ""}).status_code == 422
    assert client.post(address, {"do": "end", **data}).status_code == 302
    row.refresh_from_db()
    assert row.effective_to == today()
    assert Responsibility.objects.filter(pk=row.pk).exists()  # ended, never gone
    page = client.get(address).content.decode()
    assert "这一行已停止" in page
    assert 'name="do"' not in page


def test_the_duty_list_is_written(client, street):
    client.force_login(street.chen)
    address = f"{DUTIES}?area={street.community.code}"
    page = client.get(address)
    assert_valid_html(page.content.decode())
    assert "沿用上级（只能协办）" in page.content.decode()
    roles = {f"role_{code}": "follow" for code in Category.objects.values_list("code", flat=True)}
    data = roles | {"role_repairs": "assist", "role_gas": "none"}
    assert client.post(address, data).status_code == 422  # without a reason
    assert client.post(address, data | {"reason": "x", "role_gas": "all"}).status_code == 422
    assert client.post(address, data | {"reason": "减负清单"}).status_code == 302
    items = DutyItem.objects.filter(area=street.community)
    assert dict(items.values_list("category__code", "role")) == {"repairs": "assist", "gas": "none"}
    assert "不能主办" in responsibilities.may_lead(street.committee, loop.category(), street.grid)
    # A community's own people read it.
    client.force_login(street.sun)
    page = client.get(address).content.decode()
    assert "role_repairs" not in page
    client.force_login(street.li)
    assert "物业维修" in client.get(DUTIES).content.decode()
