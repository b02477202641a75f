"""Partners: made, changed and keyed by those who may, and by nobody next door."""

import pytest
from django.urls import reverse

from grids.models import Partner, PartnerSecret
from orgs import encryption
from orgs.models import Person

pytestmark = pytest.mark.django_db


def given(hotline, **more):
    return {
        "name": "区政务平台",
        "code": "qu-zhengwu",
        "area": hotline.street.pk,
        "callback_url": "https://qu.example.org/back",
        "categories": "A1 = 物业维修\nB2=邻里纠纷",
        "is_active": "on",
        "state_closed": "办结",
        **more,
    }


def test_a_partner_is_made_with_an_account_nobody_can_use(client, hotline):
    client.force_login(hotline.chen)
    answer = client.post(reverse("grids:partner_new"), given(hotline))
    partner = Partner.objects.get(code="qu-zhengwu")
    assert answer.url == partner.get_absolute_url()
    assert partner.states == {"closed": "办结"}
    assert list(partner.categories) == ["A1", "B2"]
    assert partner.account.name == "区政务平台来电人"
    assert not partner.account.is_active
    assert not partner.account.has_usable_password()

    edit = reverse("grids:partner_edit", args=[partner.pk])
    assert "B2 = 邻里纠纷" in client.get(edit).content.decode()
    client.post(edit, {"name": "区平台", "callback_url": "", "code": "other"})
    partner.refresh_from_db()
    assert (partner.name, partner.code, partner.is_active) == ("区平台", "qu-zhengwu", False)
    assert Person.objects.get(pk=partner.account_id).name == "区平台来电人"


def test_what_is_wrong_stands_beside_its_field(client, hotline):
    client.force_login(hotline.chen)
    wrong = {
        "code": "12345",
        "area": hotline.city.pk,
        "callback_url": "https://192.168.1.1/",
        "categories": "A1 = 物业维修\nA1 = 邻里纠纷\n没有等号\nC3 = 天气",
    }
    answer = client.post(reverse("grids:partner_new"), given(hotline, **wrong))
    assert answer.status_code == 422
    assert answer.context["form"].errors.get_json_data().keys() == wrong.keys()
    page = answer.content.decode()
    for said in (
        "已有对接单位使用代码 12345",
        "回传地址不能指向内部网络",
        "第 2 行：“A1”前面已经写过",
        "第 3 行须写作：对方类别 = 本平台类别",
        "第 4 行：本平台没有类别“天气”",
    ):
        assert said in page
    assert Partner.objects.count() == 1


def test_a_key_is_shown_once_and_a_second_click_makes_no_other(client, hotline):
    client.force_login(hotline.system_admin)
    hotline.hotline.area = hotline.district
    hotline.hotline.save()
    where = hotline.hotline.get_absolute_url()
    current = hotline.hotline.secrets.get()
    rotate = reverse("grids:partner_secret", args=[hotline.hotline.pk])
    answer = client.post(rotate, {"after": current.pk})
    newest = encryption.decrypt(PartnerSecret.objects.get(retires_at=None).cipher)
    assert newest in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert newest not in client.get(where).content.decode()
    again = client.post(rotate, {"after": current.pk})
    assert again.status_code == 422
    assert "已经更换过" in again.content.decode()
    assert PartnerSecret.objects.count() == 2
    client.post(reverse("grids:partner_retire", args=[hotline.hotline.pk]))
    assert "旧密钥有效到" not in client.get(where).content.decode()


def test_strangers_find_no_partner_by_any_address(client, hotline):
    pk = hotline.hotline.pk
    for someone in (hotline.wu, hotline.li, hotline.zhou, hotline.wang, hotline.auditor):
        client.force_login(someone)
        for name in ("partners", "partner_new"):
            assert client.get(reverse(f"grids:{name}")).status_code == 404
        for name in ("partner", "partner_edit"):
            assert client.get(reverse(f"grids:{name}", args=[pk])).status_code == 404
        for name in ("partner_secret", "partner_retire"):
            assert client.post(reverse(f"grids:{name}", args=[pk])).status_code == 404
    # A right over another place is none over this one.
    hotline.hotline.area = hotline.city
    hotline.hotline.save()
    client.force_login(hotline.chen)
    assert client.get(hotline.hotline.get_absolute_url()).status_code == 404
    assert PartnerSecret.objects.count() == 1


def test_the_list_of_partners_costs_as_many_queries_for_more(
    client, hotline, django_assert_num_queries
):
    from grids.hotline import partners

    client.force_login(hotline.chen)
    client.get(reverse("grids:partners"))
    for count in (3, 12):
        while Partner.objects.count() < count:
            n = Partner.objects.count()
            partners.found(code=f"p{n}", name=f"平台{n}", area=hotline.street, by=hotline.chen)
        with django_assert_num_queries(4):
            client.get(reverse("grids:partners"))
