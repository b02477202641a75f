"""A partner of the street: 12345, which knows 梧桐里's words for things."""

import json
import time
import uuid

import pytest
from django.urls import reverse

from grids.hotline import partners, signatures
from grids.models import Category

ADDRESS = "https://hotline.example.org/back/?from=qt"
HEADER = (
    "工单编号,诉求内容,所属社区,诉求地址,诉求类别,来电时间,要求办结时间,来电人,来电号码,是否保密"
)
TEXT = "东门路灯不亮三天了，晚上看不见路"


def line(number="H001", text=TEXT, place="梧桐里社区第一网格", **more) -> str:
    """One line of a CSV, good unless told otherwise."""
    cells = {
        "where": "东门",
        "kind": "010203",
        "called": "2026-11-20 09:05",
        "due": "",
        "name": "王建国",
        "phone": "13812345678",
        "secret": "",
        **more,
    }
    return ",".join([number, text, place, *cells.values()])


def table(*lines: str, header=HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


@pytest.fixture
def hotline(street):
    """``street.hotline`` with its key in ``street.key``."""
    street.hotline = partners.found(
        code="12345",
        name="市12345热线",
        area=street.street,
        by=street.chen,
        callback_url=ADDRESS,
        categories={"010203": Category.objects.get(name="物业维修").code},
        states={"submitted": "已接收", "filed": "办理中"},
    )
    street.key = signatures.rotate(street.hotline, by=street.chen, after=None)
    return street


def order(number="W001", **more) -> dict:
    """The body of a new order, as the webhook takes it."""
    return {
        "event": "new",
        "order": number,
        "text": TEXT,
        "place": "990203005001001",
        "category": "010203",
        "caller": {"name": "王建国", "phone": "13812345678"},
        **more,
    }


@pytest.fixture
def push(client, hotline):
    """Send one delivery as the partner would; every part of it can be bent."""

    def send(data, *, key=None, delivery=None, at=None, code="12345", body=None, signature=None):
        raw = json.dumps(data).encode()
        delivery = delivery or str(uuid.uuid4())
        timestamp = str(int(time.time()) if at is None else at)
        signed = signature or signatures.signature(
            key or hotline.key, signatures.IN, timestamp, delivery, raw
        )
        return client.post(
            reverse("grids:hook", args=[code]),
            raw if body is None else body,
            content_type="application/json",
            headers={
                signatures.TIMESTAMP: timestamp,
                signatures.DELIVERY: delivery,
                signatures.SIGNATURE: signed,
            },
        )

    return send
