"""One form per verb of the whistle; those about one department carry its call."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import whistles
from grids.forms import STARS
from grids.models import Scene, Whistle, WhistleCall
from rules.clocks import describe

L = gettext_lazy


def _lines(rows: int, **attributes):
    return forms.Textarea(attrs={"rows": rows, **attributes})


def _yes_no(yes, no, **options):
    return forms.TypedChoiceField(
        choices=[("yes", yes), ("no", no)],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
        **options,
    )


class WhistleForm(forms.Form):
    """Base: ids differ, so that several can stand on one page."""

    verb = ""
    is_change = False  # of something that stands: offered below, not as the next thing to do

    def __init__(self, *args, issue, whistle: Whistle | None, call: WhistleCall | None, **kwargs):
        self.issue, self.whistle, self.call = issue, whistle, call
        kwargs.setdefault("auto_id", f"id_{self.verb}_{call.pk if call else ''}_%s")
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self):
        """Choices and first values that depend on the whistle."""

    @property
    def given(self) -> dict:
        return dict(self.cleaned_data)


def _scenes(params: dict) -> list[tuple[str, str]]:
    """Each scene with the term in which its departments have to come."""
    terms = {Scene.NORMAL: params["report_in"], Scene.ENFORCEMENT: params["report_in_scene"]}
    return [
        (
            scene,
            _("%(scene)s：%(term)s内报到")
            % {"scene": scene.label, "term": describe(term["unit"], term["amount"])},
        )
        for scene, term in terms.items()
    ]


class AskForm(WhistleForm):
    verb = "ask"
    why_failed = forms.CharField(
        label=L("街道为什么办不成"),
        max_length=1000,
        min_length=6,
        widget=_lines(3),
        help_text=L("做过什么、差在哪里；没有做过的先在街道办理"),
        error_messages={"required": L("请写明街道已经做了什么、为什么办不成")},
    )
    duty_basis = forms.CharField(
        label=L("职责依据"),
        max_length=1000,
        min_length=4,
        widget=_lines(2),
        help_text=L("法规、三定方案或职责清单的哪一条，说明是哪个部门的事"),
        error_messages={"required": L("请写明部门职责的依据")},
    )
    scene = forms.ChoiceField(
        label=L("场景"),
        choices=Scene.choices,
        initial=Scene.NORMAL,
        widget=forms.RadioSelect,
    )
    departments = forms.TypedMultipleChoiceField(
        label=L("要叫的部门"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": L("请至少选一个部门")},
    )
    lead = forms.TypedChoiceField(
        label=L("牵头部门"),
        coerce=int,
        help_text=L("牵头部门承办这件事项，定方案、报结果"),
        error_messages={"required": L("请选择由哪个部门牵头")},
    )

    def prepare(self):
        self.organizations = {one.pk: one for one in whistles.candidates(self.issue)}
        self.fields["scene"].choices = _scenes(whistles.rules_for(self.issue).params)
        choices = [(pk, one.name) for pk, one in self.organizations.items()]
        self.fields["departments"].choices = choices
        self.fields["lead"].choices = [("", _("请选择")), *choices]

    def clean(self):
        given = super().clean()
        lead, wanted = given.get("lead"), given.get("departments")
        if lead and wanted and lead not in wanted:
            self.add_error("lead", _("牵头部门须是上面勾选的部门之一"))
        return given

    @property
    def given(self):
        given = dict(self.cleaned_data)
        given["departments"] = [self.organizations[pk] for pk in given["departments"]]
        given["lead"] = self.organizations[given["lead"]]
        return given


class ApproveForm(WhistleForm):
    verb = "approve"
    reason = forms.CharField(label=L("批示"), max_length=200, required=False, widget=_lines(2))


class RefuseForm(WhistleForm):
    verb = "refuse"
    reason = forms.CharField(
        label=L("不批准的原因"),
        max_length=200,
        widget=_lines(2),
        error_messages={"required": L("请写明为什么不批准，街道据此办理")},
    )


class OfCall(WhistleForm):
    """About one department."""

    @property
    def given(self):
        return {**self.cleaned_data, "call": self.call.pk}


class ReportInForm(OfCall):
    verb = "report_in"
    reason = forms.CharField(
        label=L("报到说明"),
        max_length=200,
        required=False,
        help_text=L("您就是本部门的经办人；报到时间由系统记录，不能更改"),
    )


class PlanForm(WhistleForm):
    """A task and a day for each department that is not done."""

    verb = "plan"

    def prepare(self):
        today = timezone.localdate()
        promised = self.issue.promised_at
        self.last = max(today, timezone.localdate(promised)) if promised else today
        self.calls = [call for call in self.whistle.standing() if call.done_at is None]
        for call in self.calls:
            self.fields[f"task_{call.pk}"] = forms.CharField(
                label=_("%(name)s的任务") % {"name": call.organization.name},
                max_length=500,
                initial=call.task,
                widget=_lines(2),
            )
            self.fields[f"due_{call.pk}"] = forms.DateField(
                label=_("%(name)s的完成日期") % {"name": call.organization.name},
                initial=min(call.due_on, self.last) if call.due_on else self.last,
                widget=forms.DateInput(
                    format="%Y-%m-%d",
                    attrs={
                        "type": "date",
                        "min": today.isoformat(),
                        "max": self.last.isoformat(),
                    },
                ),
                help_text=_("不晚于承诺办结的%(day)s") % {"day": f"{self.last:%Y-%m-%d}"},
            )

    def clean(self):
        given = super().clean()
        for call in self.calls:
            day = given.get(f"due_{call.pk}")
            if day is not None and not timezone.localdate() <= day <= self.last:
                text = _("日期须在今天至%(day)s之间") % {"day": f"{self.last:%Y-%m-%d}"}
                self.add_error(f"due_{call.pk}", text)
        return given

    @property
    def given(self):
        data = self.cleaned_data
        return {
            "tasks": {
                call.pk: (data[f"task_{call.pk}"], data[f"due_{call.pk}"]) for call in self.calls
            }
        }


class FinishForm(OfCall):
    verb = "finish"
    result = forms.CharField(
        label=L("完成情况"),
        max_length=1000,
        min_length=4,
        widget=_lines(3),
        help_text=L("做了什么、现在怎么样"),
        error_messages={"required": L("请写明完成情况")},
    )


class AddForm(WhistleForm):
    verb = "add"
    department = forms.TypedChoiceField(label=L("增加的部门"), coerce=int)
    reason = forms.CharField(label=L("为什么增加"), max_length=200, widget=_lines(2))

    def prepare(self):
        called = {call.organization_id for call in self.whistle.standing()}
        self.organizations = {
            one.pk: one for one in whistles.candidates(self.issue) if one.pk not in called
        }
        choices = [(pk, one.name) for pk, one in self.organizations.items()]
        self.fields["department"].choices = [("", _("请选择")), *choices]

    @property
    def given(self):
        department = self.organizations[self.cleaned_data["department"]]
        return {**self.cleaned_data, "department": department}


class RemoveForm(WhistleForm):
    verb = "remove"
    call_pk = forms.TypedChoiceField(label=L("撤下的部门"), coerce=int)
    lead = forms.TypedChoiceField(
        label=L("改由哪个部门牵头"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=L("撤下牵头部门时必选"),
    )
    reason = forms.CharField(
        label=L("撤下原因"),
        max_length=200,
        widget=_lines(2),
        help_text=L("事不完、人不撤：确实叫错了才撤下"),
    )

    def prepare(self):
        calls = self.whistle.standing()
        self.leads = {call.pk for call in calls if call.is_lead}
        choices = [("", _("请选择")), *((call.pk, call.organization.name) for call in calls)]
        self.fields["call_pk"].choices = self.fields["lead"].choices = choices

    def clean(self):
        given = super().clean()
        if given.get("call_pk") in self.leads and given.get("lead") in {None, given["call_pk"]}:
            self.add_error("lead", _("撤下牵头部门，须另选一个部门牵头"))
        return given

    @property
    def given(self):
        given = dict(self.cleaned_data)
        given["call"] = given.pop("call_pk")
        if given["call"] not in self.leads:
            given["lead"] = None
        return given


class RateDepartmentForm(OfCall):
    verb = "rate_department"
    stars = forms.TypedChoiceField(
        label=L("办得怎么样"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    comment = forms.CharField(label=L("评语"), max_length=500, required=False, widget=_lines(2))

    def clean(self):
        given = super().clean()
        return _low_stars_need_words(self, given)


class RateNecessityForm(OfCall):
    verb = "rate_necessity"
    necessary = _yes_no(L("有必要"), L("没有必要"), label=L("这次吹哨有没有必要"))
    stars = forms.TypedChoiceField(
        label=L("街道组织得怎么样"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    comment = forms.CharField(label=L("评语"), max_length=500, required=False, widget=_lines(2))

    def clean(self):
        given = super().clean()
        if given.get("necessary") is False and not (given.get("comment") or "").strip():
            self.add_error("comment", _("认为没有必要的，请写明原因"))
            return given
        return _low_stars_need_words(self, given)


def _low_stars_need_words(form, given):
    if (given.get("stars") or 5) <= 2 and not (given.get("comment") or "").strip():
        form.add_error("comment", _("两星及以下请写明原因"))
    return given


FORMS: dict[str, type[WhistleForm]] = {
    form.verb: form
    for form in (
        AskForm,
        ApproveForm,
        RefuseForm,
        ReportInForm,
        PlanForm,
        FinishForm,
        AddForm,
        RemoveForm,
        RateDepartmentForm,
        RateNecessityForm,
    )
}
