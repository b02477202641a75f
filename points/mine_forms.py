"""What residents fill in: a claim, an appeal, points moved within the household, a consent."""

from decimal import Decimal

from django import forms
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from orgs.forms import DayInput
from orgs.models import Person, Residence
from orgs.models.people import PHONE_PATTERN
from orgs.uploads import WithPictures
from points import evidence
from points.models import CapSubject, Evidence, RuleVersion

MOST_PHONES = 10  # wrong numbers of one person a day: this form is no directory
HOURS = "小时"


class ClaimForm(WithPictures):
    """One deed under one rule. Asks only for what the rule needs."""

    keeper = evidence

    who = forms.TypedChoiceField(label=L("为谁申报"), coerce=int)
    happened_on = forms.DateField(
        label=L("哪天做的"),
        widget=DayInput(),
        error_messages={"required": L("请选择日期"), "invalid": L("请填写正确的日期")},
    )
    grade = forms.TypedChoiceField(label=L("档次"), coerce=int)
    quantity = forms.DecimalField(
        label=L("数量"),
        min_value=Decimal("0.1"),
        max_value=Decimal(999),
        max_digits=4,
        decimal_places=1,
        error_messages={
            "required": L("请填写数量"),
            "invalid": L("请填写数字"),
            "min_value": L("数量须大于零"),
            "max_decimal_places": L("数量最多一位小数"),
        },
    )
    partner_phone = forms.RegexField(
        PHONE_PATTERN,
        label=L("结对对象的手机号"),
        help_text=L("用来确认是本社区的邻居，不会显示给别人"),
        error_messages={
            "required": L("请填写结对对象的手机号"),
            "invalid": L("请输入 11 位手机号"),
        },
    )
    text = forms.CharField(
        label=L("做了什么"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("写清时间、地点和做了什么；不用写别人的姓名和门牌"),
        error_messages={"required": L("请写一两句话说明做了什么")},
    )

    field_order = [
        *("key", "who", "happened_on", "grade", "quantity", "partner_phone", "text", "photos"),
    ]

    def __init__(self, *args, version: RuleVersion, people: list[Person], **kwargs):
        super().__init__(*args, **kwargs)
        self.version, self.people = version, {person.pk: person for person in people}
        self.partner = None
        if not self.is_bound:
            self.initial.setdefault("happened_on", timezone.localdate())
            self.initial.setdefault("quantity", 1)
        if len(people) > 1:
            self.fields["who"].choices = [(person.pk, person.name) for person in people]
        else:
            del self.fields["who"]
        if version.grades:
            self.fields["grade"].choices = [
                (at, _("%(grade)s（%(points)d 分）") % {"grade": grade, "points": points})
                for at, (grade, points) in enumerate(
                    zip(version.grades, version.amounts, strict=True)
                )
            ]
        else:
            del self.fields["grade"]
        step = "0.5" if version.measure == HOURS else "1"
        self.fields["quantity"].widget.attrs |= {"step": step, "inputmode": "decimal"}
        if not any(cap.subject == CapSubject.PAIR for cap in version.caps.all()):
            del self.fields["partner_phone"]
        self.fields["text"].required = version.evidence == Evidence.TEXT
        if version.evidence == Evidence.DOCUMENT:
            self.fields["photos"].label = L("证书、文书的照片")

    @property
    def beneficiary(self) -> Person:
        chosen = self.cleaned_data.get("who", self.person.pk)
        return self.people.get(chosen, self.person)

    def clean_happened_on(self):
        """Said here too: the preview counts caps of that day, and files nothing that would ask."""
        day = self.cleaned_data["happened_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("发生日期不能晚于今天"))
        return day

    def clean_partner_phone(self):
        """A verified neighbour; wrong numbers are counted, so that nobody asks for them all."""
        phone = self.cleaned_data["partner_phone"]
        tried = f"points:partner:{self.person.pk}:{timezone.localdate()}"
        if cache.get(tried, 0) >= MOST_PHONES:
            raise forms.ValidationError(_("今天填错的次数太多，请明天再试，或请网格员代报"))
        found = Person.objects.get_by_phone(phone)
        near = (
            found is not None
            and found.pk != self.person.pk
            and Residence.objects.verified()
            .filter(person=found, household__area_path__startswith=self.version.rule.area_path)
            .exists()
        )
        if not near:
            cache.add(tried, 0, 24 * 3600)
            cache.incr(tried)
            raise forms.ValidationError(
                _("没有找到这位已登记住址的邻居，请核对手机号，或请网格员代报")
            )
        self.partner = found
        return phone

    def clean(self):
        given = super().clean()
        photo = self.version.evidence in {Evidence.PHOTO, Evidence.DOCUMENT}
        if photo and not self.has_photos and "photos" not in self.errors:
            self.add_error("photos", _("请附上%(what)s") % {"what": self.fields["photos"].label})
        return given


class WorthForm(ClaimForm):
    """The part of a claim that says how many points: no words, no pictures, nobody's phone."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("key", "text", "photos", "partner_phone"):
            self.fields.pop(name, None)

    def clean(self):
        return self.cleaned_data


class AppealForm(forms.Form):
    reason = forms.CharField(
        label=L("为什么应当通过"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("只能申诉一次，由没有参与过的人答复"),
        error_messages={"required": L("请写明理由")},
    )


class AnswerForm(forms.Form):
    """What somebody answers to an appeal."""

    stands = forms.TypedChoiceField(
        label=L("结果"),
        coerce=lambda value: value == "yes",
        choices=[("yes", L("申诉成立，进入下一批")), ("no", L("维持不通过"))],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择结果")},
    )
    reason = forms.CharField(
        label=L("答复"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": L("请写明答复")},
    )


class ProtectForm(forms.Form):
    """Who is kept out of public lists; found by phone, within the places of who asks."""

    phone = forms.RegexField(
        PHONE_PATTERN,
        label=L("居民的手机号"),
        error_messages={
            "required": L("请填写手机号"),
            "invalid": L("请输入 11 位手机号"),
        },
    )
    protect = forms.TypedChoiceField(
        label=L("设置"),
        coerce=lambda value: value == "yes",
        choices=[("yes", L("受保护")), ("no", L("取消保护"))],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择")},
    )

    def clean_phone(self):
        self.person = Person.objects.get_by_phone(self.cleaned_data["phone"])
        if self.person is None:
            raise forms.ValidationError(_("没有找到您辖区内的这位居民"))
        return self.cleaned_data["phone"]
