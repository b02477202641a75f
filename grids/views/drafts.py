"""One's own drafts: written on, handed in, thrown away."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grids import drafts, places, similar
from grids.field_forms import DraftForm, SubmitDraftForm
from grids.forms import grouped
from grids.models import Category
from orgs.access import signed_in
from orgs.models import AreaLevel
from rules.refusals import Refused


def keep(request, form, *, source):
    """From the posting form: what is there so far becomes a draft."""
    try:
        draft = drafts.keep(person=request.user, source=source, **form.given)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
    messages.success(request, _("已暂存，只有您看得到；30 天内没有提交会清除。"))
    return redirect("grids:draft", draft.number)


def alike(request, form) -> list[similar.Similar]:
    """What resembles it nearby, to be looked at once before it is posted."""
    if request.POST.get("seen"):
        return []
    given = form.cleaned_data
    return similar.find(
        area=given["place"],
        category=given["category"],
        text=f"{given['text']} {given['place_text']}",
        person=request.user,
        alike_only=True,
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request, number):
    """The posting form once more, with what was kept."""
    found = get_object_or_404(
        drafts.of(request.user).select_related("area", "category"), number=number
    )
    street = found.area.ancestor(AreaLevel.SUBDISTRICT)
    there = places.for_posting(
        request.user, request.GET.get("street", street.code if street else "")
    )
    given = {
        "person": request.user,
        "grids": there.grids,
        "communities": there.communities,
        "draft": found,
    }
    if request.method != "POST":
        return _page(request, DraftForm(initial=_kept(found), **given), found, there)
    do = request.POST.get("do")
    if do == "discard":
        return _discard(request, found)
    form = (DraftForm if do == "keep" else SubmitDraftForm)(request.POST, request.FILES, **given)
    if form.is_valid():
        if do != "keep" and (rows := alike(request, form)):
            form.keep_drafts()
            return _page(request, form, found, there, alike=rows)
        answer = _carry_out(request, form, found, hand_in=do != "keep")
        if answer is not None:
            return answer
    form.keep_drafts()
    return _page(request, form, found, there, status=422)


def _carry_out(request, form, found, *, hand_in):
    try:
        if hand_in:
            drafts.hand_in(found, drop=form.dropped, **form.given)
            return redirect("grids:issue_posted", found.number)
        drafts.change(found, drop=form.dropped, **form.given)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
    messages.success(request, _("已暂存。"))
    return redirect("grids:draft", found.number)


def _discard(request, found):
    try:
        drafts.discard(found)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("草稿已丢弃。"))
    return redirect("/issues/?show=mine")


def _kept(found) -> dict:
    grid = found.area.ancestor(AreaLevel.GRID) or found.area
    return {
        "key": found.posting_key,
        "category": found.category_id,
        "place": grid.pk,
        "place_text": found.place_text,
        "text": found.description,
        "anonymous": found.anonymous,
        "about_lead": found.about_lead,
    }


def _page(request, form, found, there, status=200, alike=()):
    context = {
        "form": form,
        "groups": grouped(Category.objects.filter(is_active=True)),
        "chosen": str(form["category"].value() or ""),
        "places": there,
        "draft": found,
        "similar": alike,
    }
    return render(request, "grids/new.html", context, status=status)
