"""What people fill in about deductions: report, fact, answer, decision, appeal, judgement."""

from django import forms
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import access
from orgs.forms import DayInput
from orgs.models import Area, AreaLevel
from orgs.models.people import PHONE_PATTERN
from orgs.uploads import WithPictures
from points import deduction_desk, evidence, who
from points.deductions import FALSE_CLAIM, OwnFamily, TermOver, WrongDay
from points.models import Claim, FactBasis, Rule, RuleKind
from rules.workflow import Missing

L = gettext_lazy
MOST_TRIES = 20  # people not found by one person a day: this form is no directory


class Refusing(forms.Form):
    """Says a verb's refusal where it belongs: beside its field, else on top."""

    def refuse(self, refused: Exception) -> None:
        names = refused.fields if isinstance(refused, Missing) else {}
        for name, label in names.items():
            text = _("请填写：%(names)s") % {"names": label}
            self.add_error(name if name in self.fields else None, text)
        if not names:
            self.add_error(None, str(refused))


def _words(label, required, *, most=300, rows=3, help_text="") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=help_text,
        error_messages={"required": required},
    )


class ReportForm(Refusing):
    """Who, what, when, under the reporter's own name."""

    rule = forms.ChoiceField(label=L("哪条规则"), error_messages={"required": L("请选择规则")})
    name = forms.CharField(
        label=L("当事人姓名"), max_length=40, error_messages={"required": L("请填写姓名")}
    )
    phone = forms.RegexField(
        PHONE_PATTERN,
        label=L("当事人手机号"),
        required=False,
        help_text=L("没有手机号的，填下面的楼栋和房号。"),
        error_messages={"invalid": L("请输入 11 位手机号")},
    )
    building = forms.ModelChoiceField(
        Area.objects.none(), label=L("楼栋"), required=False, empty_label=L("请选择")
    )
    room = forms.CharField(label=L("房号"), required=False, max_length=20)
    claim = forms.IntegerField(
        label=L("虚报的申报编号"),
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=L("只有虚报冒领（N03）要填；姓名填申报人或受益人。"),
    )
    happened_on = forms.DateField(
        label=L("发生日期"),
        widget=DayInput(),
        error_messages={"required": L("请填写发生日期")},
    )
    text = _words(
        L("情况"),
        L("请写明情况"),
        most=500,
        help_text=L("写看到和核实了什么。匿名照片、听说的事不能作为依据；不写别人的姓名。"),
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self.rules = {rule.pk: rule for rule in _rules_for(person)}
        self.fields["rule"].choices = [
            ("", _("请选择")),
            *((pk, f"{rule.code} {rule.said}") for pk, rule in self.rules.items()),
        ]
        buildings = access.scope(Area.objects.open(), person, who.REPORT, path_field="path")
        field = self.fields["building"]
        field.queryset = buildings.filter(level=AreaLevel.BUILDING)
        self.party = self.false_claim = None

    @property
    def chosen(self) -> Rule:
        return self.rules[int(self.cleaned_data["rule"])]

    def clean(self):
        given = super().clean()
        if not given.get("rule") or not given.get("name"):
            return given
        if self.chosen.code == FALSE_CLAIM:
            self._find_by_claim(given)
        elif given.get("phone") or (given.get("building") and given.get("room")):
            self._find(given)
        elif "phone" not in self.errors:
            self.add_error("phone", _("请填手机号，或楼栋和房号"))
        return given

    def refuse(self, refused: Exception) -> None:
        if isinstance(refused, OwnFamily):
            self.add_error("name", str(refused))
        else:
            super().refuse(refused)

    def _find_by_claim(self, given) -> None:
        number = given.get("claim")
        if number is None:
            if "claim" not in self.errors:
                self.add_error("claim", _("请填写申报编号"))
            return
        rows = access.scope(Claim.objects.all(), self.person, who.REPORT)
        claim = rows.select_related("person", "claimant", "area").filter(pk=number).first()
        people = [claim.person, claim.claimant] if claim else []
        party = next((one for one in people if one and one.name == given["name"].strip()), None)
        if party is None:
            self.add_error("claim", _("您负责的地方没有这个编号、又是此人申报或受益的积分"))
            return
        self.party, self.false_claim = party, claim

    def _find(self, given) -> None:
        tried = f"points:deduction:{self.person.pk}:{timezone.localdate()}"
        if cache.get(tried, 0) >= MOST_TRIES:
            self.add_error("name", _("今天没找到的次数太多，请明天再试"))
            return
        self.party = deduction_desk.find_party(
            name=given["name"],
            phone=given.get("phone") or "",
            building=given.get("building"),
            room=given.get("room") or "",
        )
        if self.party is None:
            cache.add(tried, 0, 24 * 3600)
            cache.incr(tried)
            field = "phone" if given.get("phone") else "room"
            self.add_error(field, _("姓名和这里填的对不上，请核对"))


def _rules_for(person) -> list[Rule]:
    """Rules of deductions of the subdistricts around the person's places. Two queries."""
    paths = access.rights_of(person).area_paths(who.REPORT)
    around = {path[:end] for path in paths for end in range(4, len(path) + 1, 4)}
    rules = Rule.objects.filter(kind=RuleKind.DEDUCT, area_path__in=around).order_by("code")
    found = []
    for rule in rules.prefetch_related("versions"):
        versions = list(rule.versions.all())
        if versions:
            rule.said = versions[-1].title
            found.append(rule)
    return found


class FactForm(WithPictures, Refusing):
    """The document of a competent body, or a written admission; with its photo."""

    keeper = evidence
    basis = forms.ChoiceField(
        label=L("事实依据"),
        choices=FactBasis.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择依据")},
    )
    issuer = forms.CharField(
        label=L("认定机关"), required=False, max_length=60, help_text=L("本人承认的不用填。")
    )
    document_number = forms.CharField(label=L("文书编号"), required=False, max_length=60)
    field_order = ["key", "basis", "issuer", "document_number", "photos"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        photos = self.fields["photos"]
        photos.label = L("文书或承认书的照片")
        photos.required = True  # for its label: the field itself never raises, clean() does

    def clean(self):
        given = super().clean()
        if given.get("basis") == FactBasis.DOCUMENT:
            for name in ("issuer", "document_number"):
                if not (given.get(name) or "").strip() and name not in self.errors:
                    what = self.fields[name].label
                    self.add_error(name, _("请填写%(what)s") % {"what": what})
        if not self.has_photos and "photos" not in self.errors:
            self.add_error("photos", _("请附上文书或承认书的照片"))
        return given


class AnswerForm(Refusing):
    answer = _words(
        L("您的意见"),
        L("请写下您的意见"),
        most=2000,
        rows=5,
        help_text=L("事情是怎样的、有什么原因，都可以写。"),
    )


class HearForm(Refusing):
    """What was said in the room, entered for the one concerned."""

    spoken_on = forms.DateField(
        label=L("哪天说的"),
        widget=DayInput(),
        error_messages={"required": L("请填写哪天说的")},
    )
    answer = _words(
        L("当事人说了什么"),
        L("请写下当事人说的话"),
        most=2000,
        rows=5,
        help_text=L("照原话写，读给当事人听过再录入。会标明由您听取、代为录入，当事人会收到全文。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("spoken_on", timezone.localdate())

    def refuse(self, refused: Exception) -> None:
        if isinstance(refused, WrongDay | TermOver):
            self.add_error("spoken_on", str(refused))
        else:
            super().refuse(refused)


class DecideForm(Refusing):
    points = forms.IntegerField(
        label=L("扣减积分"),
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": L("请填写扣减多少分"), "min_value": L("至少 1 分")},
    )
    reason = _words(L("决定理由"), L("请写明理由"), help_text=L("当事人会看到这段话。"))

    def __init__(self, *args, most: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("points", most)
        text = _("按规则最多 %(most)d 分；账户不足的，扣到零为止。")
        self.fields["points"].help_text = text % {"most": most}


class DropForm(Refusing):
    reason = _words(L("不扣减的原因"), L("请写明原因"))


class AppealForm(Refusing):
    reason = _words(
        L("申诉理由"),
        L("请写下申诉理由"),
        most=2000,
        rows=5,
        help_text=L("由没有参与过这件事的人复核。"),
    )


class JudgeForm(Refusing):
    stands = forms.TypedChoiceField(
        label=L("复核结果"),
        coerce=lambda value: value == "yes",
        choices=[("yes", L("申诉成立，不扣减")), ("no", L("维持决定，现在扣减"))],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择结果")},
    )
    reason = _words(L("复核意见"), L("请写明意见"), help_text=L("当事人会看到这段话。"))
