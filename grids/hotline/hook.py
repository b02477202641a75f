"""What a partner sends us: check who it is, do it once, answer the same when asked again.

``receive`` takes a request apart without Django's forms and answers (status, JSON). A refusal
says in Chinese what is wrong with which field; a forgery learns nothing.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.hotline import callbacks, mapping, orders, reading, signatures
from grids.models import HookCall, Partner
from rules.refusals import Refused

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024
PER_MINUTE = 240  # deliveries of one partner
FORGED_PER_MINUTE = 30  # bad signatures of one address
KEPT_DAYS = 30
LONGEST_WORDS = 500


@dataclass
class Answer:
    status: int
    data: dict
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """A request, as far as it matters here."""

    code: str
    address: str  # where it came from
    timestamp: str
    delivery: str
    signature: str
    body: bytes


class Unclear(Refused):
    """The body does not say what the event needs; ``fields``: name → what is wrong."""

    def __init__(self, fields: dict[str, str]):
        self.fields = fields
        super().__init__(_("内容有误，没有处理"))


def receive(given: Delivery) -> Answer:
    if _too_many(f"hook-forged:{given.address}", FORGED_PER_MINUTE, count=False):
        return _wait()
    partner = Partner.objects.select_related("area", "account").filter(code=given.code).first()
    genuine = signatures.is_genuine(
        partner,
        given.signature,
        timestamp=given.timestamp,
        delivery=given.delivery,
        body=given.body,
    )
    if not genuine:
        _too_many(f"hook-forged:{given.address}", FORGED_PER_MINUTE)
        logger.warning("webhook for %r refused: not signed by its partner", given.code[:30])
        return Answer(401, {"error": _("签名无效")})
    # From here on we know who asks, and may say what is wrong.
    if not signatures.is_fresh(given.timestamp):
        text = _("时间戳与本平台时间相差超过 %(minutes)d 分钟，请校准时钟后重新签名")
        return Answer(401, {"error": text % {"minutes": signatures.WINDOW_SECONDS // 60}})
    if not signatures.DELIVERY_PATTERN.fullmatch(given.delivery):
        text = _("%(header)s 须为 8 到 64 个字母、数字或 . _ : -")
        return Answer(400, {"error": text % {"header": signatures.DELIVERY}})
    if _too_many(f"hook:{partner.pk}", PER_MINUTE):
        return _wait()
    return _once(partner, given)


def _wait() -> Answer:
    return Answer(429, {"error": _("推送太频繁，请一分钟后再试")}, {"Retry-After": "60"})


def _too_many(key: str, most: int, *, count: bool = True) -> bool:
    """Counted per minute in the cache; without a cache nobody is held up."""
    key = f"{key}:{int(timezone.now().timestamp()) // 60}"
    try:
        if not count:
            return cache.get(key, 0) >= most
        cache.add(key, 0, 120)
        return cache.incr(key) > most
    except Exception:  # the cache is a courtesy: orders come in without it
        logger.warning("webhook limits are off: the cache does not answer", exc_info=True)
        return False


def _once(partner: Partner, given: Delivery) -> Answer:
    """The same delivery again gets the first answer; another body under its name is refused."""
    digest = hashlib.sha256(given.body).hexdigest()
    key = {"partner": partner, "delivery": given.delivery}
    if (known := HookCall.objects.filter(**key).first()) is not None:
        return _again(known, digest)
    try:
        with transaction.atomic():
            # First the row: whoever brings the same delivery meanwhile waits here for our answer.
            call = HookCall.objects.create(body_digest=digest, **key)
            answer, event = _do(partner, given.body)
            call.status, call.answer, call.event = answer.status, answer.data, event
            call.save(update_fields=["status", "answer", "event"])
            return answer
    except IntegrityError:
        known = HookCall.objects.filter(**key).first()
        if known is None:
            raise
        return _again(known, digest)


def _again(known: HookCall, digest: str) -> Answer:
    if known.body_digest != digest:
        text = _("编号为 %(delivery)s 的推送已经收到过，内容与这次不同，没有处理")
        return Answer(409, {"error": text % {"delivery": known.delivery}})
    return Answer(known.status, known.answer, {"X-Linli-Duplicate": "1"})


def _do(partner: Partner, body: bytes) -> tuple[Answer, str]:
    event = ""
    try:
        data = _read(body)
        event = data["event"]
        with transaction.atomic():
            return EVENTS[event](partner, data), event
    except Unclear as unclear:
        return Answer(422, {"error": str(unclear), "fields": unclear.fields}), event
    except orders.KnownOrder as known:
        number = known.order.issue.number
        return Answer(409, {"error": str(known), "number": number}), event
    except orders.NoSuchOrder as refused:
        return Answer(404, {"error": str(refused)}), event
    except reading.BadFile as refused:
        return Answer(422, {"error": str(refused), "fields": {}}), event
    except Refused as refused:
        return Answer(409, {"error": str(refused)}), event


def _read(body: bytes) -> dict:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unclear({"": _("须为 UTF-8 编码")}) from None
    data = reading.parse_json(text)
    if not isinstance(data, dict):
        raise Unclear({"": _("须为一个 JSON 对象")})
    event = data.get("event")
    if not isinstance(event, str) or event not in EVENTS:
        names = "、".join(EVENTS)
        raise Unclear({"event": _("须为以下之一：%(names)s") % {"names": names}})
    return data


# --- fields --------------------------------------------------------------------------------------


class _Fields:
    """Reads a body field by field; all faults are told at once."""

    def __init__(self, data: dict):
        self.data, self.wrong = data, {}

    def text(self, name: str, label: str, *, required: bool = True, most: int = LONGEST_WORDS):
        value = self.data.get(name)
        if value is None or value == "":
            if required:
                self.wrong[name] = _("“%(label)s”没有填写") % {"label": label}
            return ""
        if not isinstance(value, str):
            self.wrong[name] = _("“%(label)s”须为文字") % {"label": label}
            return ""
        value = reading.clean(value).strip()
        if required and not value:
            self.wrong[name] = _("“%(label)s”没有填写") % {"label": label}
        if len(value) > most:
            text = _("“%(label)s”有 %(size)d 个字，最多 %(most)d 个")
            self.wrong[name] = text % {"label": label, "size": len(value), "most": most}
        return value

    def yes_no(self, name: str, label: str):
        value = self.data.get(name)
        if not isinstance(value, bool):
            self.wrong[name] = _("“%(label)s”须为 true 或 false") % {"label": label}
        return value

    def stars(self, name: str, label: str):
        value = self.data.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
            self.wrong[name] = _("“%(label)s”须为 1 到 5 的整数") % {"label": label}
        return value

    def check(self) -> None:
        if self.wrong:
            raise Unclear(self.wrong)


def _order_number(fields: _Fields) -> str:
    return fields.text("order", _("工单编号"), most=mapping.LONGEST_NUMBER)


# --- events --------------------------------------------------------------------------------------


def _new(partner: Partner, data: dict) -> Answer:
    """Take in an order; the same words as in a file, under the English names."""
    row = reading.flatten({name: data[name] for name in data if name != "event"})
    columns = {column.name: column.names[-1] for column in mapping.COLUMNS}
    given = {name: row.get(header, "") for name, header in columns.items()}
    incoming, errors = mapping.Reader(partner, [given["place"]]).read(given)
    if incoming is None:
        by_label = {str(column.label): columns[column.name] for column in mapping.COLUMNS}
        raise Unclear(
            {
                by_label[label]: _("“%(label)s”%(text)s") % {"label": label, "text": text}
                for label, text in errors
            }
        )
    order = orders.take_in(partner, incoming)
    return Answer(201, _standing(order))


def _urge(partner: Partner, data: dict) -> Answer:
    fields = _Fields(data)
    number = _order_number(fields)
    words = fields.text("text", _("催单内容"), required=False)
    fields.check()
    order = orders.urge(orders.find(partner, number), words)
    return Answer(200, {**_standing(order), "urged": order.urged_count})


def _supplement(partner: Partner, data: dict) -> Answer:
    fields = _Fields(data)
    number = _order_number(fields)
    words = fields.text("text", _("补充内容"))
    fields.check()
    return Answer(200, _standing(orders.supplement(orders.find(partner, number), words)))


def _withdraw(partner: Partner, data: dict) -> Answer:
    fields = _Fields(data)
    number = _order_number(fields)
    reason = fields.text("reason", _("撤单原因"), most=200)
    fields.check()
    return Answer(200, _standing(orders.withdraw(orders.find(partner, number), reason)))


def _rating(partner: Partner, data: dict) -> Answer:
    fields = _Fields(data)
    number = _order_number(fields)
    solved = fields.yes_no("solved", _("是否解决"))
    stars = fields.stars("stars", _("满意度"))
    needs_words = solved is False
    comment = fields.text("comment", _("评价内容"), required=needs_words)
    fields.check()
    order = orders.rate(orders.find(partner, number), solved=solved, stars=stars, comment=comment)
    return Answer(200, _standing(order))


EVENTS: dict[str, Callable[[Partner, dict], Answer]] = {
    "new": _new,
    "urge": _urge,
    "supplement": _supplement,
    "withdraw": _withdraw,
    "rating": _rating,
}


def _standing(order) -> dict:
    """Where the order stands, for every answer."""
    issue = order.issue
    return {
        "order": order.number,
        "number": issue.number,
        "state": mapping.state_word(order.partner, issue.state),
        "state_code": str(issue.state),
        "promised_at": callbacks.instant(issue.promised_at),
    }


def drop_old_calls() -> int:
    """Forget deliveries nobody will repeat any more; how many."""
    old = timezone.now() - timedelta(days=KEPT_DAYS)
    count, _each = HookCall.objects.filter(at__lt=old).delete()
    return count
