"""Posting an issue, and the page that says what happens now."""

from django.shortcuts import get_object_or_404, redirect, render

from grids import deidentify, handling, places
from grids.field_forms import DraftForm
from grids.forms import PostForm, grouped
from grids.models import Category, Issue, Level, Source, State
from grids.views import drafts
from orgs import access
from orgs.access import signed_in
from orgs.uploads import read_key
from rules.refusals import Refused


@signed_in
def new(request):
    """The form; a second press of its button leads to the issue of the first."""
    there = places.for_posting(request.user, request.GET.get("street", ""))
    given = {"person": request.user, "grids": there.grids, "communities": there.communities}
    if request.method == "POST":
        if (again := _posted_before(request)) is not None:
            page = "grids:draft" if again.state == State.DRAFT else "grids:issue_posted"
            return redirect(page, again.number)
        if request.POST.get("do") == "keep":
            return _keep(request, DraftForm(request.POST, request.FILES, **given), there)
        form = PostForm(request.POST, request.FILES, **given)
        if form.is_valid() and (alike := drafts.alike(request, form)):
            form.keep_drafts()
            return _page(request, form, there, alike=alike)
        if form.is_valid() and (issue := _post(request, form)) is not None:
            return redirect("grids:issue_posted", issue.number)
        form.keep_drafts()
        return _page(request, form, there, status=422)
    chosen = {"category": request.GET.get("category", "")}
    if there.own is not None:
        chosen["place"] = there.own.pk
    return _page(request, PostForm(initial=chosen, **given), there)


def _keep(request, form, there):
    if form.is_valid():
        source = _source(request.user, form.cleaned_data["place"])
        if (answer := drafts.keep(request, form, source=source)) is not None:
            return answer
    form.keep_drafts()
    return _page(request, form, there, status=422)


def _posted_before(request) -> Issue | None:
    key = read_key(request.POST.get("key", ""))
    if key is None:
        return None
    return Issue.objects.filter(reporter=request.user, posting_key=key).first()


def _post(request, form) -> Issue | None:
    given = form.cleaned_data
    try:
        return handling.post(
            reporter=request.user,
            category=given["category"],
            area=given["place"],
            place_text=given["place_text"],
            text=given["text"],
            anonymous=given["anonymous"],
            about_lead=given["about_lead"],
            pictures=form.pictures.ready,
            key=given["key"],
            source=_source(request.user, given["place"]),
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _source(person, area) -> str:
    """A worker who reports from the own patch has found it on patrol."""
    found = access.rights_of(person).may("grids.file_issue", area_path=area.path)
    return Source.GRID if found else Source.RESIDENT


def _page(request, form, there, status=200, alike=()):
    chosen = str(form["category"].value() or "")
    context = {
        "form": form,
        "groups": grouped(Category.objects.filter(is_active=True)),
        "chosen": chosen,
        "places": there,
        "similar": alike,
    }
    return render(request, "grids/new.html", context, status=status)


@signed_in
def posted(request, number):
    """What the reporter takes away: the number, the promised date, what comes next."""
    issue = get_object_or_404(
        Issue.objects.select_related("category", "area"), number=number, reporter=request.user
    )
    context = {
        "issue": issue,
        "danger": issue.category.is_dangerous
        or deidentify.sounds_dangerous(f"{issue.title}{issue.description}"),
        "level": Level(issue.level).label,
    }
    return render(request, "grids/posted.html", context)
