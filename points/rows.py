"""The rows of a batch's pages, and the heads of the rules they stand under.

Some fifty of both in a template, each with up to forty tags, took half of the page's time; so each
is one piece of markup filled in here, with the words of the page looked up once.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date
from html import escape as html_escape

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape, escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from points import who
from points.anomalies import Anomaly, Found
from points.models import Batch, Claim, ClaimState, Decision, Source
from ui import icons
from ui.templatetags.ui import day, pill

# Marked as safe, so that nothing looks through them again for each row.
NOTHING, _CHECKED = SafeString(""), SafeString(" checked")
_FLAGGED, _UNDECIDED = SafeString(" has-flag"), SafeString(" data-undecided")
_ROW = """
<li class="claim{flagged}" id="c{key}" data-row="{key}"{undecided} tabindex="-1">{tick}
  <div class="who">
    <p class="name"><strong>{name}</strong>{partner} <b class="num">+{points}</b>{home}{state}</p>
    <p class="meta">{deed}</p>{said}{flags}
    <p class="meta">{origin}</p>{decided}{aside}
  </div>{thumbs}{acts}
</li>"""
_REVIEWED = """
<li class="claim" id="c{key}">
  <div class="who">
    <p class="name"><strong>{name}</strong><b class="num">+{points}</b>{title}</p>
    <p class="meta">{meta}</p>{said}
  </div>{thumbs}
</li>"""
_HEAD = """
<header>
  <h2 id="rule-{code}"><a href="?{stem}open={opens}#rule-{code}">{code} {title}</a></h2>
  <p class="meta"><span>{sums}</span>{waits}</p>{all}
</header>"""
_ALL = '<button class="btn quiet" type="submit" name="all" value="{}">{}</button>'
_TICK = """
  <label class="tick">
    <input type="checkbox" name="claim" value="{}"{}> <span class="vh">{}</span>
  </label>"""
_BUTTON = '<div class="acts"><button type="submit" name="one" value="{}:{}">{}</button>{}</div>'
_REFUSE = '<a href="?{}&amp;refuse=1&amp;pick={}#refuse" data-refuse>{}</a>'
_CORRECT = '<div class="acts"><a href="?{}open={}&amp;correct={}#correct">{}</a></div>'
_SAID = '<p class="said">{}</p>'
_FLAG = '<p class="flag">{}<strong>{}</strong> {} {}</p>'


def _quoted(value) -> str:
    """As ``conditional_escape``, which spends half a row's time on looking for lazy texts."""
    return value if isinstance(value, SafeString) else html_escape(str(value))


def _filled(markup: str, *args, **named) -> SafeString:
    """As ``format_html``."""
    quoted = {name: _quoted(value) for name, value in named.items()}
    return SafeString(markup.format(*map(_quoted, args), **quoted))


class Days(dict[date, SafeString]):
    """Each day of a page is written once."""

    def __missing__(self, key: date) -> SafeString:
        self[key] = day(key)
        return self[key]


@dataclass
class Rows:
    """Draws claims for one reader of one batch. They come from ``dealing.fill``.

    ``takes``: decisions, from this reader; ``corrects``: after an objection. ``picked``: keys of
    claims whose box is ticked. ``here`` and ``stem``: the address' query, and that of its filters.
    """

    batch: Batch
    found: Found
    person: object
    takes: bool = False
    corrects: bool = False
    picked: Container[int] = ()
    here: str = ""
    stem: str = ""
    _days: Days = field(default_factory=Days)

    def __post_init__(self):
        self.number = _("编号 %(n)s")
        self.pick = _("选中 %(name)s，编号 %(n)s")
        self.certified = _("认证 %(name)s")
        self.by_system = _("系统认证")
        self.first = _("近12个月第一次")
        self.before = _("近12个月同类另有 %(n)s 次 %(p)s 分")
        self.refused = _("，未通过 %(r)s 次")
        self.sums = _("%(n)s 项 %(p)s 分")
        self.waits = _("待审批 %(n)s")
        self.approve_all = _("同意本规则无提示的 %(n)s 项")
        self.approve, self.refuse = escape(_("同意")), escape(_("不同意"))
        self.undo, self.query = escape(_("撤销")), escape(self.here)
        self.states = {str(value): str(label) for value, label in ClaimState.choices}
        self.sources = {str(value): str(label) for value, label in Source.choices}

    def __call__(self, claim: Claim, group: str) -> SafeString:
        """``group``: the key of the group it stands in."""
        claim.community = self.batch.area
        answer = who.decides(claim, self.person)
        decides = self.takes and answer is True
        is_noticed = claim.state == ClaimState.NOTICED
        anomalies = self.found.get(claim.pk, ())
        key = SafeString(claim.pk)
        undecided = answer is True and claim.state == ClaimState.BATCHED and not claim.decision
        return _filled(
            _ROW,
            key=key,
            flagged=_FLAGGED if anomalies else NOTHING,
            undecided=_UNDECIDED if undecided else NOTHING,
            tick=self._tick(claim, key) if decides or (self.corrects and is_noticed) else NOTHING,
            name=claim.person.name,
            partner=_filled("<span> → {}</span>", claim.partner.name) if claim.partner else NOTHING,
            points=claim.points,
            home=_muted(_("入家庭账户")) if claim.to_household else NOTHING,
            state=self._state(claim),
            deed=self._deed(claim, key),
            said=_filled(_SAID, claim.text) if claim.text else NOTHING,
            flags=_flags(anomalies) if anomalies else NOTHING,
            origin=_spans(self._filed(claim), self._certified(claim), self._before(claim)),
            decided=_decided(claim) if claim.decision and claim.approver else NOTHING,
            aside=_aside(answer) if self.takes and isinstance(answer, str) else NOTHING,
            thumbs=_thumbs(claim) if claim.tokens else NOTHING,
            acts=self._acts(claim, key, group, decides=decides),
        )

    def head(self, rule, *, is_alone: bool) -> SafeString:
        """Of a ``dealing.RuleGroup``: its sums, and what may be approved at once."""
        waits = NOTHING
        if rule.undecided:
            waits = _filled('<span class="todo">{}</span>', self.waits % {"n": rule.undecided})
        elif self.batch.takes_decisions:
            waits = pill(_("已审批"), tone="ok")
        approve = NOTHING
        if self.takes and len(rule.groups) > 1 and rule.clean:
            approve = _filled(_ALL, rule.code, self.approve_all % {"n": rule.clean})
        return _filled(
            _HEAD,
            code=rule.code,
            stem=self.stem,
            opens="none" if rule.is_open and not is_alone else rule.first.key,
            title=rule.title,
            sums=self.sums % {"n": rule.count, "p": rule.points},
            waits=waits,
            all=approve,
        )

    def _tick(self, claim: Claim, key: str) -> SafeString:
        checked = _CHECKED if claim.pk in self.picked else NOTHING
        return _filled(_TICK, key, checked, self.pick % {"name": claim.person.name, "n": key})

    def _state(self, claim: Claim) -> SafeString:
        """A batched one stands by its decision."""
        match claim.state, claim.decision:
            case ClaimState.BATCHED, "":
                return NOTHING
            case ClaimState.BATCHED, Decision.APPROVED:
                return pill(self.approve, tone="ok")
            case ClaimState.BATCHED, _refused:
                return pill(self.refuse, tone="bad")
            case ClaimState.OBJECTED, _any:
                return pill(self.states[claim.state], tone="warn")
            case ClaimState.REFUSED, _any:
                return pill(self.states[claim.state], tone="bad")
        return pill(self.states[claim.state], tone="info")

    def _deed(self, claim: Claim, key: str) -> SafeString:
        when = self._days[claim.happened_on]
        return _spans(when, _much(claim), claim.area.name, self.number % {"n": key})

    def _filed(self, claim: Claim) -> str:
        label = self.sources[claim.source]
        if claim.claimant and claim.source != Source.SELF:
            return f"{label} {claim.claimant.name}"
        return label

    def _certified(self, claim: Claim) -> str:
        if claim.certifier:
            return self.certified % {"name": claim.certifier.name}
        return self.by_system

    def _before(self, claim: Claim) -> str:
        before = claim.history
        if not before or not (before["times"] or before["refused"]):
            return self.first
        words = self.before % {"n": before["times"], "p": before["points"]}
        if before["refused"]:
            words += self.refused % {"r": before["refused"]}
        return words

    def _acts(self, claim: Claim, key: str, group: str, *, decides: bool) -> str:
        if decides and claim.decision:
            return _filled(_BUTTON, "undo", key, self.undo, NOTHING)
        if decides:
            refuse = _filled(_REFUSE, self.query, key, self.refuse)
            return _filled(_BUTTON, "approve", key, self.approve, refuse)
        if self.corrects and claim.state in {ClaimState.NOTICED, ClaimState.OBJECTED}:
            return _filled(_CORRECT, self.stem, group, key, _("更正"))
        return NOTHING


class ReviewRows:
    """Draws claims for the points group, names masked. They come from ``reviews.claims``."""

    def __init__(self):
        self.number = _("编号 %(n)s")
        self.certified, self.approved = _("认证 %(name)s"), _("审批 %(name)s")
        self.sources = {str(value): str(label) for value, label in Source.choices}
        self.aside = pill(_("您回避"), tone="warn")
        self._days = Days()

    def __call__(self, claim: Claim, *, is_aside: bool) -> SafeString:
        """``is_aside``: the reader's signature does not count for it."""
        key = SafeString(claim.pk)
        meta = [
            self.number % {"n": key},
            self._days[claim.happened_on],
            _much(claim),
            claim.area.name,
            self.sources[claim.source],
        ]
        if claim.certifier:
            meta.append(self.certified % {"name": claim.certifier.name})
        if claim.approver:
            meta.append(self.approved % {"name": claim.approver.name})
        return _filled(
            _REVIEWED,
            key=key,
            name=claim.person.name_masked,
            points=claim.points,
            title=_spans(claim.rule_version.title) + (self.aside if is_aside else NOTHING),
            meta=_spans(*meta),
            said=_filled(_SAID, claim.text) if claim.text else NOTHING,
            thumbs=_thumbs(claim) if claim.tokens else NOTHING,
        )


def _much(claim: Claim) -> str:
    version = claim.rule_version
    if version.grades:
        return claim.grade_label
    return f"{claim.quantity.normalize():f} {version.measure}"


def _spans(*texts: str) -> SafeString:
    return SafeString("".join(f"<span>{conditional_escape(text)}</span>" for text in texts))


def _muted(text: str) -> SafeString:
    return _filled(' <span class="muted">{}</span>', text)


def _flags(anomalies: Iterable[Anomaly]) -> SafeString:
    rows = ((icons.svg("flag", "micro"), one.label, one.words, _links(one)) for one in anomalies)
    return format_html_join("", _FLAG, rows)


def _links(anomaly: Anomaly) -> SafeString:
    links = ((reverse("points:claim", args=[pk]), str(pk)) for pk in anomaly.claims)
    return format_html_join("、", '<a href="{}">{}</a>', links)


def _decided(claim: Claim) -> SafeString:
    texts = [_("%(name)s审批") % {"name": claim.approver.name}]
    if claim.refusal_reason:
        texts.append(f"{claim.get_refusal_code_display()}：{claim.refusal_reason}")
    return _filled('<p class="meta">{}</p>', _spans(*texts))


def _aside(why: str) -> SafeString:
    return _filled('<p class="aside">{}{}</p>', icons.svg("user", "micro"), why)


def _thumbs(claim: Claim) -> SafeString:
    return render_to_string("points/parts/thumbs.html", {"claim": claim})
