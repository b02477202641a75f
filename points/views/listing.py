"""Claims for others: a grid worker for a household or a person, a leader for a list of people."""

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orgs.access import signed_in
from orgs.forms import DayInput
from orgs.uploads import WithPictures, writing
from points import evidence, listed
from points.models import CapSubject, Evidence
from points.staff_forms import Refusable
from rules.refusals import Refused

L = gettext_lazy


class ListForm(WithPictures, Refusable):
    """One deed for several people. Asks only for what the rule needs."""

    keeper = evidence

    happened_on = forms.DateField(
        label=L("哪天做的"),
        widget=DayInput(),
        error_messages={"required": L("请选择日期"), "invalid": L("请填写正确的日期")},
    )
    grade = forms.TypedChoiceField(label=L("档次"), coerce=int)
    quantity = forms.DecimalField(
        label=L("每人的数量"),
        min_value=Decimal("0.1"),
        max_value=Decimal(999),
        max_digits=4,
        decimal_places=1,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "required": L("请填写数量"),
            "invalid": L("请填写数字"),
            "min_value": L("数量须大于零"),
            "max_value": L("数量太大"),
            "max_decimal_places": L("数量最多一位小数"),
            "max_digits": L("数量太大"),
        },
    )
    people = forms.CharField(
        label=L("给谁"),
        required=False,
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "people-lines"}),
        help_text=L("一行一人，写姓名或手机号；同名的写手机号。可以从表格里整列粘贴。"),
        error_messages={"required": L("请写上给谁申报，或在下面勾选")},
    )
    partner = forms.CharField(
        label=L("结对对象"),
        max_length=60,
        help_text=L("姓名或手机号"),
        error_messages={"required": L("请写结对对象")},
    )
    text = forms.CharField(
        label=L("做了什么"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("写清时间、地点和做了什么；不写别人的姓名和门牌"),
        error_messages={"required": L("请写一两句话说明做了什么")},
    )
    field_order = ["key", "happened_on", "grade", "quantity", "people", "partner", "text", "photos"]

    def __init__(self, *args, version, source, ticked=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.version, self.source, self.ticked = version, source, list(ticked)
        self.lines: list[listed.Line] = []
        if not self.is_bound:
            self.initial.setdefault("happened_on", timezone.localdate())
            self.initial.setdefault("quantity", 1)
        if version.grades:
            choices = zip(version.grades, version.amounts, strict=True)
            self.fields["grade"].choices = [
                (at, _("%(grade)s（%(points)d 分）") % {"grade": grade, "points": points})
                for at, (grade, points) in enumerate(choices)
            ]
        else:
            del self.fields["grade"]
        self.fields["quantity"].label = _("每人的数量（%(measure)s）") % {
            "measure": version.measure
        }
        if not any(cap.subject == CapSubject.PAIR for cap in version.caps.all()):
            del self.fields["partner"]
        self.fields["people"].required = not self.ticked
        self.fields["text"].required = version.evidence == Evidence.TEXT
        self.fields["photos"].required = version.evidence in {Evidence.PHOTO, Evidence.DOCUMENT}
        if version.evidence == Evidence.DOCUMENT:
            self.fields["photos"].label = L("证书、文书的照片")

    def clean_partner(self):
        (line,) = listed.read(self.cleaned_data["partner"], self.person, self.source)[:1]
        if line.problem:
            raise forms.ValidationError(line.problem)
        return line.person

    def clean(self):
        given = super().clean()
        self.lines = listed.read(given.get("people", ""), self.person, self.source)
        have = {line.person.pk for line in self.lines if line.person is not None}
        for home in self.ticked:
            if home.person_id not in have:
                have.add(home.person_id)
                self.lines.append(listed.Line(home.person.name, home.person))
        if len(self.lines) > listed.MOST_LINES:
            self.add_error(
                "people", _("一次最多 %(most)d 人，请分几次") % {"most": listed.MOST_LINES}
            )
        elif any(line.problem for line in self.lines):
            self.add_error("people", self.trouble())
        if self.fields["photos"].required and not self.has_photos and "photos" not in self.errors:
            self.add_error("photos", _("请附上%(what)s") % {"what": self.fields["photos"].label})
        return given

    def trouble(self) -> str:
        count = sum(bool(line.problem) for line in self.lines)
        return _("有 %(count)d 人不能申报，理由写在名单旁边；还没有提交任何一人") % {"count": count}

    def file(self) -> int:
        """Raises Incomplete or Refused, and nothing is written."""
        given = self.cleaned_data
        with writing():
            photos = self.drafts + evidence.keep(
                given["photos"], draft_key=given["key"], by=self.person
            )
            return listed.file_whole(
                self.version.rule,
                self.lines,
                by=self.person,
                source=self.source,
                happened_on=given["happened_on"],
                quantity=given["quantity"],
                grade=given.get("grade", 0),
                text=given["text"],
                partner=given.get("partner"),
                evidence=photos,
                source_key=f"list:{given['key']}",
            )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def claim_for(request):
    """Pick a rule, then the people; ``?building=`` shows a building's residents to tick."""
    if not listed.may_list(request.user):
        raise Http404
    rules = listed.offered(request.user, timezone.localdate())
    code = request.GET.get("rule", "")
    if not code:
        return render(request, "points/claim_rules.html", {"rules": rules})
    chosen = next((one for one in rules if one[0].rule.code == code), None)
    if chosen is None:
        raise Http404
    version, source = chosen
    homes = _homes(request, source)
    if request.method != "POST":
        form = ListForm(person=request.user, version=version, source=source)
        return _page(request, form, homes)
    ticked = {int(pk) for pk in request.POST.getlist("resident") if pk.isdecimal()}
    form = ListForm(
        request.POST,
        request.FILES,
        person=request.user,
        version=version,
        source=source,
        ticked=_ticked(request, source, ticked),
    )
    if form.is_valid():
        try:
            count = form.file()
        except listed.Incomplete:
            form.add_error("people", form.trouble())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(
                request, _("已为 %(count)d 人申报，等有认证职责的人认证。") % {"count": count}
            )
            return redirect("points:claim_for")
    form.keep_drafts()
    return _page(request, form, homes, picked=ticked, status=422)


def _ticked(request, source: str, pks):
    homes = listed.residents(request.user, source).filter(pk__in=list(pks)[:300])
    return list(homes.select_related("person").order_by("pk"))


def _homes(request, source: str) -> dict:
    """The buildings of the place, and who lives in the one that was chosen."""
    building = request.GET.get("building", "")
    buildings = listed.buildings(request.user, source)
    chosen = next((one for one in buildings if str(one.pk) == building), None)
    return {
        "buildings": buildings,
        "building": chosen,
        "residents": listed.at_building(request.user, source, chosen.pk) if chosen else [],
    }


def _page(request, form: ListForm, homes: dict, *, picked=(), status=200):
    context = {
        "form": form,
        "version": form.version,
        "source": form.source,
        "picked": picked,
        "lines": form.lines if any(line.problem for line in form.lines) else [],
        **homes,
    }
    return render(request, "points/claim_for.html", context, status=status)
