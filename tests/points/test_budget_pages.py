"""Budgets: set by one, approved by another; spent, promised, owed, and what does not fit."""

from datetime import date, timedelta

import pgtrigger
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from inbox.models import Message
from orgs.models import Area
from points import accounts, batches, budgets, liability, periods, verification
from points.models import Budget, Statement
from tests.browser import assert_valid_html
from tests.points import claiming
from tests.points.claiming import certified, days_ago, today

URL = "/points/budgets/"


def typed(points, /, **changes) -> dict:
    return {
        "area": points.community.pk,
        "points": "5000",
        "starts_on": f"{today().year}-01-01",
        "ends_on": f"{today().year}-12-31",
        "reason": "追加预算会议纪要",
        **changes,
    }


def purse_of(page, place):
    return {area.pk: purse for area, purse, _rows in page.context["places"]}[place.pk]


def test_one_sets_another_approves(client, points):
    client.force_login(points.chen)
    assert_valid_html(client.get(URL).content.decode())
    assert client.post(URL, typed(points)).status_code == 302
    budget = Budget.objects.get(points=5000)
    assert (budget.set_by, budget.approved_at) == (points.chen, None)
    page = client.get(URL)
    assert "须由另一人批准" in page.content.decode()
    assert purse_of(page, points.community).fund == 100_000

    approve = f"{URL}{budget.pk}/approve/"
    assert client.post(approve).status_code == 404  # 陈 may not approve at all
    client.force_login(points.han)
    page = client.get(URL)
    assert_valid_html(page.content.decode())
    assert client.post(approve).status_code == 302
    page = client.get(URL)
    assert purse_of(page, points.community).fund == 105_000
    again = client.post(approve)
    assert again.status_code == 422
    assert "已经批准" in again.content.decode()
    assert purse_of(again, points.community).fund == 105_000


def test_who_set_it_does_not_approve_it(client, points):
    budget = budgets.propose(
        points.community,
        points=10,
        starts_on=today(),
        ends_on=today(),
        reason="试",
        by=points.chen,
    )
    Budget.objects.filter(pk=budget.pk).update(set_by=points.han)
    client.force_login(points.han)
    page = client.post(f"{URL}{budget.pk}/approve/")
    assert page.status_code == 422
    assert "不能是同一人" in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"points": "0"}, "points", "至少 1 分"),
        ({"points": "9" * 12}, "points", "太大"),
        ({"points": "1.5"}, "points", ""),
        ({"reason": ""}, "reason", "依据"),
        ({"area": ""}, "area", "请选择社区"),
        ({"ends_on": "2020-01-01", "starts_on": "2020-02-01"}, "ends_on", "不能早于"),
        ({"ends_on": "2020-01-01", "starts_on": "2019-02-01"}, "ends_on", "已过"),
    ],
)
def test_refusals_stand_beside_their_field(client, points, changes, field, words):
    client.force_login(points.chen)
    page = client.post(URL, typed(points, **{"reason": "留着", **changes}))
    assert page.status_code == 422
    assert words in "".join(page.context["form"].errors[field])
    if "reason" not in changes:
        assert "留着" in page.content.decode()
    assert Budget.objects.count() == 1


def test_another_street_s_community_is_no_choice(client, points):
    street = Area.objects.add_child(
        points.district, {"level": "subdistrict", "code": "990203009", "name": "别的街道"}
    )
    other = Area.objects.add_child(
        street, {"level": "community", "code": "990203009001", "name": "别的社区"}
    )
    client.force_login(points.chen)
    page = client.post(URL, typed(points, area=other.pk))
    assert page.status_code == 422
    assert "别的社区" not in page.content.decode()


@pytest.mark.parametrize("name", ["wang", "sun", "li", "wu", "jian"])
def test_strangers_find_nothing(client, points, name):
    client.force_login(getattr(points, name))
    assert client.get(URL).status_code == 404
    assert client.post(URL, typed(points)).status_code == 404
    assert client.post(f"{URL}{points.budget.pk}/approve/").status_code == 404


def test_a_secretary_reads_and_does_not_write(client, points):
    client.force_login(points.zhou)
    page = client.get(URL)
    assert_valid_html(page.content.decode())
    assert [area.pk for area, *_rest in page.context["places"]] == [points.community.pk]
    assert page.context["form"] is None
    assert client.post(URL, typed(points)).status_code == 422
    assert Budget.objects.count() == 1


def test_what_is_spent_promised_and_owed(client, points):
    claiming.paid(points, quantity=3)
    certified(points, "P14", happened_on=days_ago(2), text="培训")
    client.force_login(points.chen)
    page = client.get(URL)
    purse = purse_of(page, points.community)
    assert purse.fund == accounts.balance(accounts.fund_of(points.community)) == 99_970
    assert (purse.outstanding, purse.promised, purse.owed_yuan) == (30, 0, "3.00")
    assert page.context["places"][0][2][0].spent == 30
    assert "折合负债 3.00 元" in page.content.decode()


def test_promises_are_those_of_the_notice(client, points):
    claim = certified(points, quantity=2, happened_on=batches.last_month())
    batch = batches.open(points.community, batches.last_month())
    coming = liability.purses([points.community])[points.community.pk]
    assert (coming.coming, coming.promised) == (20, 0)
    batches.approve(batch, [claim.pk], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in (points.he, points.neighbour, points.jian):
        batches.sign(batch, by=someone)
    batches.publish(batch, by=points.zhou)
    noticed = liability.purses([points.community])[points.community.pk]
    assert (noticed.coming, noticed.promised) == (0, 20)
    assert noticed.promised == budgets.promised(points.community)
    assert noticed.left == 99_980


def test_a_batch_that_does_not_fit_is_warned_of(client, points):
    certified(points, quantity=4, happened_on=batches.last_month())
    batches.open(points.community, batches.last_month())
    client.force_login(points.chen)
    assert "装不下" not in client.get(URL).content.decode()
    claiming.empty_fund(points, leave=15)
    page = client.get(URL)
    assert "待公示 40 分，可用 15 分，还差 25 分" in page.content.decode()


def test_a_closed_month_counts_as_the_ledger_says(client, points):
    month = (today().replace(day=1) - timedelta(days=1)).replace(day=1)
    at = timezone.now() - timedelta(days=today().day + 3)
    budget = budgets.propose(
        points.community,
        points=700,
        starts_on=month,
        ends_on=today(),
        reason="上月",
        by=points.chen,
    )
    budgets.approve(budget, by=points.han, at=at)
    assert periods.close(periods.shut(points.community, month))
    fund = accounts.fund_of(points.community)
    assert Statement.objects.get(account=fund).closing == 700
    found = liability.purses([points.community])[points.community.pk].fund
    assert found == accounts.balance(fund) == 100_700


def test_queries_do_not_grow(
    client, points, django_assert_num_queries, django_assert_max_num_queries
):
    def more(number):
        for n in range(number):
            place = Area.objects.add_child(
                points.street,
                {
                    "level": "community",
                    "code": f"9902030051{Area.objects.count():02d}",
                    "name": f"社区{n}",
                },
            )
            Budget.objects.create(
                area=place,
                points=10,
                starts_on=date(today().year, 1, 1),
                ends_on=today() + timedelta(days=9),
                reason="试",
                set_by=points.chen,
                set_at=points.budget.set_at,
            )
        points.street.refresh_from_db()

    client.force_login(points.chen)
    more(1)
    client.get(URL)
    with django_assert_max_num_queries(10) as few:
        client.get(URL)
    more(9)
    with django_assert_num_queries(len(few)):
        page = client.get(URL)
    assert len(page.context["places"]) == 12


# --- withdrawing, and what is left over ----------------------------------------------------------


def proposed(points) -> Budget:
    given = {"points": 10, "starts_on": today(), "ends_on": today(), "reason": "试"}
    return budgets.propose(points.community, by=points.chen, **given)


def test_who_proposed_it_withdraws_it_and_it_stays_in_the_history(client, points):
    budget = proposed(points)
    client.force_login(points.chen)
    url = f"{URL}{budget.pk}/withdraw/"
    assert url in client.get(URL).content.decode()
    assert client.post(url).status_code == 302
    page = client.get(URL)
    assert_valid_html(page.content.decode())
    assert page.context["waiting"] == []
    assert "编制并撤回 陈" in page.content.decode()
    again = client.post(url)
    assert (again.status_code, "已经撤回" in again.content.decode()) == (422, True)
    told = Message.objects.filter(kind="points.budget", key__startswith=f"budget:{budget.pk}:")
    assert set(told.values_list("key", flat=True)) == {
        f"budget:{budget.pk}:set",
        f"budget:{budget.pk}:withdrawn",
    }
    assert set(told.values_list("deliveries__person", flat=True)) == {points.han.pk}
    with pytest.raises(budgets.WithdrawnBefore):
        budgets.approve(budget, by=points.han)
    assert accounts.balance(accounts.fund_of(points.community)) == 100_000
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Budget.objects.filter(pk=budget.pk).update(points=11)


def test_only_who_proposed_it_and_only_until_it_is_approved(client, points):
    budget = proposed(points)
    client.force_login(points.han)
    assert client.post(f"{URL}{budget.pk}/withdraw/").status_code == 404
    with pytest.raises(budgets.NotYours):
        budgets.withdraw(budget, by=points.han)
    client.force_login(points.chen)
    page = client.post(f"{URL}{points.budget.pk}/withdraw/")
    assert (page.status_code, "已经批准" in page.content.decode()) == (422, True)


def ended(points) -> None:
    """The first budget's period is over, and a new one has its own of 500."""
    with pgtrigger.ignore("points.Budget:approved_budget_stays"):
        Budget.objects.filter(pk=points.budget.pk).update(ends_on=days_ago(1))
    points.budget.refresh_from_db()
    newer = budgets.propose(
        points.community,
        points=500,
        starts_on=today(),
        ends_on=today() + timedelta(days=200),
        reason="新一年",
        by=points.chen,
    )
    budgets.approve(newer, by=points.han)


def test_what_is_left_of_an_ended_budget_goes_back_by_two_people(client, points):
    claiming.paid(points, quantity=3)
    certified(points, happened_on=days_ago(2), quantity=2)
    assert liability.purses([points.community])[points.community.pk].returnable == 0
    ended(points)
    client.force_login(points.chen)
    page = client.get(URL)
    assert_valid_html(page.content.decode())
    # 100,000 and 500, less the running 500, 30 paid, 20 claimed.
    assert "最多可退 99950 分" in page.content.decode()
    typed = {"back-area": points.community.pk, "back-reason": "年度结算", "give_back": "1"}
    page = client.post(URL, {**typed, "back-points": "99951"})
    assert page.status_code == 422
    assert "最多可退 99950 分" in str(page.context["back"].errors["points"])
    assert client.post(URL, {**typed, "back-points": "99950"}).status_code == 302
    budget = Budget.objects.get(kind="return")
    assert (budget.points, budget.ends_on) == (99_950, points.budget.ends_on)
    Budget.objects.filter(pk=budget.pk).update(set_by=points.han)
    with pytest.raises(budgets.TwoPeople):
        budgets.approve(budget, by=points.han)
    Budget.objects.filter(pk=budget.pk).update(set_by=points.chen)

    client.force_login(points.han)
    assert client.post(f"{URL}{budget.pk}/approve/").status_code == 302
    assert accounts.balance(accounts.fund_of(points.community)) == 520
    assert accounts.balance(accounts.issuance_of(points.community)) == -550
    page = client.get(URL)
    assert "已退回" in page.content.decode()
    assert purse_of(page, points.community).returnable == 0
    assert not verification.run(full=True).findings


def test_a_return_waits_when_claims_have_come_meanwhile(points):
    ended(points)
    budget = budgets.ask_return(points.community, points=100_000, reason="结算", by=points.chen)
    certified(points, happened_on=days_ago(2), quantity=1)
    with pytest.raises(budgets.TooMuchToReturn, match="最多可退 99990 分"):
        budgets.approve(budget, by=points.han)
    assert accounts.balance(accounts.fund_of(points.community)) == 100_500
    budgets.withdraw(budget, by=points.chen)


def test_nothing_goes_back_while_the_period_runs(client, points):
    client.force_login(points.chen)
    assert client.get(URL).context["back"] is None
    with pytest.raises(budgets.TooMuchToReturn):
        budgets.ask_return(points.community, points=1, reason="试", by=points.chen)
