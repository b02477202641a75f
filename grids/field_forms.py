"""What people fill in with the tools of the field and the counter."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import photos

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
