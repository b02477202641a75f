"""The screens: own messages only, nothing written by looking, receipts where they count."""

import re

import pytest
from django.db import transaction
from django.urls import reverse

from inbox import outbox
from inbox.models import Delivery, Preference
from portal import mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds", "noon", "nudges")]
HTMX = {"HX-Request": "true"}


def tell(*people, kind="test.quiet", key="event:1", title="停水通知", **more):
    with transaction.atomic():
        message = outbox.tell(people, kind=kind, title=title, key=key, **more)
    return message.deliveries.get(person=people[0], channel="site")


@pytest.fixture
def li(client, people):
    client.force_login(people.li)
    return client


def page(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def titles(html):
    return re.findall(r'<h3>\s*<a href="[^"]+">([^<]+)</a>', html)


def test_a_visitor_is_sent_to_sign_in(client, people):
    mine = tell(people.li)
    for name, args in [
        ("mailbox", []),
        ("mailbox_preferences", []),
        ("mailbox_message", [mine.pk]),
        ("mailbox_notice", [mine.pk]),
    ]:
        answer = client.get(reverse(name, args=args))
        assert answer.status_code == 302
        assert "/accounts/login/" in answer.url


def test_a_stranger_meets_404_everywhere(li, people):
    theirs = tell(people.wang)
    assert "停水通知" not in page(li, "mailbox")
    for name in ("mailbox_message", "mailbox_notice"):
        assert li.get(reverse(name, args=[theirs.pk])).status_code == 404
    assert li.post(reverse("mailbox_read", args=[theirs.pk])).status_code == 404
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_an_outside_delivery_is_no_page(li, people):
    tell(people.li, kind="test.note")
    email = Delivery.objects.get(person=people.li, channel="email")
    assert li.get(reverse("mailbox_message", args=[email.pk])).status_code == 404


def test_unread_stands_above_newer_read(li, people):
    tell(people.li, key="a", title="旧而未读")
    outbox.mark_read(tell(people.li, key="b", title="新而已读"))
    tell(people.li, key="c", title="最新未读")
    assert titles(page(li, "mailbox")) == ["最新未读", "旧而未读", "新而已读"]


def test_pages_join_without_gap_or_repeat(li, people):
    for n in range(45):
        delivery = tell(people.li, key=f"k{n}", title=f"第{n}条")
        if n % 3:
            outbox.mark_read(delivery)
    seen, address = [], reverse("mailbox")
    for _page in range(3):
        html = li.get(address).content.decode()
        seen += titles(html)
        following = re.search(r'href="(\?after=[ur]\d+)"', html)
        if following:
            address = reverse("mailbox") + following[1]
    unread = [f"第{n}条" for n in range(44, -1, -1) if n % 3 == 0]
    done = [f"第{n}条" for n in range(44, -1, -1) if n % 3]
    assert seen == unread + done
    assert following is None


@pytest.mark.parametrize("after", ["x", "u", "q7", "u-1", "r999999999999999999999", "r²"])
def test_a_spoilt_address_still_shows_a_page(li, people, after):
    tell(people.li)
    assert li.get(reverse("mailbox"), {"after": after}).status_code == 200


def test_the_list_costs_the_same_with_one_row_and_thirty(li, people, django_assert_max_num_queries):
    tell(people.li)
    page(li, "mailbox")  # warm what is kept per process
    with django_assert_max_num_queries(10) as one:
        page(li, "mailbox")
    for n in range(30):
        tell(people.li, key=f"k{n}", title=f"第{n}条")
    with django_assert_max_num_queries(10) as thirty:
        assert len(titles(page(li, "mailbox"))) == mailbox.PAGE
    # One less: a full page of unread ones need not look for read ones.
    assert len(one) - 1 <= len(thirty) <= len(one)


def test_looking_writes_nothing(li, people):
    mine = tell(people.li, text="明天九点停水。")
    assert "明天九点停水。" in page(li, "mailbox_message", mine.pk)
    page(li, "mailbox")
    page(li, "mailbox_notice", mine.pk)
    assert li.get(reverse("mailbox_read", args=[mine.pk])).status_code == 405
    assert li.get(reverse("mailbox_read_all")).status_code == 405
    assert outbox.unread_count(people.li) == 1


def test_the_page_receipts_itself_when_shown(li, people):
    mine = tell(people.li, url="/issues/WT1/")
    read_url = reverse("mailbox_read", args=[mine.pk])
    form = re.search(r"<form[^>]*hx-post[^>]*>", page(li, "mailbox_message", mine.pk))[0]
    assert f'hx-post="{read_url}"' in form
    assert 'hx-trigger="load"' in form

    fragment = li.post(read_url, headers=HTMX).content.decode()
    assert "已读" in fragment
    assert 'href="/issues/WT1/"' in fragment
    assert "<html" not in fragment
    mine.refresh_from_db()
    assert mine.read_at is not None


def test_without_script_a_button_reads_and_leads_on(li, people):
    mine = tell(people.li, url="/issues/WT1/")
    answer = li.post(reverse("mailbox_read", args=[mine.pk]), {"then": "go"})
    assert (answer.status_code, answer.url) == (302, "/issues/WT1/")
    assert outbox.unread_count(people.li) == 0


def test_a_legal_message_is_receipted_by_hand_only(li, people):
    mine = tell(people.li, kind="test.legal", title="公示开始")
    form = re.search(r"<form[^>]*hx-post[^>]*>", page(li, "mailbox_message", mine.pk))[0]
    assert 'hx-trigger="submit"' in form
    assert "须确认" in page(li, "mailbox")

    answer = li.post(reverse("mailbox_read_all"), follow=True)
    assert "须逐条打开并确认" in answer.content.decode()
    assert outbox.unread_count(people.li) == 1
    li.post(reverse("mailbox_read", args=[mine.pk]))
    assert outbox.unread_count(people.li) == 0


def test_words_of_others_are_escaped(li, people):
    mine = tell(people.li, title="<script>x</script>", text="<b>粗</b>")
    html = page(li, "mailbox_message", mine.pk) + page(li, "mailbox")
    assert "<script>x" not in html
    assert "<b>粗" not in html


def test_wishes_are_kept_where_they_differ_from_the_default(li, people):
    url = reverse("mailbox_preferences")
    html = page(li, "mailbox_preferences")
    assert "起算期限的通知" in html  # told to be fixed
    assert 'name="test-legal"' not in html
    answer = li.post(url, {"test-note": ["sms"], "test-mail": ["email"], "test-alarm": ["sms"]})
    assert answer.status_code == 302
    assert list(Preference.objects.values_list("person", "kind", "channel", "wanted")) == [
        (people.li.pk, "test.note", "email", False)
    ]


def test_an_impossible_wish_is_answered(li):
    answer = li.post(reverse("mailbox_preferences"), {"test-note": ["fax"]})
    assert answer.status_code == 422
    assert "没有这种接收方式" in answer.content.decode()
    assert not Preference.objects.exists()


def test_who_has_no_address_is_told_so(client, people):
    client.force_login(people.zhao)
    html = page(client, "mailbox_preferences")
    assert "您还没有登记电子邮箱" in html
    assert "您还没有登记手机号" in html


def test_the_notice_is_a_sheet_for_the_wall(li, people):
    mine = tell(people.li, text="明天九点停水。")
    html = page(li, "mailbox_notice", mine.pk)
    assert "停水通知" in html
    assert "明天九点停水。" in html
    assert "张贴日期" in html
