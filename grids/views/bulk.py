"""Bulk dispatch: issues ticked in the queue, one lead for them, and what became of each."""

from django import forms
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from grids import bulk
from grids.forms import LeadChoice
from orgs.access import allowed

L = gettext_lazy


class BulkForm(forms.Form):
    lead = forms.TypedChoiceField(
        label=L("承办单位"),
        coerce=int,
        widget=LeadChoice,
        error_messages={
            "required": L("请选择由谁承办"),
            "invalid_choice": L("请从列出的单位里选择"),
        },
    )
    reason = forms.CharField(label=L("给承办单位的话"), max_length=200, required=False)

    def __init__(self, *args, shared, **kwargs):
        super().__init__(*args, **kwargs)
        self.bodies = {one.organization.pk: one for one in shared}
        field = self.fields["lead"]
        field.choices = [(one.organization.pk, _words(one)) for one in shared]
        field.widget.barred = {one.organization.pk: one.why for one in shared if one.is_barred}

    def clean_lead(self):
        one = self.bodies[self.cleaned_data["lead"]]
        if one.is_barred:
            raise forms.ValidationError(one.why)
        return one.organization


def _words(one: bulk.Shared) -> str:
    words = _("%(name)s（在办 %(count)d 件）") % {
        "name": one.organization.name,
        "count": one.open_count,
    }
    if one.is_barred:
        return f"{one.organization.name}：{one.why}"
    if one.named:
        words += _("；责任清单写明由它承办的 %(count)d 件") % {"count": one.named}
    if one.barred:
        words += _("；其中 %(count)d 件不能由它主办：%(why)s") % {
            "count": one.barred,
            "why": one.why,
        }
    return words


@allowed("grids.dispatch_issue")
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_dispatch(request):
    """``?n=`` numbers, as ticked in the queue; posting them with a lead dispatches each."""
    asked = request.POST if request.method == "POST" else request.GET
    issues = bulk.chosen(asked.getlist("n"), request.user)
    if not issues:
        if asked.getlist("n"):
            raise Http404
        return render(request, "grids/bulk.html", {"nothing": True}, status=422)
    reasons = {issue.pk: bulk.why_not(issue, request.user) for issue in issues}
    able = [issue for issue in issues if not reasons[issue.pk]]
    left = [bulk.Result(issue, reasons[issue.pk]) for issue in issues if reasons[issue.pk]]
    form = BulkForm(
        request.POST if request.method == "POST" else None,
        shared=bulk.shared(able, request.user),
    )
    context = {"form": form, "able": able, "left": left, "most": bulk.MOST}
    if form.is_bound and (not able or form.is_valid()):
        results = left
        if able:
            given = form.cleaned_data
            results = (
                bulk.dispatch_all(able, given["lead"], by=request.user, reason=given["reason"])
                + left
            )
            context["lead"] = given["lead"]
        context |= {
            "results": results,
            "went": sum(one.went for one in results),
            "stayed": sum(not one.went for one in results),
        }
        status = 200 if context["went"] else 422
        return render(request, "grids/bulk.html", context, status=status)
    return render(request, "grids/bulk.html", context, status=422 if form.errors else 200)
