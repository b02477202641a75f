"""The public account: what is counted, when, once; and the kept months equal a fresh count."""

import csv
import io
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from grids import account, account_page, figures, handling
from grids.models import Category, Issue, IssueMonth, IssueWords, StaleMonths
from tests.grids import loop

EVERYWHERE = Q(area_path__startswith="")


def this_month():
    return figures.month_of(timezone.now())


def counted(area=None, month=None):
    account.refresh()
    return account.read(month or this_month(), area=area).of_month


def kept():
    rows = IssueMonth.objects.values("month", "category", "area", *figures.CODES)
    return {
        (row["month"], row["category"], row["area"]): {code: row[code] for code in figures.CODES}
        for row in rows
    }


# --- what each figure counts ---------------------------------------------------------------------


def test_closed_and_solved_are_two_figures_and_silence_is_neither(street):
    loop.to_state(street, "closed")
    rated = loop.to_state(street, "closed", issue=loop.post(street))
    handling.advance(rated, "rate", by=street.wang, solved=False, stars=4)
    counts = counted()
    assert {code: counts[code] for code in ("received", "filed", "closed", "rated")} == {
        "received": 2,
        "filed": 2,
        "closed": 2,
        "rated": 1,
    }
    assert (counts["solved"], counts["satisfied"]) == (0, 1)


def test_a_merged_report_is_received_and_counts_nowhere_else(street):
    issue = loop.to_state(street, "in_progress")
    twin = loop.post(street, reporter=street.qian)
    handling.advance(twin, "merge", by=street.sun, parent=issue)
    loop.to_state(street, "closed", issue=issue)
    counts = counted()
    assert (counts["received"], counts["merged"]) == (2, 1)
    assert (counts["filed"], counts["closed"], counts["rated"]) == (1, 1, 0)


def test_due_is_what_has_come_due_and_on_time_is_a_part_of_it(street):
    issue = loop.to_state(street, "in_progress", issue=loop.late_post(street))
    assert issue.promised_at < timezone.now()
    month = figures.month_of(issue.promised_at)
    counts = counted(month=month)
    assert (counts["due"], counts["due_closed"], counts["due_on_time"]) == (1, 0, 0)

    handling.advance(issue, "report", by=street.wu, result="修好", no_photo_reason="夜间")
    handling.advance(issue, "verify", by=street.sun, how="on_site")
    counts = counted(month=month)
    assert (counts["due"], counts["due_closed"], counts["due_on_time"]) == (1, 1, 0)
    assert figures.part(counts, "on_time").text == "不足 5 件，不算比例"


def test_rework_and_reopening_are_counted_by_their_steps(street):
    issue = loop.to_state(street, "handled")
    handling.advance(issue, "rework", by=street.sun, reason="还是不亮")
    loop.to_state(street, "reopened", issue=loop.post(street))
    counts = counted()
    assert (counts["rework"], counts["reopened"]) == (1, 1)


def test_a_reopened_issue_is_not_closed_any_more(street):
    issue = loop.to_state(street, "closed")
    assert counted()["closed"] == 1
    handling.advance(issue, "reopen", by=street.wang, reason="又不亮", solved=False, stars=1)
    counts = counted()
    assert (counts["closed"], counts["rated"], counts["solved"]) == (0, 1, 0)


def test_a_promise_comes_due_without_anybody_writing(street):
    issue = loop.to_state(street, "in_progress")
    account.refresh()
    later = issue.promised_at + timedelta(minutes=1)
    assert account.read(figures.month_of(later)).of_month["due"] == 0
    account.refresh(now=later)
    assert account.read(figures.month_of(later)).of_month["due"] == 1


# --- shares --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (0, 0, "暂无"),
        (4, 4, "不足 5 件，不算比例"),
        (5, 5, "100%"),
        (9999, 10000, "99.9%"),  # never rounded up to all of them
        (2, 3000, "0%"),
        (23, 24, "95.8%"),
    ],
)
def test_a_share_is_said_as_exactly_as_it_may_be(numerator, denominator, text):
    assert figures.Part(numerator, denominator).text == text


def test_every_share_is_a_part_of_something_counted():
    for share in figures.SHARES:
        assert {share.numerator, share.denominator} <= set(figures.CODES)
    fields = {field.name for field in IssueMonth._meta.get_fields()}
    assert set(figures.CODES) <= fields


def test_the_docs_say_what_the_registry_says():
    from django.conf import settings as site

    docs = (site.BASE_DIR / "docs" / "figures.md").read_text("utf-8")
    for figure in figures.FIGURES:
        assert f"| `{figure.code}` | {figure.label} | {figure.meaning} |" in docs
    for share in figures.SHARES:
        parts = f"{figures.LABELS[share.numerator]} ÷ {figures.LABELS[share.denominator]}"
        assert f"| `{share.code}` | {share.label} | {parts} | {share.meaning} |" in docs


# --- kept months ---------------------------------------------------------------------------------

DAYS = st.integers(0, 420)
STATES = ("filed", "in_progress", "closed", "rated", "merged", "not_accepted")
ONE = st.fixed_dictionaries(
    {
        "reported": DAYS,
        "filed": st.integers(0, 3),
        "promised": st.integers(1, 40),
        "closed": st.integers(0, 60),
        "rated": st.integers(0, 7),
        "state": st.sampled_from(STATES),
        "on_time": st.booleans(),
        "solved": st.booleans(),
        "stars": st.integers(1, 5),
        "grid": st.integers(0, 2),
        "kind": st.integers(0, 3),
        "source": st.sampled_from(["grid", "resident"]),
    }
)


def write(street, drawn):
    """An issue as the year may leave it; the verbs of course leave only possible ones."""
    now = timezone.now()
    grids = (street.grid, street.grid2, street.grid_elsewhere)
    kinds = list(Category.objects.all()[:4])
    grid = grids[drawn["grid"]]
    reported = now - timedelta(days=drawn["reported"])
    filed = reported + timedelta(days=drawn["filed"])
    done = drawn["state"] in ("closed", "rated")
    closed = filed + timedelta(days=drawn["closed"]) if done else None
    rated = closed + timedelta(days=drawn["rated"]) if drawn["state"] == "rated" else None
    parent = Issue.objects.exclude(state="merged").first()
    state = "filed" if drawn["state"] == "merged" and parent is None else drawn["state"]
    return Issue(
        number=f"QT{Issue.objects.count():010}",
        area=grid,
        area_path=grid.path,
        reporter=street.wang,
        category=kinds[drawn["kind"]],
        title="灯",
        description="灯",
        level="L1",
        source=drawn["source"],
        state=state,
        parent=parent if state == "merged" else None,
        refusal_code="no_facts" if state == "not_accepted" else "",
        reported_at=reported,
        filed_at=filed,
        promised_at=filed + timedelta(days=drawn["promised"]),
        lead=street.property_company,
        handler=street.wu,
        verifier=street.sun if done else None,
        handled_at=closed,
        closed_at=closed,
        on_time=drawn["on_time"] if done else None,
        rated_at=rated,
        solved=drawn["solved"] if rated else None,
        stars=drawn["stars"] if rated else None,
    )


@given(st.lists(ONE, min_size=1, max_size=12), st.lists(ONE, max_size=4))
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes of database
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_kept_months_are_a_fresh_count_and_add_up_to_the_year(street, before, after):
    for model in (IssueWords, StaleMonths, IssueMonth, Issue):
        model.objects.all()._raw_delete("default")
    for drawn in before:
        write(street, drawn).save()
    account.recount()
    for drawn in after:  # and some more, and some changed: only what was marked is counted again
        write(street, drawn).save()
    first = Issue.objects.order_by("pk").first()
    Issue.objects.filter(pk=first.pk).update(
        promised_at=timezone.now() - timedelta(days=200),
        area=street.grid_elsewhere,
        area_path=street.grid_elsewhere.path,
    )
    now = timezone.now()
    account.refresh(now)
    assert not StaleMonths.objects.exists()

    live = figures.count(EVERYWHERE, now=now)
    by_month = Counter()
    for (month, _area, _category), counts in (
        ((key[0], key[2], key[1]), counts) for key, counts in kept().items()
    ):
        for code in figures.CODES:
            by_month[month, code] += counts[code]
    fresh = Counter()
    for (month, _category), counts in live.items():
        for code in figures.CODES:
            fresh[month, code] += counts[code]
    assert +by_month == +fresh

    shown = account.read(this_month())
    year = shown.of_year
    oldest = shown.months[0][0]
    in_year = figures.total(
        c for (month, _category), c in live.items() if oldest <= month <= this_month()
    )
    assert year == in_year
    for counts in (*(c for _month, c in shown.months), year):
        assert counts["solved"] <= counts["rated"]
        assert counts["satisfied"] <= counts["rated"]
        assert counts["due_on_time"] <= counts["due_closed"] <= counts["due"]
        assert counts["self_found"] <= counts["filed"]
        assert counts["merged"] + counts["not_accepted"] <= counts["received"]
    assert figures.total(line.counts for line in shown.by_category) == shown.of_month
    assert figures.total(line.counts for line in shown.by_community) == shown.of_month


def test_what_another_writes_meanwhile_waits_for_the_next_count(street):
    loop.post(street)
    account.refresh()
    assert not StaleMonths.objects.exists()
    loop.post(street)
    assert StaleMonths.objects.exists()
    assert account.read(this_month()).of_month["received"] == 1
    account.refresh()
    assert account.read(this_month()).of_month["received"] == 2


# --- the page ------------------------------------------------------------------------------------


def test_the_page_says_it_in_one_sentence_for_everybody(client, street):
    for _n in range(2):
        loop.to_state(street, "rated", issue=loop.post(street))
    loop.to_state(street, "closed", issue=loop.post(street))
    account.refresh()
    page = client.get("/issues/account/").content.decode()
    day = timezone.localdate().day
    month = account_page.month_name(this_month())
    assert (
        f"{month}（到{day}日）收到 3 件，办结 3 件。反映人评价了 2 件，其中 2 件说已经解决。"
        in page
    )
    assert "没有评价的，不算满意" in page


def test_one_community_and_one_month(client, street):
    loop.to_state(street, "filed")
    loop.to_state(
        street,
        "submitted",
        issue=loop.post(street, area=street.grid_elsewhere, reporter=street.qian),
    )
    account.refresh()
    here = client.get("/issues/account/", {"community": street.community.code}).content.decode()
    assert "收到 1 件" in here
    assert "梧桐里社区" in here
    before = figures.month_after(this_month(), -1)
    past = client.get("/issues/account/", {"month": f"{before:%Y-%m}"}).content.decode()
    assert f"{account_page.month_name(before)}没有收到事项" in past


@pytest.mark.parametrize(
    "query",
    ["month=2026-13", "month=9999-01", "month=0001-01", "community=0", "month=x&y=z"],
)
def test_nonsense_in_the_address_is_this_month_everywhere(client, street, query):
    assert client.get(f"/issues/account/?{query}").status_code == 200
    assert client.get(f"/issues/account/figures.csv?{query}").status_code == 200


def test_without_any_figures_the_page_says_so(client, street):
    assert "还没有数字" in client.get("/issues/account/").content.decode()


def test_the_csv_opens_in_a_spreadsheet_and_calculates_nothing(client, street):
    street.community.name = "=1+1社区"
    street.community.save()
    loop.to_state(street, "closed")
    loop.to_state(street, "submitted", issue=loop.post(street, kind="民生关爱"))
    account.refresh()
    answer = client.get("/issues/account/figures.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8")
    assert text[0] == "\ufeff"
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert {row["社区"] for row in rows} == {"'=1+1社区"}
    assert {row["类别"] for row in rows} == {"物业维修", "不公开的类别"}
    assert sum(int(row["收到"]) for row in rows) == 2
    assert sum(int(row["办结"]) for row in rows) == 1


def test_the_account_names_nobody_and_no_category_that_is_not_public(client, street):
    loop.to_state(street, "closed")
    hidden = loop.post(street, kind="民生关爱", text="301室的王居民独居")
    loop.file(hidden, street.li)
    account.refresh()
    for address in ("/issues/account/", "/issues/account/figures.csv"):
        page = client.get(address).content.decode()
        for secret in ("王居民", "301", "民生关爱", hidden.number):
            assert secret not in page


def test_the_account_costs_the_same_with_few_and_many(
    client, street, django_assert_max_num_queries
):
    for rows in (3, 12):
        while Issue.objects.count() < rows:
            number = Issue.objects.count()
            kind = Category.objects.all()[number % 9].name
            loop.to_state(street, "filed", issue=loop.post(street, kind=kind))
        account.refresh()
        with django_assert_max_num_queries(6):
            assert client.get("/issues/account/").status_code == 200
        with django_assert_max_num_queries(4):
            assert client.get("/issues/account/figures.csv").status_code == 200


def test_a_month_has_a_first_day_and_twelve_make_a_year():
    assert figures.month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert figures.month_after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert figures.month_after(date(2026, 11, 1), -11) == date(2025, 12, 1)


def test_a_new_count_is_a_new_page(client, street):
    loop.post(street)
    account.refresh()
    assert "收到 1 件" in client.get("/issues/account/").content.decode()
    loop.post(street)
    assert "收到 1 件" in client.get("/issues/account/").content.decode()
    account.refresh()
    assert "收到 2 件" in client.get("/issues/account/").content.decode()
