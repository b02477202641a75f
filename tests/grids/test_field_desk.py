"""Entry on behalf: whoever comes to the counter stays who they are, and is told the answer."""

import pytest
from django.urls import reverse

from grids import desk, handling
from grids.models import Caller, CallerReveal, DeskEntry, Issue
from inbox.models import Delivery
from orgs.models import ContactReveal
from rules.workflow import NotAllowed
from tests.grids import loop

pytestmark = pytest.mark.django_db
PAGE = "/issues/desk-entry/"
KEY = "00000000-0000-4000-8000-000000000005"
PHONE = "10000000099"


def given(street, **more):
    return {
        "key": KEY,
        "do": "save",
        "reports": "caller",
        "name": "路先生",
        "phone": PHONE,
        "how": "counter",
        "identity": "card",
        "consented": "on",
        "category": loop.category().pk,
        "place": street.grid.pk,
        "text": "东门的栏杆松了，一推就晃",
        **more,
    }


def enter(client, street, **more) -> Issue:
    client.force_login(street.sun)
    answer = client.post(PAGE, given(street, **more))
    assert answer.status_code == 302, answer.content.decode()
    return Issue.objects.get(number=answer.url.split("/")[-3])


def to_closed(street, issue):
    loop.file(issue, street.li)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    handling.advance(issue, "sign", by=street.wu)
    handling.advance(issue, "report", by=street.wu, result="栏杆已加固", no_photo_reason="雨天")
    handling.advance(issue, "verify", by=street.zhou, how="on_site")
    issue.refresh_from_db()
    return issue


def test_a_walk_in_is_written_down_and_marked(client, street):
    issue = enter(client, street)
    entry = issue.desk_entry
    assert (issue.reporter, issue.caller.name, issue.caller.phone) == (None, "路先生", PHONE)
    assert (entry.entered_by, entry.how, entry.identity, entry.consented) == (
        street.sun,
        "counter",
        "card",
        True,
    )
    shown = client.get(issue.get_absolute_url()).content.decode()
    assert "由社区代录" in shown
    assert "孙社工" in shown
    assert "路先生" in shown
    assert "100****0099" in shown
    assert PHONE not in shown


def test_the_button_pressed_twice_enters_once(client, street):
    first = enter(client, street)
    assert enter(client, street) == first
    assert (Issue.objects.count(), Caller.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_the_same_moment_too(street, together):
    def press():
        return desk.enter(
            by=street.sun,
            area=street.grid,
            category=loop.category(),
            text="东门的栏杆松了",
            how="phone",
            identity="called",
            key=KEY,
            name="路先生",
            consented=True,
        )

    first, second = together(press, press)
    assert first == second
    assert (Issue.objects.count(), Caller.objects.count()) == (1, 1)


def test_a_resident_is_found_by_phone_and_sees_it_as_their_own(client, street):
    client.force_login(street.sun)
    answer = client.post(PAGE, given(street, do="find", phone="10000000020", reports="resident"))
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "王*（100****0020）" in shown
    assert "王居民" not in shown
    assert "东门的栏杆松了" in shown, "what was typed stays"
    issue = enter(client, street, reports="resident", phone="10000000020", name="")
    assert (issue.reporter, issue.caller) == (street.wang, None)
    assert issue.steps.get().actor == street.sun
    client.force_login(street.wang)
    mine = client.get(issue.get_absolute_url()).content.decode()
    assert "由社区代录：到窗口" in mine


def test_nobody_named_is_kept_nowhere(client, street):
    issue = enter(client, street, reports="nobody", consented="")
    assert (issue.reporter, issue.anonymous) == (None, True)
    assert (issue.caller.name, issue.caller.phone) == ("", "")
    assert "匿名居民" in client.get(issue.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"consented": ""}, "须先向反映人说明用途并征得同意"),
        ({"name": "", "phone": ""}, "请填写称呼或手机号"),
        ({"phone": "", "wants_sms": "on"}, "要用短信告知，须有手机号"),
        ({"phone": "12345"}, "请输入 11 位手机号"),
        ({"reports": "resident", "phone": "10000000098"}, "没有找到这个手机号的居民"),
        ({"reports": "resident", "phone": "10000000002"}, "这是您自己的手机号"),
        ({"reports": "somebody"}, "谁反映的："),
        ({"identity": ""}, "请选择怎样核对身份的"),
        ({"text": "晃"}, "请再多写几个字"),
    ],
)
def test_what_is_missing_is_said_and_nothing_kept(client, street, more, says):
    client.force_login(street.sun)
    answer = client.post(PAGE, given(street, **more))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Issue.objects.exists()
    assert not Caller.objects.exists()


@pytest.mark.parametrize("who", ["wu", "wang", "feng", "zheng", "auditor"])
def test_only_workers_over_a_place_enter(client, street, who):
    client.force_login(getattr(street, who))
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, given(street)).status_code == 404
    assert not Issue.objects.exists()


def test_a_place_next_door_is_not_offered(client, street):
    client.force_login(street.zhao)
    assert client.post(PAGE, given(street)).status_code == 422
    with pytest.raises(desk.NotYourPlace):
        desk.enter(
            by=street.zhao,
            area=street.grid,
            category=loop.category(),
            text="东门的栏杆松了",
            how="phone",
            identity="called",
            key=KEY,
        )
    assert not Issue.objects.exists()


def test_the_property_manager_never_sees_who_came(client, street):
    issue = enter(client, street, wants_sms="on")
    loop.file(issue, street.li)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    handling.advance(issue, "sign", by=street.wu)
    client.force_login(street.wu)
    seen = client.get(issue.get_absolute_url()).content.decode()
    for secret in (PHONE, "100****0099", "路先生", "路*"):
        assert secret not in seen
    for path in ("call", "slip", "told"):
        assert client.get(f"/issues/{issue.number}/{path}/").status_code in (404, 405)
        assert client.post(f"/issues/{issue.number}/{path}/").status_code in (404, 405)
    for page in ("/issues/", "/issues/queue/", "/issues/?show=work"):
        assert "路先生" not in client.get(page).content.decode()
    client.logout()
    public = client.get(issue.get_absolute_url()).content.decode()
    assert "路先生" not in public


def test_each_look_at_the_phone_is_logged(client, street):
    issue = enter(client, street)
    ring = reverse("grids:ring", args=[issue.number])
    assert PHONE not in client.get(ring).content.decode()
    assert client.post(ring, {"reason": "打"}).status_code == 422
    assert not CallerReveal.objects.exists()
    shown = client.post(ring, {"reason": "办结回访"}).content.decode()
    assert f"tel:{PHONE}" in shown
    log = CallerReveal.objects.get()
    assert (log.issue, log.seen_by, log.reason) == (issue, street.sun, "办结回访")


def test_the_handler_rings_a_resident_who_did_not_hide(client, street):
    issue = loop.to_state(street, "in_progress")
    ring = reverse("grids:ring", args=[issue.number])
    client.force_login(street.wu)
    shown = client.post(ring, {"reason": "约上门时间"}).content.decode()
    assert "tel:10000000020" in shown
    log = ContactReveal.objects.get()
    assert (log.person, log.seen_by) == (street.wang, street.wu)
    hidden = loop.to_state(street, "in_progress", issue=loop.post(street, anonymous=True))
    assert client.get(reverse("grids:ring", args=[hidden.number])).status_code == 404
    for who in ("zheng", "zhao", "wang", "auditor"):
        client.force_login(getattr(street, who))
        assert client.post(ring, {"reason": "约上门时间"}).status_code == 404
    assert ContactReveal.objects.count() == 1


def test_the_slip_names_nobody(client, street):
    issue = enter(client, street)
    shown = client.get(reverse("grids:slip", args=[issue.number])).content.decode()
    assert issue.number in shown
    assert "data:image/svg+xml;base64," in shown
    for secret in ("路先生", PHONE, "0099"):
        assert secret not in shown
    client.force_login(street.zhao)
    assert client.get(reverse("grids:slip", args=[issue.number])).status_code == 404


def test_what_may_not_be_public_gets_a_slip_without_a_code(client, street):
    issue = enter(client, street, category=loop.category("邻里纠纷").pk)
    shown = client.get(reverse("grids:slip", args=[issue.number])).content.decode()
    assert "这类事项不公开" in shown
    assert "data:image/svg" not in shown


def test_the_answer_goes_by_short_message_to_who_agreed(client, street):
    issue = to_closed(street, enter(client, street, wants_sms="on"))
    sms = Delivery.objects.get(outside=f"caller:{issue.caller_id}")
    assert "已办结" in sms.message.title
    assert desk.phone_of(str(issue.caller_id)) == PHONE
    assert not desk.to_be_told(street.sun).exists()


def test_the_others_are_rung_up_and_that_is_written_down(client, street):
    issue = to_closed(street, enter(client, street))
    assert not Delivery.objects.exclude(outside="").exists()
    assert desk.phone_of(str(issue.caller_id)) == ""
    assert loop.told(street.sun)[0].title.startswith("请告知反映人")
    client.force_login(street.sun)
    assert issue.number in client.get(PAGE).content.decode()
    told = reverse("grids:told", args=[issue.number])
    client.post(told, {"told_note": ""})
    assert issue.number in client.get(PAGE).content.decode()
    for _press in range(2):
        client.post(told, {"told_note": "电话告知，他说很满意"})
    entry = DeskEntry.objects.get()
    assert (entry.told_by, entry.told_note) == (street.sun, "电话告知，他说很满意")
    assert issue.number not in client.get(PAGE).content.decode()


def test_the_rating_is_asked_for_by_somebody_else_and_marked(client, street):
    issue = to_closed(street, enter(client, street))
    for who in ("wu", "zhou", "wang", "zhao"):
        with pytest.raises(NotAllowed):
            handling.advance(issue, "rate", by=getattr(street, who), solved=True, stars=5)
    client.force_login(street.sun)
    shown = client.get(issue.get_absolute_url()).content.decode()
    assert "代反映人评价" in shown
    answer = client.post(
        issue.get_absolute_url(),
        {"verb": "rate", "solved": "yes", "stars": "4", "comment": "电话里说好了"},
    )
    assert answer.status_code == 302
    issue.refresh_from_db()
    assert (issue.state, issue.stars, issue.desk_entry.rated_by) == ("rated", 4, street.sun)
    assert "电话回访代录" in client.get(issue.get_absolute_url()).content.decode()


def test_a_residents_own_issue_is_rated_by_nobody_else(street):
    issue = loop.to_state(street, "closed")
    with pytest.raises(NotAllowed):
        handling.advance(issue, "rate", by=street.li, solved=True, stars=5)


def test_the_page_costs_the_same_with_more_to_tell(client, street, django_assert_max_num_queries):
    for n in range(12):
        issue = enter(client, street, key=f"00000000-0000-4000-8000-0000000001{n:02}")
        if n < 6:
            to_closed(street, issue)
    client.force_login(street.sun)
    with django_assert_max_num_queries(12):
        client.get(PAGE)
