"""For the head of a body: how orders reach its members, how much each has, who is away."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from grids import listing, roster
from grids.models import Absence, Issue, Roster, State
from grids.table_forms import DayInput
from orgs import access
from orgs.access import allowed
from orgs.models import Organization
from rules.refusals import Refused

L = gettext_lazy
WAITING = 20


class ModeForm(forms.Form):
    mode = forms.ChoiceField(
        label=L("派单方式"),
        choices=Roster.Mode.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择派单方式"), "invalid_choice": L("请从三种里选择")},
    )


class AbsenceForm(forms.Form):
    person = forms.TypedChoiceField(
        label=L("谁不在岗"),
        coerce=int,
        error_messages={"required": L("请选择人员"), "invalid_choice": L("请从本单位人员里选择")},
    )
    starts_on = forms.DateField(
        label=L("从"), widget=DayInput(), error_messages={"required": L("请填写开始日期")}
    )
    ends_on = forms.DateField(
        label=L("到（含当天）"),
        widget=DayInput(),
        error_messages={"required": L("请填写结束日期")},
    )

    def __init__(self, *args, members, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = {one.person.pk: one.person for one in members}
        self.fields["person"].choices = [
            ("", _("请选择")),
            *((pk, person.name) for pk, person in self.people.items()),
        ]
        self.initial.setdefault("starts_on", timezone.localdate())

    def clean(self):
        given = super().clean()
        start, end = given.get("starts_on"), given.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", _("结束日期不能早于开始日期"))
        elif end and end < timezone.localdate():
            self.add_error("ends_on", _("结束日期已经过去"))
        return given


def _bodies(person):
    pks = access.rights_of(person).organization_ids(roster.RIGHT)
    return Organization.objects.open().filter(pk__in=pks).order_by("pk")


@allowed(roster.RIGHT)
@require_safe
def rosters(request):
    """The bodies whose members one arranges; with one body, its page at once."""
    bodies = list(_bodies(request.user))
    if not bodies:
        raise Http404
    if len(bodies) == 1:
        return redirect("grids:roster", bodies[0].pk)
    return render(request, "grids/rosters.html", {"bodies": bodies})


@allowed(roster.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def one(request, pk):
    body = _bodies(request.user).filter(pk=pk).first()
    if body is None:
        raise Http404
    members = roster.members(body)
    setting = Roster.objects.filter(organization=body).first()
    mode = setting.mode if setting else Roster.Mode.GRAB
    do = request.POST.get("do", "")
    mode_form = ModeForm(request.POST if do == "mode" else None, initial={"mode": mode})
    absence_form = AbsenceForm(request.POST if do == "away" else None, members=members)
    if request.method == "POST":
        told = _change(request, body, do, mode_form, absence_form)
        if told:
            messages.success(request, told)
            return redirect("grids:roster", body.pk)
    context = {
        "body": body,
        "members": members,
        "mode": Roster.Mode(mode).label,
        "mode_form": mode_form,
        "absence_form": absence_form,
        "absences": Absence.objects.filter(organization=body, ends_on__gte=timezone.localdate())
        .select_related("person")
        .order_by("starts_on", "pk"),
        "waiting": _waiting(body),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "grids/roster.html", context, status=status)


def _change(request, body, do, mode_form, absence_form) -> str:
    """What was done, in words; empty when a form has to be corrected."""
    if do == "mode" and mode_form.is_valid():
        roster.set_mode(body, mode_form.cleaned_data["mode"], by=request.user)
        return _("派单方式已更新")
    if do == "away" and absence_form.is_valid():
        given = absence_form.cleaned_data
        try:
            roster.note_absence(
                body,
                absence_form.people[given["person"]],
                starts_on=given["starts_on"],
                ends_on=given["ends_on"],
                by=request.user,
            )
        except Refused as refused:
            absence_form.add_error("starts_on", str(refused))
            return ""
        return _("已登记")
    if do == "back":
        pk = request.POST.get("absence", "")
        if not (pk.isascii() and pk.isdigit() and len(pk) < 19 and roster.back_again(body, pk)):
            raise Http404
        return _("已恢复在岗")
    if do not in {"mode", "away"}:
        raise Http404
    return ""


def _waiting(body):
    """Orders not yet signed, the most pressing first."""
    issues = (
        Issue.objects.filter(lead=body, state=State.DISPATCHED)
        .select_related("category", "assignee")
        .order_by("due_at", "pk")
    )
    return listing.rows(list(issues[:WAITING]), public=False)
