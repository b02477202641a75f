"""The shape of what people fill in: posting, and one form per verb of the table."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import cohandling, deidentify, limits, photos, replies
from grids.models import (
    WORKING,
    Category,
    CategoryGroup,
    ClockKind,
    DelayReason,
    DelayRequest,
    Issue,
    Level,
    RefusalCode,
    State,
    Urgency,
)
from orgs import uploads
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

L = gettext_lazy


# --- photos --------------------------------------------------------------------------------------


class WithPhotos(uploads.WithPictures):
    """A form with photos of an issue."""

    keeper = photos


# --- posting -------------------------------------------------------------------------------------


def grouped(categories) -> list[tuple[str, list[Category]]]:
    """Categories under the names of their groups, in order."""
    by_group: dict[str, list[Category]] = {}
    for category in categories:
        by_group.setdefault(category.group, []).append(category)
    return [(CategoryGroup(group).label, rows) for group, rows in by_group.items()]


def place_choices(grids: list[Area], communities: dict[str, Area]) -> list:
    """Open grids under the names of their communities."""
    choices: dict[str, list[tuple[int, str]]] = {}
    for grid in grids:
        community = communities.get(grid.path[: -Area.steplen])
        name = community.name if community else ""
        choices.setdefault(name, []).append((grid.pk, f"{name}{grid.name}"))
    return list(choices.items())


class PostForm(WithPhotos):
    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label=L("类别"),
        error_messages={"required": L("请选一类；不确定就选“其他事项”")},
    )
    place = forms.TypedChoiceField(
        label=L("地点所在网格"),
        coerce=int,
        error_messages={"required": L("请选择地点所在的网格")},
    )
    place_text = forms.CharField(
        label=L("具体位置"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": L("例如：3栋2单元楼道、东门岗亭旁")}),
    )
    text = forms.CharField(
        label=L("情况说明"),
        max_length=2000,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=L("说清时间和情况就好；不用写姓名、电话、门牌"),
        error_messages={
            "required": L("请写一两句话，说明发生了什么"),
            "min_length": L("请再多写几个字，让办理的人看得明白"),
        },
    )
    anonymous = forms.BooleanField(
        label=L("匿名反映"),
        required=False,
        help_text=L("公开页面从不显示您的姓名。勾选后，办理的单位和人员也看不到您是谁。"),
    )

    about_lead = forms.BooleanField(
        label=L("反映的就是物业、业委会等承办单位"),
        required=False,
        help_text=L("勾选后，不告诉承办单位您是谁，并建议由别的单位来办。"),
    )

    field_order = [
        *("key", "category", "place", "place_text", "text", "photos"),
        *("anonymous", "about_lead"),
    ]

    def __init__(self, *args, grids: list[Area], communities: dict[str, Area], **kwargs):
        super().__init__(*args, **kwargs)
        self.grids = {grid.pk: grid for grid in grids}
        choices = place_choices(grids, communities)
        if len(grids) != 1:
            choices = [("", L("请选择")), *choices]
        self.fields["place"].choices = choices

    def clean_place(self) -> Area:
        return self.grids[self.cleaned_data["place"]]


# --- verbs ---------------------------------------------------------------------------------------


class VerbForm(forms.Form):
    """Base of the working forms: ids differ, so that several can stand on one page."""

    verb = ""
    kept_photos = False

    def __init__(self, *args, issue, person, **kwargs):
        self.issue = issue
        kwargs.setdefault("auto_id", f"id_{self.verb}_%s")
        if isinstance(self, WithPhotos):
            kwargs["person"] = person
        super().__init__(*args, **kwargs)
        self.person = person
        self.templates = []  # reply templates that can be inserted
        self.prepare()

    def prepare(self):
        """Choices and first values that depend on the issue."""

    @property
    def template_target(self) -> str:
        """The id of the field that takes a template's words."""
        return self[replies.TEXT_FIELDS[self.verb]].id_for_label

    @property
    def given(self) -> dict:
        """What goes to the verb."""
        return dict(self.cleaned_data)

    def afterwards(self) -> str:
        """What to do once the verb is done; a sentence when the person should know."""
        return ""


class NothingForm(VerbForm):
    """A verb that asks for nothing."""


class AcknowledgeForm(NothingForm):
    verb = "acknowledge"


class SignForm(NothingForm):
    verb = "sign"


class FileForm(VerbForm):
    verb = "file"
    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True), label=L("类别"), empty_label=None
    )
    level = forms.ChoiceField(label=L("层级"), choices=Level.choices)
    urgency = forms.ChoiceField(label=L("紧急程度"), choices=Urgency.choices)
    area = forms.ModelChoiceField(Area.objects.none(), label=L("网格"), empty_label=None)
    place_text = forms.CharField(label=L("具体位置"), max_length=80, required=False)
    reason = forms.CharField(
        label=L("给反映人的说明"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("调整类别或层级使承诺时间推后时必填"),
    )
    publish = forms.BooleanField(label=L("公开这件事项"), required=False)
    public_title = forms.CharField(label=L("公开标题"), max_length=60, required=False)
    public_place = forms.CharField(label=L("公开位置"), max_length=80, required=False)
    public_summary = forms.CharField(
        label=L("公开说明"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("已自动去掉姓名、电话、门牌，请再看一遍"),
    )
    public_photos = forms.MultipleChoiceField(
        label=L("可以公开的照片"), required=False, widget=forms.CheckboxSelectMultiple
    )
    and_dispatch = forms.BooleanField(label=L("立案并派单"), required=False)
    expected_lead = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def prepare(self):
        issue = self.issue
        self._prepare_dispatch()
        community = issue.area.community
        grids = Area.objects.open().filter(level=AreaLevel.GRID)
        if community is not None:
            grids = grids.within(community)
        self.fields["area"].queryset = (
            grids
            if issue.area.level == AreaLevel.GRID
            else (Area.objects.filter(pk=issue.area_id) | grids)
        )
        self.fields["public_photos"].choices = [
            (photo.token, str(n)) for n, photo in enumerate(issue.photos.all(), 1)
        ]
        for name, value in {
            "category": issue.category_id,
            "level": issue.level,
            "urgency": issue.urgency,
            "area": issue.area_id,
            "place_text": issue.place_text,
            "publish": issue.category.is_public,
            "public_title": deidentify.mask(issue.title),
            "public_place": deidentify.mask(issue.place_text),
            "public_summary": deidentify.mask(issue.description),
        }.items():
            self.initial.setdefault(name, value)

    def _prepare_dispatch(self):
        """Offered only where the responsibility table names exactly one body."""
        from grids import dispatch

        one = dispatch.automatic(self.issue, self.person)
        if one is None:
            del self.fields["and_dispatch"], self.fields["expected_lead"]
            return
        text = _("立案后直接派给%(name)s") % {"name": one.organization.name}
        self.fields["and_dispatch"].label = text
        self.fields["and_dispatch"].help_text = one.reason
        self.initial.setdefault("and_dispatch", True)
        self.initial.setdefault("expected_lead", one.organization.pk)

    @property
    def given(self):
        given = dict(self.cleaned_data)
        self.wants_lead = given.pop("and_dispatch", False) and given.pop("expected_lead", None)
        given.pop("expected_lead", None)
        return given

    def afterwards(self) -> str:
        """Dispatch to the body that was shown, if the table still names it for what was filed."""
        from grids import dispatch, handling

        if not self.wants_lead:
            return ""
        one = dispatch.automatic(self.issue, self.person)
        if one is None or one.organization.pk != self.wants_lead:
            return _("已立案。改动以后责任清单的承办单位不同了，请再看一眼并派单")
        lead, reason = one.organization, one.reason
        try:
            handling.advance(self.issue, "dispatch", by=self.person, lead=lead, reason=reason)
        except Refused as refused:
            return _("已立案，没有派单：%(why)s") % {"why": refused}
        return ""

    def clean(self):
        given = super().clean()
        category = given.get("category")
        if given.get("publish") and category is not None and category.is_public:
            for name in ("public_title", "public_place", "public_summary"):
                if kinds := deidentify.left_in(given.get(name) or ""):
                    text = _("这里还有%(kinds)s，请删去") % {"kinds": "、".join(kinds)}
                    self.add_error(name, text)
            if not (given.get("public_title") or "").strip() and "public_title" not in self.errors:
                self.add_error("public_title", _("公开时须有标题"))
        return given


class LeadChoice(forms.RadioSelect):
    """Radio buttons of which some cannot be pressed; ``barred``: values and why not."""

    barred: dict[int, str] = {}

    def create_option(self, name, value, *args, **kwargs):
        option = super().create_option(name, value, *args, **kwargs)
        if value in self.barred:
            option["attrs"]["disabled"] = True
        return option


class LeadForm(VerbForm):
    """Who leads: the responsibility table's choice first, whom the gate bars last, with why."""

    lead = forms.TypedChoiceField(
        label=L("承办单位"),
        widget=LeadChoice,
        error_messages={
            "required": L("请选择由谁承办"),
            "invalid_choice": L("请从列出的单位里选择"),
        },
    )
    assists = forms.TypedMultipleChoiceField(
        label=L("请谁协办"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=L("协办单位看得到同一份记录，可以添加记录，不负责办结"),
        error_messages={"invalid_choice": L("请从列出的单位里选择")},
    )

    def prepare(self):
        from grids import dispatch

        there = dispatch.choices_once(self.issue, self.person)
        found = there.bodies
        self._prepare_assists(there)
        self.organizations = {one.organization.pk: one.organization for one in found}
        self.barred = {one.organization.pk: one.barred for one in found if one.barred}
        field = self.fields["lead"]
        field.coerce = int
        field.choices = [(one.organization.pk, lead_words(one)) for one in found]
        field.widget.barred = self.barred
        usual = next((one for one in found if one.suggested and not one.barred), None)
        if usual is not None:
            field.help_text = usual.reason
            if self.issue.lead_id != usual.organization.pk:
                self.initial.setdefault("lead", usual.organization.pk)
        if found and len(self.barred) == len(found):
            field.help_text = _("这里没有可以主办的单位，请街道指挥中心派给街道或部门")

    def clean_lead(self):
        chosen = self.cleaned_data["lead"]
        if chosen in self.barred:
            raise forms.ValidationError(self.barred[chosen])
        return self.organizations[chosen]

    def _prepare_assists(self, there):
        """Whom the table names to help, and a community that may only assist."""
        self.only_assist = [one.organization for one in there.bodies if one.may_assist]
        possible = {body.pk: body for body in [*there.assists, *self.only_assist]}
        self.helpers = possible
        if not possible:
            del self.fields["assists"]
            return
        self.fields["assists"].choices = [(pk, body.name) for pk, body in possible.items()]
        named = [body.pk for body in there.assists if body not in self.only_assist]
        self.initial.setdefault("assists", named)

    def clean(self):
        """The button 只协办 adds its community to those who assist."""
        given = super().clean()
        chosen = list(given.get("assists") or ())
        pressed = self.data.get("assist_only", "")
        chosen += [body.pk for body in self.only_assist if str(body.pk) == pressed]
        lead = given.get("lead")
        given["assists"] = [
            self.helpers[pk] for pk in dict.fromkeys(chosen) if lead is None or pk != lead.pk
        ]
        return given


def lead_words(candidate) -> str:
    """青桐物业服务公司（在办 3 件）, or why it cannot lead."""
    if candidate.barred:
        return _("%(name)s：%(why)s") % {
            "name": candidate.organization.name,
            "why": candidate.barred,
        }
    return _("%(name)s（在办 %(count)d 件）") % {
        "name": candidate.organization.name,
        "count": candidate.open_count,
    }


class DispatchForm(LeadForm):
    verb = "dispatch"
    reason = forms.CharField(label=L("给承办单位的话"), max_length=200, required=False)


class RedirectForm(LeadForm):
    verb = "redirect"
    reason = forms.CharField(
        label=L("改派原因"),
        max_length=200,
        error_messages={"required": L("请写明为什么改派")},
    )


class ContactForm(VerbForm):
    verb = "contact"
    note = forms.CharField(
        label=L("联系情况"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("怎样联系的、约定了什么；反映人看得到"),
    )

    def prepare(self):
        if not self.issue.shows_reporter_to_handlers():
            self.fields["note"].help_text = _("反映人未公开身份：写在这里的话会发消息给反映人")


class NoteForm(VerbForm):
    verb = "note"
    note = forms.CharField(
        label=L("记录内容"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    for_reporter = forms.BooleanField(label=L("让反映人也看到"), required=False)


class ReportForm(VerbForm, WithPhotos):
    verb = "report"
    kept_photos = True
    result = forms.CharField(
        label=L("办理结果"),
        max_length=2000,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("做了什么、现在怎么样；反映人会看到"),
        error_messages={"required": L("请写明办理结果")},
    )
    no_photo_reason = forms.CharField(
        label=L("没有照片的原因"), max_length=200, required=False, help_text=L("有照片就不用填")
    )
    field_order = ["key", "result", "photos", "no_photo_reason"]

    def prepare(self):
        self.fields["photos"].label = L("办理后照片")

    def clean(self):
        given = super().clean()
        if (
            not self.has_photos
            and "photos" not in self.errors
            and not (given.get("no_photo_reason") or "").strip()
        ):
            self.add_error("photos", _("请上传办理后照片，或在下面写明没有照片的原因"))
        return given

    @property
    def given(self):
        given = dict(self.cleaned_data)
        given.pop("photos", None)
        return {**given, "pictures": self.pictures.ready}


class RecuseForm(VerbForm):
    verb = "recuse"
    person = forms.TypedChoiceField(
        label=L("谁回避"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择谁回避")},
    )
    reason = forms.CharField(
        label=L("回避原因"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("例如：当事人是近亲属、住在同一楼、是被反映的一方；只有工作人员看得到"),
        error_messages={"required": L("请写明为什么回避")},
    )

    def prepare(self):
        from grids import recusal

        found = recusal.candidates(self.issue, self.person)
        self.people = {person.pk: person for person in found}
        self.fields["person"].choices = [
            (person.pk, _("我自己") if person.pk == self.person.pk else person.name)
            for person in found
        ]
        if self.person.pk in self.people:
            self.initial.setdefault("person", self.person.pk)

    def clean_person(self):
        return self.people[self.cleaned_data["person"]]


class WithdrawForm(VerbForm):
    verb = "withdraw"
    reason = forms.CharField(
        label=L("撤单原因"),
        max_length=200,
        error_messages={"required": L("请写明来件单位为什么撤回")},
    )


class SupplementForm(VerbForm):
    verb = "supplement"
    note = forms.CharField(
        label=L("补充内容"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class AssignForm(VerbForm):
    """Who in the lead body handles it; how much each has is shown."""

    verb = "assign"
    assignee = forms.TypedChoiceField(
        label=L("承办人"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": L("请选择承办人"),
            "invalid_choice": L("请从列出的人员里选择"),
        },
    )
    reason = forms.CharField(
        label=L("说明"),
        max_length=200,
        required=False,
        error_messages={"required": L("请写明为什么换人")},
    )

    def prepare(self):
        from grids import roster

        now = self.issue.handler_id or self.issue.assignee_id
        found = roster.members(self.issue.lead, people=roster.able(self.issue))
        found = [one for one in found if one.person.pk != now]
        self.people = {one.person.pk: one.person for one in found}
        self.fields["assignee"].choices = [(one.person.pk, member_words(one)) for one in found]
        if self.issue.handler_id:
            self.fields["reason"].label = _("换人原因")
            self.fields["reason"].required = True

    def clean_assignee(self):
        return self.people[self.cleaned_data["assignee"]]


def member_words(member) -> str:
    """王五（在办 3 件，超期 1 件；12月3日前不在岗）"""
    words = _("%(name)s（在办 %(count)d 件") % {
        "name": member.person.name,
        "count": member.open_count,
    }
    if member.late_count:
        words += _("，超期 %(count)d 件") % {"count": member.late_count}
    if member.away_until:
        words += _("；不在岗至 %(day)s") % {"day": f"{member.away_until:%Y-%m-%d}"}
    return words + "）"


class TakeOverForm(VerbForm):
    verb = "take_over"
    reason = forms.CharField(label=L("接手原因"), max_length=200)


class VerifyForm(VerbForm):
    verb = "verify"
    how = forms.ChoiceField(
        label=L("怎样核验"),
        choices=[
            ("on_site", L("到现场看过")),
            ("phone", L("电话问过反映人")),
            ("photo", L("看照片和材料")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择怎样核验")},
    )
    reason = forms.CharField(label=L("核验情况"), max_length=200, required=False)
    public_result = forms.CharField(
        label=L("公开的办理结果"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    public_photos = forms.MultipleChoiceField(
        label=L("可以公开的照片"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def prepare(self):
        shown = list(self.issue.photos.all())
        self.fields["public_photos"].choices = [
            (photo.token, str(n)) for n, photo in enumerate(shown, 1)
        ]
        self.initial.setdefault(
            "public_photos",
            [photo.token for photo in shown if photo.is_public or photo.kind == "after"],
        )
        self.initial.setdefault("public_result", self.issue.public_result)
        if not self.issue.is_public:
            del self.fields["public_result"], self.fields["public_photos"]

    def clean_public_result(self):
        words = self.cleaned_data["public_result"]
        if kinds := deidentify.left_in(words):
            raise forms.ValidationError(
                _("这里还有%(kinds)s，请删去") % {"kinds": "、".join(kinds)}
            )
        return words


class ReworkForm(VerbForm):
    verb = "rework"
    reason = forms.CharField(
        label=L("返工原因"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": L("请写明哪里没有做到")},
    )


STARS = [
    (5, L("五星 · 很满意")),
    (4, L("四星 · 满意")),
    (3, L("三星 · 一般")),
    (2, L("两星 · 不满意")),
    (1, L("一星 · 很不满意")),
]


class RateForm(VerbForm):
    """Solved or not, and stars; "not solved" with its reason sends it back, once."""

    verb = "rate"
    solved = forms.TypedChoiceField(
        label=L("是否解决"),
        choices=[("yes", L("解决了")), ("no", L("没有解决"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择是否解决")},
    )
    stars = forms.TypedChoiceField(
        label=L("满意度"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择几颗星")},
    )
    comment = forms.CharField(
        label=L("想说的话"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("没有解决的，请写明哪里没有解决"),
    )

    def clean(self):
        given = super().clean()
        if self.sends_back and not (given.get("comment") or "").strip():
            self.add_error("comment", _("请写明哪里没有解决，上一级会据此重新办理"))
        return given

    @property
    def asks(self) -> str:
        """The button that was pressed: rate, or reopen (also possible with few stars)."""
        return self.data.get("verb", "rate")

    @property
    def sends_back(self) -> bool:
        given = getattr(self, "cleaned_data", {})
        if self.issue.reopened_count:
            return False
        return self.asks == "reopen" or given.get("solved") is False

    @property
    def given(self):
        given = dict(self.cleaned_data)
        if self.sends_back:
            given["reason"] = given.pop("comment")
        return given


class ReopenForm(VerbForm):
    """Second thoughts after a poor rating, within the time; or, for thirty days, new facts."""

    verb = "reopen"
    reason = forms.CharField(
        label=L("哪里没有解决"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": L("请写明哪里没有解决，或有什么新情况")},
    )

    def prepare(self):
        due = self.issue.due_at
        over = due is None or due < timezone.now()
        self.new_facts = over or not self.issue.is_dissatisfied
        if self.new_facts:
            self.fields["reason"].label = _("有什么新情况")
            self.fields["reason"].help_text = _("办结后 30 天内有新情况的，可以要求重新办理一次")

    @property
    def given(self):
        return {**self.cleaned_data, "new_facts": self.new_facts}


# --- off the straight road -----------------------------------------------------------------------


class ReasonForm(VerbForm):
    """A verb that asks for its reason alone; ``prompt`` is what it is called."""

    prompt = L("原因")
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self):
        field = self.fields["reason"]
        field.label = self.prompt
        field.error_messages["required"] = _("请填写：%(names)s") % {"names": self.prompt}


class SubmitForm(NothingForm):
    verb = "submit"


class MergeForm(VerbForm):
    verb = "merge"
    parent = forms.ChoiceField(label=L("并入哪一件"), required=False, widget=forms.RadioSelect)
    number = forms.CharField(
        label=L("或填写编号"),
        required=False,
        max_length=24,
        help_text=L("同一社区里正在办理的事项"),
    )
    reason = forms.CharField(label=L("说明"), max_length=200, required=False)
    MOST = 8

    def prepare(self):
        community = self.issue.community
        if community is None:
            self.near = Issue.objects.none()
        else:
            open_states = [*WORKING, State.SUBMITTED, State.PAUSED, State.HANDLED]
            self.near = (
                Issue.objects.filter(area_path__startswith=community.path, state__in=open_states)
                .exclude(pk=self.issue.pk)
                .only("number", "title", "state", "area_path", "reported_at")
            )
        same = self.near.filter(category=self.issue.category_id).order_by("-reported_at")
        self.fields["parent"].choices = [
            (one.number, f"{one.number} {one.title}（{one.get_state_display()}）")
            for one in same[: self.MOST]
        ]
        if not self.fields["parent"].choices:
            del self.fields["parent"]
            self.fields["number"].label = _("并入哪一件（编号）")

    def clean(self):
        given = super().clean()
        number = (given.get("number") or given.get("parent") or "").strip().upper()
        if not number:
            self.add_error("number", _("请选择一件，或填写编号"))
        elif (found := self.near.filter(number=number).first()) is None:
            self.add_error("number", _("同一社区里没有正在办理的 %(n)s，请核对") % {"n": number})
        else:
            given["parent"] = found
        return given

    @property
    def given(self):
        return {"parent": self.cleaned_data["parent"], "reason": self.cleaned_data["reason"]}


class NotAcceptForm(ReasonForm):
    verb = "not_accept"
    prompt = L("给反映人的说明")
    refusal_code = forms.ChoiceField(
        label=L("理由"),
        choices=[pair for pair in RefusalCode.choices if pair[0] != RefusalCode.WITHDRAWN],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择理由")},
    )
    right_channel = forms.CharField(
        label=L("应走的途径"),
        max_length=200,
        required=False,
        help_text=L(
            "例如：人民法院诉讼、劳动争议仲裁、行政复议、纪检监察、政府信息公开、信访；或所属街道"
        ),
    )
    field_order = ["refusal_code", "right_channel", "reason"]

    def clean(self):
        given = super().clean()
        needs = {RefusalCode.OTHER_ROUTE, RefusalCode.OUTSIDE}
        if given.get("refusal_code") in needs and not (given.get("right_channel") or "").strip():
            self.add_error("right_channel", _("请告诉反映人应走的途径"))
        return given


class ObjectForm(ReasonForm):
    verb = "object"
    prompt = L("为什么应当受理")


class OverruleForm(ReasonForm):
    verb = "overrule"
    prompt = L("复核意见")


class UpholdForm(ReasonForm):
    verb = "uphold"
    prompt = L("复核意见")


class SendBackForm(ReasonForm):
    verb = "send_back"
    prompt = L("为什么不属于本单位职责")
    suggestion = forms.CharField(
        label=L("建议由谁承办"), max_length=80, required=False, help_text=L("供街道裁定时参考")
    )


class ArbitrateForm(LeadForm):
    verb = "arbitrate"
    reason = forms.CharField(
        label=L("裁定理由"),
        max_length=200,
        help_text=L("裁定后不能再退回；可以维持原承办单位"),
        error_messages={"required": L("请写明裁定理由")},
    )


class ArriveForm(VerbForm):
    verb = "arrive"
    note = forms.CharField(
        label=L("现场情况"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class AskDelayForm(ReasonForm):
    verb = "ask_delay"
    prompt = L("说明")
    kind = forms.ChoiceField(
        label=L("申请"),
        choices=DelayRequest.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择暂停还是延期")},
    )
    reason_code = forms.ChoiceField(label=L("理由"), choices=DelayReason.choices)
    amount = forms.IntegerField(label=L("延长多少"), min_value=1, required=False)
    field_order = ["kind", "reason_code", "amount", "reason"]

    def prepare(self):
        super().prepare()
        clock = limits.clock_of(self.issue, ClockKind.HANDLE)
        self.fields["amount"].help_text = _(
            "延期时填写：原时限%(limit)s，最多再延同样长；单位是%(unit)s。"
            "暂停合计最多 %(days)d 个工作日"
        ) % {
            "limit": clock.describe(),
            "unit": clock.get_unit_display(),
            "days": self.issue.clock_rules["params"]["pause_total"]["amount"],
        }

    def clean(self):
        given = super().clean()
        extends = given.get("kind") == DelayRequest.Kind.EXTEND
        if extends and not given.get("amount") and "amount" not in self.errors:
            self.add_error("amount", _("请填写延长多少"))
        return given


class GrantDelayForm(VerbForm):
    verb = "grant_delay"
    reason = forms.CharField(label=L("审批意见"), max_length=200, required=False)


class DenyDelayForm(ReasonForm):
    verb = "deny_delay"
    prompt = L("不同意的原因")


class ResumeForm(VerbForm):
    verb = "resume"
    reason = forms.CharField(label=L("说明"), max_length=200, required=False)


class EscalateForm(ReasonForm):
    verb = "escalate"
    prompt = L("升级原因")


class BodiesForm(ReasonForm):
    """Picks one or more bodies."""

    organizations = forms.TypedMultipleChoiceField(
        label=L("联办单位"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": L("请至少选一个单位")},
    )
    field_order = ["organizations", "ends_on", "reason"]

    def bodies(self):
        raise NotImplementedError

    def prepare(self):
        super().prepare()
        self.found = {organization.pk: organization for organization in self.bodies()}
        self.fields["organizations"].choices = [
            (pk, organization.name) for pk, organization in self.found.items()
        ]

    def clean_organizations(self):
        return [self.found[pk] for pk in self.cleaned_data["organizations"]]


class InviteForm(BodiesForm):
    verb = "invite"
    prompt = L("为什么联办")
    ends_on = forms.DateField(
        label=L("到哪天为止"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=L("不填则到归档为止"),
    )

    def bodies(self):
        return cohandling.possible(self.issue, self.person)

    def prepare(self):
        super().prepare()
        linked = cohandling.linked_bodies(self.issue)
        self.initial.setdefault("organizations", [pk for pk in self.found if pk in linked])

    def clean_ends_on(self):
        day = self.cleaned_data["ends_on"]
        if day is not None and day <= timezone.localdate():
            raise forms.ValidationError(_("结束日期要在今天以后"))
        return day


class DismissForm(BodiesForm):
    verb = "dismiss"

    def bodies(self):
        grants = self.issue.cohandlings.in_force().select_related("organization")
        return [grant.organization for grant in grants]


FORMS: dict[str, type[VerbForm]] = {
    form.verb: form
    for form in (
        AcknowledgeForm,
        FileForm,
        DispatchForm,
        RedirectForm,
        SignForm,
        ContactForm,
        NoteForm,
        ReportForm,
        RecuseForm,
        AssignForm,
        TakeOverForm,
        WithdrawForm,
        SupplementForm,
        VerifyForm,
        ReworkForm,
        RateForm,
        ReopenForm,
        SubmitForm,
        MergeForm,
        NotAcceptForm,
        ObjectForm,
        OverruleForm,
        UpholdForm,
        SendBackForm,
        ArbitrateForm,
        ArriveForm,
        AskDelayForm,
        GrantDelayForm,
        DenyDelayForm,
        ResumeForm,
        EscalateForm,
        InviteForm,
        DismissForm,
    )
}


class OriginalForm(forms.Form):
    """Why somebody wants to see the file as it was sent."""

    reason = forms.CharField(
        label=L("为什么要看原图"),
        max_length=200,
        min_length=4,
        help_text=L("原图可能带有拍摄位置，查看会留下记录"),
        error_messages={"required": L("请写明原因")},
    )
