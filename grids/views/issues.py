"""The list of issues, and one issue's page for everybody it concerns."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grids import (
    cohandling,
    deidentify,
    delays,
    handling,
    listing,
    timeline,
    voices,
    whistle_pages,
    who,
)
from grids.forms import FORMS
from grids.hotline import partner_dates
from grids.models import Issue, Source, State
from grids.views import desk as desk_views
from grids.views.replies import offer_templates, with_template
from orgs import access
from orgs.access import public
from rules.refusals import Refused
from rules.workflow import Missing

STATE_STEPS = {
    State.SUBMITTED: 1,
    State.FILED: 2,
    State.DISPATCHED: 2,
    State.IN_PROGRESS: 3,
    State.REOPENED: 2,
    State.HANDLED: 4,
    State.CLOSED: 5,
    State.RATED: 6,
    State.ARCHIVED: 6,
    State.RETURNED: 2,
    State.ESCALATED: 2,
    State.PAUSED: 3,
}


@public
def issue_list(request):
    """Filed issues without persons; a signed-in person's own, and their work, on request."""
    filters = listing.Filters.read(request.GET, request.user)
    issues = filters.apply(request.user).select_related("category").only(*listing.ROW_FIELDS)
    page = listing.page_of(issues, request.GET)
    context = {
        "rows": listing.rows(page.issues, public=filters.is_public),
        "filters": filters,
        "options": listing.Options.of(filters),
        "older": filters.address(after=page.older) if page.older else "",
        "newer": filters.address(before=page.newer) if page.newer else "",
        "is_worker": access.rights_of(request.user).has_any(
            "grids.view_issue", "grids.handle_issue"
        ),
    }
    return render(request, "grids/list.html", context)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def issue(request, number):
    """One address: the public sees the public page, the reporter theirs, workers the tools."""
    found = get_object_or_404(
        Issue.objects.select_related(
            *("category", "area", "lead", "reporter", "handler", "assignee", "parent"),
            *("caller", "desk_entry__entered_by", "order__partner"),
        ),
        number=number,
    )
    person = request.user
    is_reporter = person.is_authenticated and person.pk == found.reporter_id
    is_worker = person.is_authenticated and handling.is_worker(found, person)
    if found.state == State.DRAFT:
        if not is_reporter:
            raise Http404
        if request.method != "POST":
            return redirect("grids:draft", found.number)
    if request.method == "POST":
        if not (is_reporter or is_worker):
            raise Http404
        return _advance(request, found, is_reporter=is_reporter, is_worker=is_worker)
    return page(request, found, is_reporter=is_reporter, is_worker=is_worker)


def page(request, found, *, is_reporter=None, is_worker=None, status=200, **said):
    """The page as this person may see it; 404 for a stranger to what is not public.

    ``said`` goes to ``voices.of``: a form to be corrected, a refusal.
    """
    person = request.user
    if is_reporter is None:
        is_reporter = person.is_authenticated and person.pk == found.reporter_id
        is_worker = person.is_authenticated and handling.is_worker(found, person)
    as_public = found.is_public and request.GET.get("as") == "public"
    inside = (is_worker or is_reporter) and not as_public
    if not inside and not found.is_public:
        if found.state == State.MERGED and found.public_title and found.parent.is_public:
            return redirect(found.parent)  # it was public until it was merged: old links go on
        raise Http404
    who_asks = {"is_reporter": is_reporter, "is_worker": is_worker}
    everything = request.GET.get("comments") == "all"
    heard = {
        "voices": voices.of(found, person, **who_asks, everything=everything, **said),
        "as_public": as_public,
    }
    if inside:
        return _inside(request, found, **who_asks, status=status, heard=heard)
    return _outside(request, found, status=status, heard=heard)


# --- the public page -----------------------------------------------------------------------------


def _outside(request, found, *, status=200, heard):
    steps = found.steps.all()
    photos = list(found.photos.filter(is_public=True))
    context = {
        "issue": found,
        "row": listing.rows([found], public=True)[0],
        "photos": photos,
        "entries": timeline.entries(found, steps, [], audience=timeline.PUBLIC),
        **heard,
    }
    return render(request, "grids/public.html", context, status=status)


# --- reporter and workers ------------------------------------------------------------------------


def _inside(
    request,
    found,
    *,
    is_reporter,
    is_worker,
    bound=None,
    refusal="",
    seen=None,
    status=200,
    heard=None,
):
    person = request.user
    if heard is None:
        heard = {"voices": voices.of(found, person, is_reporter=is_reporter, is_worker=is_worker)}
    audience = timeline.WORKER if is_worker else timeline.REPORTER
    photos = list(found.photos.all())
    rows = handling.available(found, person)
    forms = [
        (row, _form(row.verb, found, person, bound, asked=request.GET.get("do", "")))
        for row in rows
        if not (row.verb == "reopen" and any(other.verb == "rate" for other in rows))
    ]
    forms.sort(key=lambda pair: pair[0].tone != "main")
    if is_worker:
        offer_templates(found, [form for _row, form in forms if form is not None])
    steps = list(found.steps.select_related("actor"))
    new = [step for step in steps if seen is not None and step.pk > seen]
    changed = timeline.entries(found, new, [], audience=audience)
    reports = [step.pk for step in steps if step.verb == "report"]
    result_photos = [photo for photo in photos if reports and photo.step_id == reports[-1]]
    earlier = [photo for photo in photos if photo.step_id in reports[:-1]]
    context = {
        "issue": found,
        "row": listing.rows([found], public=False)[0],
        "is_reporter": is_reporter,
        "is_worker": is_worker,
        "photos": photos,
        "before": [photo for photo in photos if photo.kind == "before"],
        "after": result_photos,
        "entries": timeline.entries(found, steps, earlier, audience=audience),
        "forms": forms,
        "has_more": any(row.tone != "main" for row, _form_of in forms),
        "why_not": handling.why_not(found, person),
        "last_step": max((step.pk for step in steps), default=None),
        "reporter": _reporter_for(found, person) if is_worker else "",
        "may_moderate": not who.is_recused(found, person)
        and access.rights_of(person).may("grids.moderate_photos", area_path=found.area_path),
        "beside": partner_dates.beside(found, person) if is_worker else None,
        "clocks": found.clocks.select_related("clock").order_by("pk") if is_worker else (),
        "step": STATE_STEPS.get(found.state),
        "parent": found.parent if found.state == State.MERGED else None,
        "delay": delays.pending(found) if found.state == State.IN_PROGRESS and is_worker else None,
        "cohandlings": cohandling.grants(found),
        "changed": changed,
        "asked": request.GET.get("do", ""),
        "steps": [_("已反映"), _("立案派单"), _("办理"), _("核验"), _("办结评价")],
        "refusal": refusal,
        "whistle_section": whistle_pages.section(found, person) if is_worker else None,
        "now": timezone.now(),
        "danger": found.state == State.SUBMITTED
        and (
            found.category.is_dangerous
            or deidentify.sounds_dangerous(f"{found.title}{found.description}")
        ),
        **heard,
    }
    if is_worker:
        context |= desk_views.beside(found, person, rows)
    return render(request, "grids/issue.html", context, status=status)


def _reporter_for(found, person) -> dict:
    """What a worker may know of the reporter: nothing of one who asked for that.

    Who only looks on (leaders, the auditor) needs no name for it.
    """
    works_here = access.rights_of(person).may("grids.file_issue", area_path=found.area_path)
    if who.is_recused(found, person):
        return {"name": _("（您已回避，不显示反映人）"), "phone": ""}
    if found.reporter is None:
        return desk_views.caller_for(found, person)
    if found.source == Source.HOTLINE and hasattr(found, "order"):
        # The platform's account. Who called is told by ``hotline.callers``, to fewer people.
        return {"name": found.reporter.name, "phone": ""}
    if found.anonymous or not (works_here or found.shows_reporter_to_handlers()):
        return {"name": _("匿名居民"), "phone": ""}
    if not (works_here or who.in_lead(found, person)):
        return {"name": found.reporter.name_masked, "phone": ""}
    return {"name": found.reporter.name, "phone": found.reporter.phone_masked}


# Rarely wanted, and their choices cost queries: a link opens them.
ON_REQUEST = frozenset({"merge", "redirect", "assign", "invite", "dismiss", "recuse", "ask_delay"})


def _form(verb, found, person, bound, *, asked):
    """The form of a button; None for one that a link opens (``?do=verb``)."""
    if bound is not None and bound.verb == verb:
        return bound
    if verb in ON_REQUEST and asked != verb:
        return None
    return FORMS[verb](issue=found, person=person)


def _advance(request, found, *, is_reporter, is_worker):
    """Carry out the verb of the pressed button, or say on the same page why not."""
    who = {"is_reporter": is_reporter, "is_worker": is_worker}
    if "insert" in request.POST and is_worker:
        form, refusal = with_template(request, found)
        status = 422 if refusal else 200
        return _inside(request, found, **who, bound=form, refusal=refusal, status=status)
    verb = request.POST.get("verb", "")
    form_class = FORMS.get("rate" if _is_rating(verb, found) else verb)
    if form_class is None:
        raise Http404
    form = form_class(request.POST, request.FILES, issue=found, person=request.user)
    refusal, seen = "", None
    if form.is_valid():
        if form_class.verb == "rate":
            verb = "reopen" if form.sends_back else "rate"
        try:
            handling.advance(found, verb, by=request.user, after=_last_seen(request), **form.given)
        except Missing as missing:
            for name, label in missing.fields.items():
                text = _("请填写：%(names)s") % {"names": label}
                form.add_error(name if name in form.fields else None, text)
        except Refused as refused:
            refusal = str(refused)
            seen = _last_seen(request)
        else:
            if told := form.afterwards():
                messages.warning(request, told)
            return redirect(f"{found.get_absolute_url()}#timeline")
    if form.kept_photos:
        form.keep_drafts(kind="after")
    found.refresh_from_db()
    return _inside(request, found, **who, bound=form, refusal=refusal, seen=seen, status=422)


def _is_rating(verb, found) -> bool:
    return verb in {"rate", "reopen"} and found.state == State.CLOSED


def _last_seen(request) -> int | None:
    seen = request.POST.get("after", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None
