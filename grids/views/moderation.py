"""Comments that wait for a moderator, and the page of one: its words, its history, what to do."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import commenting, following, voices
from grids.models import Comment
from grids.voice_forms import DecideForm, HideForm, ObjectForm
from orgs.access import allowed, signed_in
from rules.refusals import Refused

MOST = 50


@allowed("grids.moderate_comments")
@require_safe
def waiting(request):
    rows = (
        commenting.waiting(request.user)
        .select_related("issue", "organization")
        .order_by("at", "pk")[: MOST + 1]
    )
    found = [
        {"comment": row, "who": voices.who_wrote(row), "is_held": row.state == Comment.State.HELD}
        for row in rows
    ]
    context = {"rows": found[:MOST], "more": len(found) > MOST, "most": MOST}
    return render(request, "grids/comments.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def comment(request, pk):
    """For moderators of the place and for the author; everybody else meets 404."""
    found = get_object_or_404(
        Comment.objects.select_related("issue__lead", "issue__category", "organization", "author"),
        pk=pk,
    )
    person = request.user
    is_author = found.author_id == person.pk
    if not (is_author or commenting.may_moderate(found.issue, person)):
        raise Http404
    if request.method == "POST":
        return _carry_out(request, found)
    return _page(request, found)


def _carry_out(request, found):
    do = request.POST.get("do", "")
    forms = {"hide": HideForm, "object": ObjectForm, "decide": DecideForm}
    if do == "show":
        form, given = None, {}
    elif do in forms:
        form = forms[do](request.POST)
        if not form.is_valid():
            return _page(request, found, bound={do: form}, status=422)
        given = form.cleaned_data
    else:
        raise Http404
    verb = {
        "hide": commenting.hide,
        "show": commenting.show,
        "object": commenting.object_to,
        "decide": commenting.decide,
    }[do]
    try:
        verb(found, by=request.user, **given)
    except Refused as refused:
        bound = {do: form} if form else {}
        return _page(request, found, bound=bound, refusal=str(refused), status=422)
    return redirect("grids:comment", found.pk)


def _page(request, found, *, bound=None, refusal="", status=200):
    person, bound = request.user, bound or {}
    issue = found.issue
    is_author = found.author_id == person.pk
    moderates = commenting.may_moderate(issue, person)
    stands_aside = moderates and not is_author and commenting.is_party(found, person)
    works = moderates and not is_author and not stands_aside
    objection = commenting.open_objection(found)
    decides = objection is not None and commenting.may_decide(found, objection.answers, person)
    forms = {}
    if works and found.state != Comment.State.HIDDEN:
        forms["hide"] = bound.get("hide") or HideForm(auto_id="id_hide_%s")
    if decides:
        forms["decide"] = bound.get("decide") or DecideForm(auto_id="id_decide_%s")
    if is_author and commenting.objectionable(found) is not None:
        forms["object"] = bound.get("object") or ObjectForm(auto_id="id_object_%s")
    context = {
        "comment": found,
        "issue": issue,
        "issue_title": issue.title if following.concerns(issue, person) else issue.public_title,
        "may_open_issue": following.may_read(issue, person),
        "who": voices.who_wrote(found, is_mine=is_author),
        "history": [_entry(row, moderates) for row in found.moderations.select_related("by")],
        "forms": forms,
        "may_show": works and found.state != Comment.State.VISIBLE and objection is None,
        "stands_aside": stands_aside,
        "another_decides": works and objection is not None and not decides,
        "is_author": is_author,
        "refusal": refusal,
    }
    return render(request, "grids/comment.html", context, status=status)


def _entry(row, moderates: bool) -> dict:
    """The author learns what was done and why, not by whom."""
    if row.action == row.Action.OBJECT:
        who = _("作者")
    elif row.by is None:
        who = _("系统")
    else:
        who = row.by.name if moderates else _("工作人员")
    reason = row.get_reason_code_display() if row.reason_code else ""
    return {
        "title": row.get_action_display(),
        "at": row.at,
        "who": who,
        "text": "：".join(part for part in (reason, row.text) if part),
        "tone": {"hide": "warn", "restore": "ok", "show": "ok"}.get(row.action, "plain"),
    }
