"""Following, pressing for an issue, commenting on it; and what is similar to a new one."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from grids import commenting, following, similar, urging, voices
from grids.models import Category, Issue
from grids.views import issues as issue_pages
from grids.voice_forms import CommentForm, UrgeForm
from orgs.access import signed_in
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

FOLLOWING = {
    "follow": following.follow,
    "also": following.also_affects,
    "stop": following.stop,
    "unsay": following.no_longer_affects,
}


def _readable(request, number) -> Issue:
    """The issue, for whoever may read its page; a stranger meets 404."""
    found = get_object_or_404(
        Issue.objects.select_related("category", "area", "lead", "reporter", "handler"),
        number=number,
    )
    if not following.may_read(found, request.user):
        raise Http404
    return found


@signed_in
@require_POST
def follow(request, number):
    """Follow, say 也影响我, or stop; from the issue's page or from a suggestion."""
    issue = _readable(request, number)
    do = request.POST.get("do", "")
    if do not in FOLLOWING or not issue.is_public:
        raise Http404
    refusal = ""
    try:
        FOLLOWING[do](issue, person=request.user)
    except Refused as refused:
        refusal = str(refused)
    if request.htmx and (request.htmx.target or "").startswith("similar-"):
        context = {"issue": issue, "refusal": refusal}
        status = 422 if refusal else 200
        return render(request, "grids/parts/similar.html#said", context, status=status)
    said = {
        "follow": _("已关注。有进展会告诉您"),
        "also": _("已记下：这件事也影响您。有进展会告诉您"),
        "stop": _("已取消关注"),
        "unsay": _("已撤回：这件事不影响您"),
    }[do]
    return _answer(request, issue, said=said, refusal=refusal)


@signed_in
@require_POST
def urge(request, number):
    issue = _readable(request, number)
    form = UrgeForm(request.POST)
    refusal = ""
    if form.is_valid():
        try:
            urging.urge(issue, person=request.user, text=form.cleaned_data["text"])
        except Refused as refused:
            refusal = str(refused)
        else:
            return _answer(request, issue, said=_("已转告正在办的人"))
    return _answer(request, issue, refusal=refusal, urge_form=form, again=True)


@signed_in
@require_POST
def comment(request, number):
    issue = _readable(request, number)
    form = CommentForm(request.POST)
    refusal = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            written = commenting.write(
                issue, author=request.user, text=given["text"], key=given["key"]
            )
        except Refused as refused:
            refusal = str(refused)
        else:
            held = written.state == written.State.HELD
            said = _("评论里好像有姓名，工作人员看过后再显示") if held else _("评论已发布")
            return _answer(request, issue, said=said, place="comments")
    return _answer(request, issue, refusal=refusal, comment_form=form, again=True)


def _answer(request, issue, *, said="", refusal="", place="voices", again=False, **forms):
    """The part of the page for htmx; else the page once more, with what was typed if refused."""
    if request.htmx:
        shown = voices.for_page(issue, request.user, refusal=refusal, **forms)
        context = {"voices": shown, "issue": issue, "said": said}
        status = 422 if refusal or again else 200
        return render(request, "grids/parts/voices.html", context, status=status)
    if again:
        return issue_pages.page(request, issue, status=422, refusal=refusal, **forms)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, said)
    return redirect(f"{issue.get_absolute_url()}#{place}")


@signed_in
@require_POST
def suggest(request):
    """A fragment: what resembles the words typed so far. Empty when there is nothing to compare."""
    grids = Area.objects.open().filter(level=AreaLevel.GRID)
    area = _chosen(grids, request.POST.get("place", ""))
    category = _chosen(Category.objects.filter(is_active=True), request.POST.get("category", ""))
    text = request.POST.get("text", "")[:2000]
    found = []
    if area is not None and (category is not None or len(text.strip()) >= 4):
        found = similar.find(area=area, category=category, text=text, person=request.user)
    return render(request, "grids/parts/similar.html", {"similar": found})


def _chosen(rows, pk: str):
    is_id = pk.isascii() and pk.isdigit() and len(pk) < 19
    return rows.filter(pk=pk).first() if is_id else None
