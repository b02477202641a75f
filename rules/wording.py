"""Parameters of rule profiles in words, and back: "3个工作日", "2/3以上", "过1/2", "5、9".

A profile's params are a tree; its leaves (terms, shares, numbers, yes and no, lists of numbers)
are what people read in a table and edit one by one, so that nobody has to write JSON.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.clocks import describe
from rules.models import Unit
from rules.refusals import Refused

LABELS = {
    "acknowledge": gettext_lazy("受理"),
    "file": gettext_lazy("立案"),
    "accept_decision": gettext_lazy("是否受理的决定"),
    "object_not_accepted": gettext_lazy("对不予受理提出异议"),
    "return": gettext_lazy("退回"),
    "arbitrate_return": gettext_lazy("退回裁定"),
    "contact_reporter": gettext_lazy("联系诉求人"),
    "L1": gettext_lazy("网格级办理"),
    "L2": gettext_lazy("社区级办理"),
    "L3": gettext_lazy("街道级办理"),
    "L4": gettext_lazy("部门级办理"),
    "L4_total": gettext_lazy("部门级办理全程至多"),
    "verify": gettext_lazy("核实"),
    "pause_total": gettext_lazy("累计暂停至多"),
    "rating": gettext_lazy("评价期"),
    "reopen_new_facts": gettext_lazy("因新事实重开"),
    "archive": gettext_lazy("归档"),
    "warn_at": gettext_lazy("预警节点"),
    "pressing": gettext_lazy("较急事项办理"),
    "urgent": gettext_lazy("紧急事项办理"),
    "on_site": gettext_lazy("紧急事项到场"),
    "households": gettext_lazy("户数范围"),
    "members": gettext_lazy("委员人数"),
    "term_years": gettext_lazy("任期（年）"),
    "elector_age": gettext_lazy("选民年龄（岁）"),
    "worker_months": gettext_lazy("社区工作者须工作（月）"),
    "delegates_per_group": gettext_lazy("每个居民小组代表人数"),
    "call": gettext_lazy("提议召集"),
    "residents": gettext_lazy("居民"),
    "groups": gettext_lazy("居民小组"),
    "assembly": gettext_lazy("居民会议"),
    "representatives": gettext_lazy("居民代表会议"),
    "quorum": gettext_lazy("出席"),
    "pass": gettext_lazy("通过"),
    "notice": gettext_lazy("提前通知"),
    "participation": gettext_lazy("参与表决（面积与人数）"),
    "matters": gettext_lazy("表决事项"),
    "approval": gettext_lazy("同意（面积与人数）"),
    "home_to_business": gettext_lazy("住宅改经营"),
    "all_interested": gettext_lazy("有利害关系的业主一致同意"),
    "parking_counts": gettext_lazy("车位计票"),
    "allow_follow_majority": gettext_lazy("允许“从多”"),
    "voting_days": gettext_lazy("投票期（天）"),
    "register_notice": gettext_lazy("业主名册公示"),
    "publish_result": gettext_lazy("公布结果"),
    "challenge_years": gettext_lazy("撤销权（年）"),
    "dismissal_notice": gettext_lazy("解聘物业提前通知"),
    "unverified": gettext_lazy("尚未核对"),
    "general": gettext_lazy("一般公示"),
    "decision": gettext_lazy("决议公示"),
    "points": gettext_lazy("积分公示"),
    "assessment": gettext_lazy("考核公示"),
    "funds": gettext_lazy("经费公示"),
    "owners": gettext_lazy("业主事项公示"),
    "answer": gettext_lazy("答复异议"),
    "answer_decision": gettext_lazy("答复对决议的异议"),
    "complete": gettext_lazy("补全吹哨申请"),
    "approve": gettext_lazy("批准吹哨"),
    "report_in": gettext_lazy("一般事项报到"),
    "report_in_scene": gettext_lazy("执法现场报到"),
    "plan": gettext_lazy("定联合办理方案"),
    "certify": gettext_lazy("认证"),
    "public_notice": gettext_lazy("公示期"),
    "appeal": gettext_lazy("提出申诉"),
    "appeal_answer": gettext_lazy("答复申诉"),
    "objection_answer": gettext_lazy("答复公示异议"),
    "hearing": gettext_lazy("扣减前听取意见"),
    "panel": gettext_lazy("积分小组"),
    "supervisors": gettext_lazy("监督委员至少"),
    "claim_within_days": gettext_lazy("发生后几天内申报"),
    "suspension_months": gettext_lazy("虚报暂停申报（月）"),
    "expiry_months": gettext_lazy("积分几个月到期"),
    "expiry_notice_days": gettext_lazy("到期前几天提醒"),
    "expiry_mode": gettext_lazy("积分怎样到期"),
    "months": gettext_lazy("按月数到期"),
    "lifetime": gettext_lazy("不过期"),
    "yearly_reset": gettext_lazy("每年清零"),
    "household_yearly_spend": gettext_lazy("每户每年兑换上限（分）"),
    "face_value_cents": gettext_lazy("每分记账（分钱）"),
    "flags": gettext_lazy("审批时提示核对"),
    "day_hours": gettext_lazy("一天的服务超过（小时）"),
    "day_claims": gettext_lazy("一天的申报超过（项）"),
    "pair_days": gettext_lazy("成对、代报看最近几天"),
    "pair_times": gettext_lazy("同一对人达到（次）"),
    "brought_times": gettext_lazy("同一人代报达到（次）"),
    "cap_percent": gettext_lazy("用掉上限达到（%）"),
    "cap_claims": gettext_lazy("用掉上限至少由（项）"),
    "pick_up": gettext_lazy("取货期限"),
    "stop_announced_days": gettext_lazy("停止兑换提前几天公告"),
    "settlement_dispute": gettext_lazy("对结算清单提出异议"),
    "appreciation_percent": gettext_lazy("保值增值每年（%）"),
    "appreciation_month": gettext_lazy("保值增值在几月"),
    "appreciation_held_months": gettext_lazy("持有满几个月才增值"),
    "watch_orders_per_day": gettext_lazy("一天兑换几次起提示"),
    "watch_same_pair_per_month": gettext_lazy("同一人同一经办一月几次起提示"),
    "watch_outlet_share_percent": gettext_lazy("一处兑换点占比到多少提示（%）"),
    "watch_outlet_at_least": gettext_lazy("看占比至少要有几单"),
    "watch_staff_per_month": gettext_lazy("兑换点人员及家人一月几次起提示"),
    "watch_helper_share_percent": gettext_lazy("一人代办占比到多少提示（%）"),
    "watch_helper_at_least": gettext_lazy("一人代办至少几单才提示"),
    "case": gettext_lazy("核实异常"),
}

# Pairs of numbers that are the two ends of a span, not a list.
SPANS = frozenset({"households", "members", "delegates_per_group"})

# Words one chooses among; the value is the key of its label.
CHOICES = {"expiry_mode": ("months", "lifetime", "yearly_reset")}

_ORDER = {name: at for at, name in enumerate(LABELS)}

TERM = re.compile(r"^(\d+)\s*个?\s*(工作日|工作小时|工作分钟|小时|分钟|天|日|自然日)$")
UNITS = {
    "工作日": (Unit.WORKING_DAYS, 1),
    "工作小时": (Unit.WORKING_MINUTES, 60),
    "工作分钟": (Unit.WORKING_MINUTES, 1),
    "小时": (Unit.MINUTES, 60),
    "分钟": (Unit.MINUTES, 1),
    "天": (Unit.NATURAL_DAYS, 1),
    "日": (Unit.NATURAL_DAYS, 1),
    "自然日": (Unit.NATURAL_DAYS, 1),
}
SHARE = re.compile(r"^(过|超过)?\s*(?:(\d+)\s*/\s*(\d+)|(半数))\s*(以上)?$")


class Unreadable(Refused):
    """The words do not say a value of the kind the rule needs."""


class Leaf(NamedTuple):
    path: tuple[str | int, ...]
    label: str
    value: object
    kind: str  # term, share, number, numbers, yes_no, choice; "text" is shown and never edited

    @property
    def text(self) -> str:
        if self.kind == "numbers" and self.path[-1] in SPANS:
            return _("至").join(str(number) for number in self.value)
        return write(self.value, self.kind)

    @property
    def options(self) -> list[str]:
        """What one chooses among, in words; empty for what is written freely."""
        match self.kind:
            case "yes_no":
                return [_("是"), _("否")]
            case "choice":
                return [label_of(word) for word in CHOICES[self.path[-1]]]
        return []

    @property
    def name(self) -> str:
        """A form field's name."""
        return "p." + ".".join(str(part) for part in self.path)


def _kind(value) -> str | None:
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, int):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        if "unit" in value:
            return "term"
        return "share" if "share" in value else None
    if isinstance(value, list) and value:
        if all(type(item) is int for item in value):
            return "numbers"
        if all(isinstance(item, list) for item in value):
            return "shares"
        if all(isinstance(item, str) for item in value):
            return "texts"
    return None


def label_of(name) -> str:
    return str(LABELS.get(name, name))


def leaves(params, path: tuple = (), labels: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every value of ``params`` in order, labelled by its way down."""
    # PostgreSQL keeps the keys of jsonb by length; people read them in the order of LABELS.
    for name, value in sorted(params.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER))):
        here, words = (*path, name), (*labels, label_of(name))
        if (kind := _kind(value)) is not None:
            kind = "choice" if name in CHOICES else kind
            yield Leaf(here, " · ".join(words), value, kind)
        elif isinstance(value, dict):
            yield from leaves(value, here, words)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                # A list of things that name themselves: the nine matters of an owners' vote.
                title = item.get("title", str(number + 1))
                rest = {key: part for key, part in item.items() if not _names(key)}
                yield from leaves(rest, (*here, number), (*words, title))


def _names(key: str) -> bool:
    return key in {"no", "code", "title"}


def write(value, kind: str) -> str:
    match kind:
        case "term":
            return describe(value["unit"], value["amount"])
        case "share":
            numerator, denominator = value["share"]
            share = f"{numerator}/{denominator}"
            return (
                _("%(share)s以上") % {"share": share}
                if value["inclusive"]
                else (_("过%(share)s") % {"share": share})
            )
        case "yes_no":
            return _("是") if value else _("否")
        case "numbers":
            return "、".join(str(number) for number in value)
        case "shares":
            return "、".join(f"{numerator}/{denominator}" for numerator, denominator in value)
        case "texts":
            return "、".join(label_of(item) for item in value)
        case "text" | "choice":
            return label_of(value)
    return str(value)


def read(text: str, kind: str):
    """The value that ``text`` says. Raises Unreadable with how to write it."""
    text = text.strip()
    match kind:
        case "term":
            if found := TERM.match(text):
                unit, factor = UNITS[found[2]]
                if amount := int(found[1]) * factor:
                    return {"unit": str(unit), "amount": amount}
            raise Unreadable(_("请写作：3个工作日、2个工作小时、24小时、30分钟或7天"))
        case "share":
            found = SHARE.match(text)
            if found and bool(found[1]) != bool(found[5]):
                pair = [1, 2] if found[4] else [int(found[2]), int(found[3])]
                if 0 < pair[0] <= pair[1]:
                    return {"share": pair, "inclusive": bool(found[5])}
            raise Unreadable(_("请写作：2/3以上（含本数）或 过1/2（不含）"))
        case "number":
            if text.isdecimal():
                return int(text)
            raise Unreadable(_("请填写整数"))
        case "numbers":
            parts = re.split(r"[、,，\s]+|至|-", text)
            if all(part.isdecimal() for part in parts):
                return [int(part) for part in parts]
            raise Unreadable(_("请填写整数，用顿号隔开"))
        case "yes_no":
            if text in {_("是"), _("否")}:
                return text == _("是")
            raise Unreadable(_("请填写是或否"))
        case "choice":
            said = {label_of(word): word for words in CHOICES.values() for word in words}
            if text in said:
                return said[text]
            raise Unreadable(_("请填写其中之一：%(words)s") % {"words": "、".join(said)})
    raise ValueError(f"{kind} is not edited")


EDITABLE = frozenset({"term", "share", "number", "numbers", "yes_no", "choice"})


def replaced(params: dict, changes: dict[tuple, object]) -> dict:
    """A copy of ``params`` with the leaves at ``changes``' paths set."""
    copy = deepcopy(params)
    for path, value in changes.items():
        *above, last = path
        node = copy
        for part in above:
            node = node[part]
        node[last] = value
    return copy
