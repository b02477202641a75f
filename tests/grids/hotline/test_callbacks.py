"""Telling the partner: written with the change, signed, in order, once, given up in the open."""

import http.server
import json
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from grids import handling
from grids.hotline import addresses, callbacks, orders, signatures
from grids.hotline.mapping import Reader
from grids.models import Callback, Issue
from tests.grids import loop
from tests.grids.hotline.conftest import ADDRESS, TEXT

pytestmark = pytest.mark.django_db


def take_in(hotline, number="C001") -> Issue:
    incoming, errors = Reader(hotline.hotline, ["梧桐里社区第一网格"]).read(
        {
            "number": number,
            "text": TEXT,
            "place": "梧桐里社区第一网格",
            "category": "010203",
            "caller_name": "王建国",
            "caller_phone": "13812345678",
        }
    )
    assert not errors
    return orders.take_in(hotline.hotline, incoming).issue


@pytest.fixture
def partner_answers(monkeypatch):
    """Stands for the network: gives ``answers`` in turn (then 200), keeps what was sent."""
    partner = SimpleNamespace(all=[], answers=[])

    def post(url, body, headers):
        partner.all.append((url, json.loads(body), headers))
        answer = partner.answers.pop(0) if partner.answers else 200
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(callbacks, "post", post)
    return partner


def states():
    return list(Callback.objects.order_by("pk").values_list("state", flat=True))


def later(**span):
    return time_machine.travel(timezone.now() + timedelta(**span), tick=True)


def test_every_change_is_told_with_the_partners_word_and_without_a_handlers_phone(
    hotline, partner_answers
):
    issue = take_in(hotline)
    loop.to_state(hotline, "in_progress", issue=issue)
    handling.advance(issue, "contact", by=hotline.wu, note="打我电话13900001111，明天来")
    handling.advance(issue, "note", by=hotline.wu, note="内部：灯具缺货")
    handling.advance(issue, "report", by=hotline.wu, result="已换新灯", no_photo_reason="夜里")
    callbacks.run()
    told = [body for _url, body, _headers in partner_answers.all]
    assert [(body["verb"], body["state"]) for body in told] == [
        ("submit", "已接收"),
        ("file", "办理中"),
        ("dispatch", "已派单"),
        ("sign", "办理中"),
        ("contact", "办理中"),
        ("report", "待核验"),
    ]
    assert told[4]["text"] == "打我电话139****1111，明天来"
    assert "已换新灯" in told[5]["text"]
    assert told[0]["order"] == "C001"
    assert told[0]["number"] == issue.number
    assert [body["sequence"] for body in told] == sorted(body["sequence"] for body in told)
    everything = json.dumps(told, ensure_ascii=False)
    for secret in ("吴物业", "10000000004", "王建国", "13812345678", "缺货"):
        assert secret not in everything
    assert set(states()) == {"sent"}


def test_a_callback_stands_or_falls_with_the_change(hotline):
    issue = take_in(hotline)
    with transaction.atomic():
        loop.file(issue, hotline.li)
        assert Callback.objects.count() == 2
        transaction.set_rollback(True)
    assert Callback.objects.count() == 1


def test_issues_of_residents_and_partners_without_address_are_not_called_back(hotline):
    loop.to_state(hotline, "filed", issue=loop.post(hotline))
    hotline.hotline.callback_url = ""
    hotline.hotline.save()
    loop.file(take_in(hotline), hotline.li)
    assert not Callback.objects.exists()


def test_an_order_merged_into_another_matter_follows_it(hotline, partner_answers):
    parent = loop.to_state(hotline, "filed", issue=loop.post(hotline))
    issue = take_in(hotline)
    handling.advance(issue, "merge", by=hotline.li, parent=parent)
    loop.to_state(hotline, "in_progress", issue=parent)
    orders.urge(issue.order)
    assert loop.told(hotline.wu).first().title == f"催办：{parent.title}"
    callbacks.run()
    told = [body for _url, body, _headers in partner_answers.all]
    assert [(body["verb"], body["merged_into"]) for body in told] == [
        ("submit", ""),
        ("merge", ""),
        ("dispatch", parent.number),
        ("sign", parent.number),
    ]
    assert {body["number"] for body in told} == {issue.number}


def test_each_is_signed_for_its_own_time_and_delivery(hotline, partner_answers):
    take_in(hotline)
    callbacks.run()
    [(url, body, headers)] = partner_answers.all
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert url == ADDRESS
    assert headers["X-Linli-Delivery"] == str(Callback.objects.get().dedupe_key)
    assert headers["X-Linli-Signature"] == signatures.signature(
        hotline.key,
        signatures.OUT,
        headers["X-Linli-Timestamp"],
        headers["X-Linli-Delivery"],
        raw,
    )


def test_a_later_state_waits_until_the_earlier_one_arrived(hotline, partner_answers):
    issue = take_in(hotline)
    loop.file(issue, hotline.li)
    other = take_in(hotline, "C002")
    partner_answers.answers += [503]
    callbacks.run()
    assert [body["order"] for _url, body, _headers in partner_answers.all] == ["C001", "C002"]
    assert states() == ["waiting", "waiting", "sent"]
    assert Callback.objects.first().reason == "对方答复 HTTP 503"
    callbacks.run()  # the retry is not due yet
    assert len(partner_answers.all) == 2
    with later(seconds=40):
        callbacks.run()
    assert [body["verb"] for _url, body, _headers in partner_answers.all] == [
        "submit",
        "submit",
        "submit",
        "file",
    ]
    assert set(states()) == {"sent"}
    assert other.callbacks.get().attempts == 1


def test_two_workers_never_hold_two_callbacks_of_one_issue(hotline):
    issue = take_in(hotline)
    loop.file(issue, hotline.li)
    take_in(hotline, "C002")
    first, second = callbacks.claim(1), callbacks.claim(10)
    assert [row.issue_id for row in first] == [issue.pk]
    assert [row.payload["order"] for row in second] == ["C002"]
    assert callbacks.claim(10) == []


def test_a_killed_workers_callback_is_sent_again_once_with_the_same_key(
    hotline, partner_answers, settings
):
    take_in(hotline)
    [claimed] = callbacks.claim()  # the worker dies before, or after, it sent
    assert callbacks.claim() == []
    with later(seconds=settings.DELIVERY_CLAIM_SECONDS + 1):
        callbacks.run()
        callbacks.run()
        callbacks.carry(claimed)  # and the first one was only slow: what it knows comes too late
    keys = [headers["X-Linli-Delivery"] for _url, _body, headers in partner_answers.all]
    assert keys == [str(claimed.dedupe_key)] * 2
    row = Callback.objects.get()
    assert (row.state, row.attempts) == ("sent", 2)


def test_it_is_given_up_in_the_open_and_the_next_goes_on(client, hotline, partner_answers):
    issue = take_in(hotline)
    loop.file(issue, hotline.li)
    partner_answers.answers += [OSError("no route")] * callbacks.MAX_ATTEMPTS
    now = timezone.now()
    for days in range(callbacks.MAX_ATTEMPTS):
        with time_machine.travel(now + timedelta(days=days), tick=True):
            callbacks.run()
    assert states() == ["failed", "sent"]
    failed = Callback.objects.first()
    assert "no route" in failed.reason

    client.force_login(hotline.chen)
    page = client.get(hotline.hotline.get_absolute_url()).content.decode()
    assert "no route" in page
    resend = reverse("grids:callback_resend", args=[failed.pk])
    for _click in range(2):
        assert client.post(resend).status_code == 302
    callbacks.run()
    assert states() == ["sent", "sent"]
    assert str(failed.dedupe_key) == partner_answers.all[-1][2]["X-Linli-Delivery"]


def test_without_a_key_or_when_switched_off_it_says_so(hotline, partner_answers):
    take_in(hotline)
    hotline.hotline.secrets.all().delete()
    callbacks.run()
    assert Callback.objects.get().reason == "没有生成密钥，无法签名"
    take_in(hotline, "C002")
    hotline.hotline.is_active = False
    hotline.hotline.save()
    callbacks.run()
    assert "对接已停用" in Callback.objects.latest("pk").reason
    assert partner_answers.all == []


# --- where to ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://224.0.0.1/",
        "https://localhost/",
        "https://intranet/",
        "https://user:pw@hotline.example.org/",
        "ftp://hotline.example.org/",
        "https:///x",
        "https://hotline.example.org:99999/",
    ],
)
def test_an_address_inside_is_not_even_kept(url):
    with pytest.raises(addresses.BadAddress):
        addresses.check(url)


def test_plain_http_is_for_development_only(settings):
    addresses.check("http://hotline.example.org/")
    settings.PRODUCTION = True
    with pytest.raises(addresses.BadAddress):
        addresses.check("http://hotline.example.org/")


@pytest.mark.parametrize("answer", ["10.0.0.7", "127.0.0.1", "::1", "fe80::1%eth0", "0.0.0.0"])  # noqa: S104 an answer of a name server
def test_a_name_that_points_inside_when_it_is_sent_is_not_followed(monkeypatch, settings, answer):
    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", (answer, 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_given, **_more: found)
    with pytest.raises(addresses.BadAddress):
        addresses.resolve(ADDRESS)
    settings.CALLBACK_PRIVATE_HOSTS = ["hotline.example.org"]
    assert addresses.resolve(ADDRESS) == ("93.184.216.34", 443)


def test_the_connection_goes_to_the_address_that_was_looked_at(settings):
    """A real server: what arrives is signed, and a redirect is an answer, not a way."""
    settings.CALLBACK_PRIVATE_HOSTS = ["127.0.0.1"]
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Host"], self.headers["X-Test"], body))
            self.send_response(302 if self.path == "/away" else 204)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *_given):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        assert callbacks.post(f"{base}/back?from=qt", b"{}", {"X-Test": "1"}) == 204
        assert callbacks.post(f"{base}/away", b"{}", {}) == 302
    finally:
        server.shutdown()
        server.server_close()
    host = f"127.0.0.1:{server.server_port}"
    assert got == [("/back?from=qt", host, "1", b"{}"), ("/away", host, None, b"{}")]
