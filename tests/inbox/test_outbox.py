"""Telling: in the caller's transaction, once per key, to whom it may concern."""

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from inbox import outbox, quiet
from inbox.models import Delivery, Message, Preference
from orgs.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds", "noon", "nudges")]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def tell(*people, kind="test.note", key="event:1", **more):
    with transaction.atomic():
        return outbox.tell(people, kind=kind, title=more.pop("title", "通知"), key=key, **more)


def ways(message, person):
    rows = message.deliveries.filter(person=person).order_by("channel")
    return list(rows.values_list("channel", "state"))


def test_everybody_is_told_where_they_can_be_reached(people):
    message = tell(people.li, people.wang, people.zhao, people.qian)

    assert ways(message, people.li) == [
        ("email", "waiting"),
        ("site", "sent"),
        ("sms", "waiting"),
    ]
    assert ways(message, people.wang) == [("site", "sent"), ("sms", "waiting")]
    assert ways(message, people.zhao) == [("site", "sent")]
    assert ways(message, people.qian) == []


def test_a_person_named_twice_is_told_once(people):
    message = tell(people.zhao, people.zhao)
    assert message.deliveries.count() == 1


def test_a_queryset_of_people_will_do(people):
    with transaction.atomic():
        message = outbox.tell(Person.objects.all(), kind="test.quiet", title="通知", key="k")
    assert set(message.deliveries.values_list("person__name", flat=True)) == {
        "李红",
        "王强",
        "赵敏",
    }


def test_somebody_deactivated_since_they_were_loaded_is_skipped(people):
    Person.objects.filter(pk=people.li.pk).update(is_active=False)
    assert not tell(people.li).deliveries.exists()


def test_what_is_rolled_back_was_never_told(people):
    with transaction.atomic():
        outbox.tell([people.li], kind="test.note", title="通知", key="k")
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert outbox.unread_count(people.li) == 0


def test_telling_outside_a_transaction_is_refused_in_tests_too(people):
    with pytest.raises(outbox.NotInTransaction):
        outbox.tell([people.li], kind="test.note", title="通知", key="k")
    assert not Message.objects.exists()


def test_the_same_key_tells_once(people):
    first = tell(people.li)
    again = tell(people.li, people.wang, title="另一个标题")
    assert again == first
    assert set(first.deliveries.values_list("person", flat=True)) == {people.li.pk}


def test_a_key_cannot_change_its_kind(people):
    tell(people.li)
    with pytest.raises(outbox.KeyReused):
        tell(people.li, kind="test.quiet")


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_the_same_at_once_tell_it_once(people):
    start = threading.Barrier(2)
    failed = []

    def talk():
        try:
            with transaction.atomic():
                start.wait(5)
                outbox.tell([people.li], kind="test.note", title="通知", key="same")
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=talk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert failed == []
    assert Message.objects.count() == 1
    assert outbox.unread_count(people.li) == 1


def test_thirty_people_cost_as_many_queries_as_one(
    people, crowd, django_assert_num_queries, settings
):
    # message: look, savepoint, insert, release; people; preferences; deliveries
    for n, audience in enumerate(([people.li], crowd)):
        with transaction.atomic(), django_assert_num_queries(7):
            outbox.tell(audience, kind="test.note", title="通知", key=f"k{n}")
    with transaction.atomic(), django_assert_num_queries(1):
        outbox.tell(crowd, kind="test.note", title="通知", key="k1")


# --- preferences -----------------------------------------------------------------------------


def test_a_wish_switches_a_channel_off_and_another_on(people):
    outbox.wish(people.li, {("test.note", "sms"): False, ("test.quiet", "email"): True})
    assert ways(tell(people.li), people.li) == [("email", "waiting"), ("site", "sent")]
    quiet_one = tell(people.li, kind="test.quiet", key="k2")
    assert ways(quiet_one, people.li) == [("email", "waiting"), ("site", "sent")]


def test_also_adds_a_channel_but_not_against_a_wish(people):
    assert ("sms", "waiting") in ways(tell(people.li, kind="test.mail", also=["sms"]), people.li)
    outbox.wish(people.li, {("test.mail", "sms"): False})
    told = tell(people.li, kind="test.mail", also=["sms"], key="k2")
    assert ways(told, people.li) == [("email", "waiting"), ("site", "sent")]


def test_a_legal_message_cannot_be_switched_off(people):
    with pytest.raises(outbox.OutboxError):
        outbox.wish(people.li, {("test.legal", "sms"): False})
    # Even a row that got there some other way (an older rule) does not count.
    Preference.objects.create(person=people.li, kind="test.legal", channel="sms", wanted=False)
    told = tell(people.li, kind="test.legal")
    assert ways(told, people.li) == [("site", "sent"), ("sms", "waiting")]
    assert outbox.wishes_of(people.li)["test.legal", "sms"] is True


def test_the_site_cannot_be_switched_off(people):
    with pytest.raises(outbox.OutboxError):
        outbox.wish(people.li, {("test.note", "site"): False})
    with pytest.raises(IntegrityError), transaction.atomic():
        Preference.objects.create(person=people.li, kind="test.note", channel="site", wanted=False)


def test_a_wish_can_change_its_mind(people):
    outbox.wish(people.li, {("test.note", "sms"): False})
    outbox.wish(people.li, {("test.note", "sms"): True})
    assert outbox.wishes_of(people.li)["test.note", "sms"] is True
    assert Preference.objects.count() == 1


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "//example.org/",
        "/\\example.org",
        "javascript:alert(1)",
        "issues/1/",
        "/a b/",
    ],
)
def test_links_stay_on_the_site(people, url):
    with pytest.raises(outbox.OutboxError):
        tell(people.li, url=url)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(key="k", kind="test.note", title="通知", url=url)


@pytest.mark.parametrize("url", ["", "/", "/issues/WT-2026-1/?step=2#photos"])
def test_places_of_the_site_are_links(people, url):
    assert tell(people.li, url=url).url == url


def test_numbers_of_people_do_not_travel(people):
    message = tell(
        people.li,
        title="请回电13812345678",
        text="身份证 420606199001011234，编号 202611240001",
    )
    assert message.title == "请回电138****5678"
    assert message.text == "身份证 420606********1234，编号 202611240001"


def test_a_long_title_is_shortened_not_refused(people):
    message = tell(people.li, title="长" * 300)
    assert len(message.title) == 120
    assert message.title.endswith("…")


@pytest.mark.parametrize(
    ("mistake", "error"),
    [
        ({"kind": "test.unknown"}, outbox.UnknownKind),
        ({"also": ["fax"]}, outbox.OutboxError),
        ({"title": "  "}, outbox.OutboxError),
        ({"key": ""}, outbox.OutboxError),
    ],
)
def test_mistakes_of_the_caller_are_named(people, mistake, error):
    with pytest.raises(error):
        tell(people.li, **mistake)


def test_a_kind_means_one_thing():
    outbox.register_kind("test.note", "测试通知", ["sms", "email"])  # the same again
    with pytest.raises(outbox.KindConflict):
        outbox.register_kind("test.note", "测试通知", ["sms"])
    with pytest.raises(outbox.OutboxError):
        outbox.register_kind("test.other", "其他", ["pigeon"])


# --- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "told", "rings"),
    [
        ("21:00-08:00", "2026-11-24 20:59", "2026-11-24 20:59"),
        ("21:00-08:00", "2026-11-24 21:00", "2026-11-25 08:00"),
        ("21:00-08:00", "2026-12-31 23:30", "2027-01-01 08:00"),
        ("21:00-08:00", "2026-11-25 00:00", "2026-11-25 08:00"),
        ("21:00-08:00", "2026-11-25 07:59", "2026-11-25 08:00"),
        ("21:00-08:00", "2026-11-25 08:00", "2026-11-25 08:00"),
        ("12:00-14:00", "2026-11-25 13:00", "2026-11-25 14:00"),
        ("12:00-14:00", "2026-11-25 22:00", "2026-11-25 22:00"),
        ("off", "2026-11-25 03:00", "2026-11-25 03:00"),
    ],
)
def test_quiet_hours(settings, hours, told, rings):
    settings.QUIET_HOURS = hours
    told = datetime.fromisoformat(told).replace(tzinfo=SHANGHAI)
    assert quiet.over_at(told) == datetime.fromisoformat(rings).replace(tzinfo=SHANGHAI)


def test_at_night_the_phone_waits_the_rest_does_not(people, settings):
    settings.QUIET_HOURS = "21:00-08:00"
    night = datetime(2026, 11, 24, 23, 0, tzinfo=SHANGHAI)
    with time_machine.travel(night, tick=False):
        ordinary = tell(people.li)
        alarm = tell(people.li, kind="test.alarm", key="k2")

    due = dict(ordinary.deliveries.values_list("channel", "next_try_at"))
    assert due == {"site": None, "email": night, "sms": night + timedelta(hours=9)}
    assert alarm.deliveries.get(channel="sms").next_try_at == night


def test_only_what_can_leave_now_nudges_and_only_after_commit(
    people, nudges, settings, django_capture_on_commit_callbacks
):
    settings.QUIET_HOURS = "21:00-08:00"
    with time_machine.travel(datetime(2026, 11, 24, 23, 0, tzinfo=SHANGHAI), tick=False):
        with django_capture_on_commit_callbacks(execute=True):
            tell(people.li, kind="test.quiet", key="site only")
            tell(people.wang, key="sms at night")
        assert nudges == []
        with django_capture_on_commit_callbacks(execute=True):
            tell(people.li, key="with e-mail")
            assert nudges == []
        assert nudges == [1]


# --- reading ---------------------------------------------------------------------------------


def test_the_badge_costs_one_query_and_counts_own_unread_only(people, django_assert_num_queries):
    mine = tell(people.li, people.wang).deliveries.get(person=people.li, channel="site")
    tell(people.li, key="k2")
    with django_assert_num_queries(1):
        assert outbox.unread_count(people.li) == 2
    outbox.mark_read(mine)
    assert outbox.unread_count(people.li) == 1
    assert outbox.unread_count(people.wang) == 1


def test_the_receipt_keeps_its_first_time(people):
    mine = tell(people.li).deliveries.get(channel="site")
    first = timezone.now() - timedelta(hours=1)
    assert outbox.mark_read(mine, at=first) is True
    assert outbox.mark_read(mine) is False
    mine.refresh_from_db()
    assert mine.read_at == first


def test_mark_all_leaves_what_must_be_confirmed(people):
    tell(people.li)
    tell(people.li, kind="test.legal", key="k2")
    tell(people.wang, key="k3")
    assert outbox.mark_all_read(people.li) == 1
    assert outbox.unread_count(people.li) == 1
    assert outbox.unread_count(people.wang) == 1


# --- the database keeps its own rules --------------------------------------------------------

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "row",
    [
        {"channel": "sms", "state": "waiting"},  # waiting for nothing
        {"channel": "sms", "state": "waiting", "next_try_at": NOW, "claimed_until": NOW},
        {"channel": "sms", "state": "claimed", "attempts": 1},  # for ever
        {"channel": "sms", "state": "claimed", "claimed_until": NOW},  # at no attempt
        {"channel": "sms", "state": "sent"},
        {"channel": "sms", "state": "sent", "sent_at": NOW, "next_try_at": NOW},
        {"channel": "sms", "state": "failed"},  # for no reason
        {"channel": "site", "state": "waiting", "next_try_at": NOW},
        {"channel": "sms", "state": "sent", "sent_at": NOW, "read_at": NOW},
    ],
)
def test_impossible_deliveries_are_refused(people, row):
    message = tell(people.zhao)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(message=message, person=people.li, **row)
