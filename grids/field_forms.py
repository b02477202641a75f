"""What people fill in with the tools of the field and the counter."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import photos
from grids.forms import PhotosField, WithPhotos
from grids.models import Category

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
