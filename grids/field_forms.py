"""What people fill in with the tools of the field and the counter."""

from django import forms
from django.core.validators import MinLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import photos
from grids.forms import PostForm, WithPhotos, place_choices
from grids.models import Category, DeskEntry
from orgs.models import Person
from orgs.models.people import check_phone
from orgs.uploads import PhotosField

L = gettext_lazy


# --- blacking out ------------------------------------------------------------------------------

WIDE, TALL = (8, 6), (6, 8)  # columns, rows: a cell is a thumb wide on a 390 px screen


def cells_of(photo) -> tuple[int, int]:
    return WIDE if photo.width >= photo.height else TALL


def cell_box(photo, number: int) -> photos.Box:
    """The place of cell ``number`` (from 1, row by row) in pixels of the large picture."""
    columns, rows = cells_of(photo)
    row, column = divmod(number - 1, columns)
    return (
        photo.width * column // columns,
        photo.height * row // rows,
        -(-photo.width * (column + 1) // columns),
        -(-photo.height * (row + 1) // rows),
    )


class RedactForm(forms.Form):
    """Cells ticked in the grid over the picture, or boxes that redact.js wrote down."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    boxes = forms.CharField(
        label=L("黑框"), widget=forms.HiddenInput, required=False, max_length=4000
    )
    cells = forms.TypedMultipleChoiceField(
        label=L("涂黑哪几格"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, photo, **kwargs):
        super().__init__(*args, **kwargs)
        self.photo = photo
        columns, rows = cells_of(photo)
        self.fields["cells"].choices = [
            (n, _("第 %(n)d 格") % {"n": n}) for n in range(1, columns * rows + 1)
        ]

    def clean_boxes(self) -> list[photos.Box]:
        """ "left,top,right,bottom" each, in pixels of the large picture, set apart by blanks."""
        found = []
        for text in self.cleaned_data["boxes"].split():
            parts = text.split(",")
            if len(parts) != 4 or not all(
                part.isascii() and part.isdigit() and len(part) < 6 for part in parts
            ):
                raise forms.ValidationError(_("黑框的位置看不懂，请重新画"))
            found.append(tuple(int(part) for part in parts))
        return found

    @property
    def chosen(self) -> list[photos.Box]:
        cells = [cell_box(self.photo, number) for number in self.cleaned_data["cells"]]
        return [*self.cleaned_data["boxes"], *cells]


# --- patrols -----------------------------------------------------------------------------------


class CameraField(PhotosField):
    """Opens the camera on a phone, one picture at a time; each is kept when the form comes back."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.widget.attrs["capture"] = "environment"


class FoundForm(WithPhotos):
    """What was found on a patrol: picture first, one tap for the kind, words when needed."""

    photos = CameraField(label=L("先拍一张"))
    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label=L("是哪方面的事"),
        error_messages={"required": L("请选一类；不确定就选“其他事项”")},
    )
    place = forms.TypedChoiceField(
        label=L("在哪里"), coerce=int, error_messages={"required": L("请选择在哪里")}
    )
    place_text = forms.CharField(label=L("具体位置"), max_length=80, required=False)
    text = forms.CharField(
        label=L("补充说明"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("有照片可以不写；没有照片请写一两句"),
    )
    field_order = ["key", "photos", "category", "place", "place_text", "text"]

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.places = {place.pk: place for place in places}
        self.fields["place"].choices = [(place.pk, place.name) for place in places]

    def clean_place(self):
        return self.places[self.cleaned_data["place"]]

    def clean(self):
        given = super().clean()
        words = (given.get("text") or "").strip()
        if not self.has_photos and "photos" not in self.errors and len(words) < 4:
            self.add_error("text", _("请拍一张照片，或写一两句说明"))
        return given


class EndPatrolForm(forms.Form):
    note = forms.CharField(
        label=L("巡查情况"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("不写人名、门牌"),
    )


# --- entry on behalf ---------------------------------------------------------------------------


class DeskForm(WithPhotos):
    """Who reports, how it was checked, and what it is about."""

    RESIDENT, CALLER, NOBODY = "resident", "caller", "nobody"

    reports = forms.ChoiceField(
        label=L("谁反映的"),
        choices=[
            (RESIDENT, L("已有账号的居民（按手机号找）")),
            (CALLER, L("没有账号的来访来电人")),
            (NOBODY, L("不愿留名")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择谁反映的")},
    )
    phone = forms.CharField(
        label=L("手机号"),
        max_length=11,
        required=False,
        validators=[check_phone],
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=L("只用来联系和告知结果；承办单位看不到"),
    )
    name = forms.CharField(
        label=L("怎样称呼"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    how = forms.ChoiceField(
        label=L("怎样反映的"),
        choices=DeskEntry.How.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择怎样反映的")},
    )
    identity = forms.ChoiceField(
        label=L("身份核对"),
        choices=DeskEntry.Identity.choices,
        widget=forms.RadioSelect,
        help_text=L("不抄录证件号码"),
        error_messages={"required": L("请选择怎样核对身份的")},
    )
    consented = forms.BooleanField(label=L("已说明用途，反映人同意登记以上信息"), required=False)
    wants_sms = forms.BooleanField(
        label=L("反映人同意用短信告知结果"),
        required=False,
        help_text=L("不勾选的，办结后由工作人员打电话告知"),
    )
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
    place_text = forms.CharField(label=L("具体位置"), max_length=80, required=False)
    text = forms.CharField(
        label=L("情况说明"),
        max_length=2000,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=L("按反映人的话写；不写姓名、电话、门牌"),
        error_messages={
            "required": L("请写一两句话，说明发生了什么"),
            "min_length": L("请再多写几个字，让办理的人看得明白"),
        },
    )
    about_lead = forms.BooleanField(label=L("反映的就是物业、业委会等承办单位"), required=False)

    def __init__(self, *args, grids, communities, **kwargs):
        super().__init__(*args, **kwargs)
        self.grids = {grid.pk: grid for grid in grids}
        self.resident = None
        choices = place_choices(grids, communities)
        if len(grids) != 1:
            choices = [("", L("请选择")), *choices]
        self.fields["place"].choices = choices
        self.fields["category"].empty_label = _("请选择")

    def clean_place(self):
        return self.grids[self.cleaned_data["place"]]

    def clean(self):
        given = super().clean()
        reports, phone = given.get("reports"), given.get("phone") or ""
        if reports == self.RESIDENT and "phone" not in self.errors:
            self.resident = Person.objects.get_by_phone(phone) if phone else None
            if not phone:
                self.add_error("phone", _("请填写居民登记的手机号"))
            elif self.resident is None:
                self.add_error("phone", _("没有找到这个手机号的居民；可改选“没有账号的来访来电人”"))
            elif self.resident.pk == self.person.pk:
                self.add_error("phone", _("这是您自己的手机号；自己反映的请用“反映一件事”"))
        if reports == self.CALLER:
            if not phone and not (given.get("name") or "").strip():
                self.add_error("name", _("请填写称呼或手机号；都不留的，请选“不愿留名”"))
            if given.get("wants_sms") and not phone and "phone" not in self.errors:
                self.add_error("phone", _("要用短信告知，须有手机号"))
        if reports in {self.RESIDENT, self.CALLER} and not given.get("consented"):
            self.add_error("consented", _("须先向反映人说明用途并征得同意；不同意的，选“不愿留名”"))
        return given

    @property
    def given(self) -> dict:
        """What goes to ``desk.enter``; what was typed for somebody unnamed is not kept."""
        given = dict(self.cleaned_data)
        is_caller = given.pop("reports") == self.CALLER
        for name in ("phone", "name", "wants_sms"):
            if not is_caller:
                given.pop(name)
        given.pop("photos")
        area = given.pop("place")
        return {
            **given,
            "area": area,
            "resident": self.resident,
            "pictures": self.pictures.ready,
        }


class FindForm(forms.Form):
    """Is there an account under this phone? Asked by POST, so that no address carries it."""

    phone = forms.CharField(
        validators=[check_phone],
        error_messages={"required": L("请先填写手机号")},
    )


class ToldForm(forms.Form):
    told_note = forms.CharField(
        label=L("告知情况"),
        max_length=200,
        error_messages={"required": L("请写明怎样告知的、对方怎么说")},
    )


class RingForm(forms.Form):
    reason = forms.CharField(
        label=L("为什么要打电话"),
        max_length=200,
        error_messages={"required": L("请写明原因")},
    )


# --- drafts ------------------------------------------------------------------------------------


class OfDraft:
    """The photos that the draft has already stand beside those just sent; both may be dropped."""

    def __init__(self, *args, draft=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.dropped = []
        if draft is None:
            return
        if self.is_bound and hasattr(self.data, "getlist"):
            self.dropped = self.data.getlist("drop")
        self.drafts = [*draft.photos.exclude(token__in=self.dropped), *self.drafts]

    @property
    def given(self) -> dict:
        """What goes to ``grids.drafts``."""
        given = dict(self.cleaned_data)
        given.pop("photos")
        area = given.pop("place")
        return {**given, "area": area, "pictures": self.pictures.ready}


class SubmitDraftForm(OfDraft, PostForm):
    """Handing it in: as complete as any report."""


class DraftForm(OfDraft, PostForm):
    """Keeping it: only the place has to be there."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].required = False
        text = self.fields["text"]
        text.required, text.min_length = False, None
        text.validators = [
            check for check in text.validators if not isinstance(check, MinLengthValidator)
        ]
