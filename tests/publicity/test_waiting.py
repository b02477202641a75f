"""What the desk shows of notices and disclosures, to whom."""

from datetime import date

from publicity import disclosures, notices, waiting
from tests.publicity import board


def what(person, **more) -> list[tuple[str, str]]:
    return [(task.what, task.title) for task in waiting.waiting_for(person, **more)]


def test_objections_wait_for_those_nearest_and_late_ones_for_the_street_too(
    client, street, django_assert_num_queries
):
    found = board.notice(street, title="新的一份")
    notices.object(found, text="不对", by=street.wang)
    assert what(street.zhou) == [("待答复异议", "新的一份")]
    for person in (street.sun, street.chen, street.li, street.wang):
        assert what(person) == []
    late = board.to_state(street, "objected", title="晚了的")
    assert what(street.chen) == [("待答复异议", "晚了的")]
    assert [task.is_late for task in waiting.waiting_for(street.zhou)] == [True, False]
    with django_assert_num_queries(1):
        waiting.waiting_for(street.zhou)

    client.force_login(street.zhou)
    page = client.get("/desk/").content.decode()
    assert f"/notices/{late.pk}/work/" in page
    assert client.get(f"/notices/{late.pk}/work/").status_code == 200


def test_the_publisher_waits_for_others_and_ends_what_is_over(street):
    own = board.to_state(street, "objected", by=street.zhou, title="书记发的")
    assert ("待答复异议", own.title) not in what(street.zhou)
    answered = board.to_state(street, "answered", title="答完了")
    decided = board.notice(street, kind="decision", at=board.ago(30), title="决议")
    board.notice(street, title="还在公示")
    board.notice(street, at=board.ago(30), title="会自动结束")
    assert what(street.sun) == [("待结束公示", answered.title), ("待结束公示", decided.title)]


def test_disclosures_wait_from_three_days_before(client, street):
    disclosures.schedule(
        kind="finance",
        area=street.community,
        organization=street.committee,
        every="month",
        starts_on=date(2026, 10, 1),
    )
    disclosures.make_due(date(2026, 11, 2))
    assert what(street.sun, now=board.at("2026-11-06 09:00")) == []
    assert what(street.sun, now=board.at("2026-11-07 09:00")) == [
        ("待公开", "财务公开（2026年10月）")
    ]
    assert what(street.chen, now=board.at("2026-11-10 09:00")) == []
    (task,) = waiting.waiting_for(street.chen, now=board.at("2026-11-11 09:00"))
    assert task.is_late
    assert task.due_at == board.at("2026-11-10 23:59:59.999999")
    client.force_login(street.chen)
    assert client.get(task.href).status_code == 200


def test_home_shows_what_hangs_now_and_for_whom(client, street):
    here = board.notice(street, title="本社区的", scope="residents")
    beside = board.notice(
        street,
        title="银杏湾的",
        area=street.elsewhere,
        organization=street.committee_elsewhere,
        by=street.chen,
    )
    board.notice(street, title="过期的", kind="decision", at=board.ago(30))
    seen = {None: [beside.title], street.wang: [here.title], street.qian: [beside.title]}
    for person, titles in seen.items():
        client.logout()
        if person is not None:
            client.force_login(person)
        page = client.get("/").content.decode()
        shown = [title for title in ("本社区的", "银杏湾的", "过期的") if title in page]
        assert shown == titles, person
