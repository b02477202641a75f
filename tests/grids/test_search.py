"""Search in Chinese: what stands in the text is found and nothing else, in one's own words only."""

import random

import pytest
from django.db import connection

from grids import handling, search
from grids.models import Issue, IssueWords
from orgs.models import Area
from tests.grids import loop

pytestmark = pytest.mark.django_db


def found(text, words):
    """Does the database find ``words`` in ``text``?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT grids_bigrams(%s) @@ %s::tsquery", [text, search.tsquery(words)])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("text", "words", "is_found"),
    [
        ("楼道感应灯不亮", "感应灯", True),
        ("楼道感应灯不亮", "灯", True),
        ("换个新灯。", "灯", True),
        ("感应很好，应灯会", "感应灯", False),  # both pairs are there, the three characters are not
        ("3栋2单元感应灯", "2单元", True),
        ("3栋2单元感应灯", "3栋 灯", True),
        ("13栋2单元感应灯", "3栋", False),
        ("东门 LED 屏坏了", "led屏", True),  # many put spaces there
        ("东门LED屏坏了", "led屏", True),
        ("１２３４５转办", "12345", True),
        ("井盖，破损", "井盖破损", False),
        ("井盖，破损", "井盖，破损", True),
        ("路灯不亮", "路灯 井盖", False),
        ("门 OR 灯", "' | 门:*", True),  # marks of a query are no query
    ],
)
def test_what_finds_what(text, words, is_found):
    assert found(text, words) is is_found


def test_nothing_to_look_for_finds_nothing(street):
    loop.to_state(street, "filed")
    assert search.tsquery("！？ ' :* &") == ""
    assert not search.narrow(Issue.objects.all(), "！？", public=False).exists()


def test_every_piece_of_a_text_is_found_and_no_other():
    rng = random.Random(7)
    letters = "灯路井盖门栋楼水电3a"
    for _round in range(60):
        text = "".join(rng.choices(letters, k=12))
        start = rng.randrange(9)
        piece = text[start : start + rng.randint(2, 4)]
        if not piece.isascii() and not (piece[0].isascii() and text[start - 1].isascii()):
            assert found(text, piece), (text, piece)
        other = "".join(rng.choices("灯路井盖门栋", k=3))
        assert found(text, other) is (other in text), (text, other)


def test_the_public_is_answered_from_the_public_words_alone(client, street):
    issue = loop.to_state(street, "filed")  # told with 上下楼要打手电, published as 楼道感应灯不亮
    assert issue.number in client.get("/issues/", {"q": "感应灯"}).content.decode()
    assert issue.number not in client.get("/issues/", {"q": "打手电"}).content.decode()

    client.force_login(street.wang)
    assert issue.number in client.get("/issues/?show=mine&q=打手电").content.decode()
    client.force_login(street.li)
    assert issue.number in client.get("/issues/?show=work&q=打手电").content.decode()
    client.force_login(street.zhao)
    assert issue.number not in client.get("/issues/?show=work&q=打手电").content.decode()


def test_a_number_finds_exactly_its_issue(client, street):
    first, second = (loop.to_state(street, "filed", issue=loop.post(street)) for _n in range(2))
    page = client.get("/issues/", {"q": f" {first.number.lower()} "}).content.decode()
    assert first.number in page
    assert f"/issues/{second.number}/" not in page
    hidden = loop.post(street)  # not filed: the number alone tells nothing
    assert (
        f"/issues/{hidden.number}/"
        not in client.get(f"/issues/?q={hidden.number}").content.decode()
    )


def test_words_follow_the_issue_however_it_is_written(street):
    issue = loop.to_state(street, "filed")
    Issue.objects.filter(pk=issue.pk).update(public_title="井盖松了")
    shown = Issue.objects.visible_to_public()
    assert search.narrow(shown, "井盖", public=True).get() == issue
    assert not search.narrow(shown, "感应灯", public=True).exists()
    assert IssueWords.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM grids_issuewords")
    handling.advance(issue, "note", by=street.li, note="看过了")
    assert not IssueWords.objects.exists()  # nothing changed that is looked for: nothing written


def test_a_search_keeps_the_words_and_offers_the_way_back(client, street):
    answer = client.get("/issues/", {"q": '<b>"没有这个"'})
    page = answer.content.decode()
    assert "没有符合条件的事项" in page
    assert 'value="&lt;b&gt;&quot;没有这个&quot;"' in page


def test_searching_costs_the_same_with_few_and_many(client, street, django_assert_max_num_queries):
    for rows in (3, 12):
        while Issue.objects.count() < rows:
            loop.to_state(street, "filed", issue=loop.post(street))
        with django_assert_max_num_queries(4):
            assert client.get("/issues/?q=感应灯").content.decode().count("<h3>") == rows


def test_a_grid_is_a_place_to_look_in(client, street):
    issue = loop.to_state(street, "filed")
    here = client.get("/issues/", {"community": street.grid.code}).content.decode()
    assert issue.number in here
    assert f'<option value="{street.grid.code}" selected>梧桐里社区第一网格</option>' in here
    there = client.get("/issues/", {"community": street.grid2.code}).content.decode()
    assert issue.number not in there
    assert Area.objects.filter(code=street.grid2.code).exists()
