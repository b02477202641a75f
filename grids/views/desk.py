"""The counter: writing down what somebody says, the slip they take, telling them the answer."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grids import deidentify, desk
from grids.field_forms import DeskForm, FindForm, RingForm, ToldForm
from grids.models import DeskEntry, Issue
from orgs import access
from orgs.access import allowed, signed_in
from orgs.contacts import ReasonTooShort, RevealRefused
from orgs.models import Person
from publicity import sheets
from rules.refusals import Refused

MOST_TO_TELL = 20


@allowed(desk.RIGHT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request):
    """The form; its other button only looks whether the phone belongs to an account."""
    grids, communities = desk.places(request.user)
    given = {"person": request.user, "grids": grids, "communities": communities}
    if request.method == "POST" and request.POST.get("do") == "find":
        return _find(request, DeskForm(request.POST, request.FILES, **given))
    if request.method == "POST":
        form = DeskForm(request.POST, request.FILES, **given)
        if form.is_valid() and (issue := _enter(request, form)) is not None:
            return redirect("grids:slip", issue.number)
        form.keep_drafts()
        return _page(request, form, status=422)
    return _page(request, DeskForm(initial={"how": DeskEntry.How.COUNTER}, **given))


def _find(request, form):
    """Says so beside the phone; everything typed stays, and nothing else is judged yet."""
    form.full_clean()
    form.keep_drafts()
    asked = FindForm({"phone": request.POST.get("phone", "")})
    found = None
    if asked.is_valid():
        found = Person.objects.get_by_phone(asked.cleaned_data["phone"])
    errors = asked.errors.get("phone")
    form._errors = form.error_class()  # the rest of the form is looked at when it is sent
    form._errors = {"phone": errors} if errors else {}
    context = {"looked": not errors, "found": found}
    return _page(request, form, status=422 if errors else 200, **context)


def _enter(request, form):
    try:
        return desk.enter(by=request.user, **form.given)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _page(request, form, status=200, **more):
    entries = list(desk.to_be_told(request.user)[:MOST_TO_TELL])
    context = {"form": form, "to_tell": entries, **more}
    return render(request, "grids/desk_entry.html", context, status=status)


@allowed(desk.RIGHT)
@require_safe
def slip(request, number):
    """What the person takes home: number, promise, and the way to look it up. Names nobody."""
    entry = get_object_or_404(_entries(request), issue__number=number)
    issue = entry.issue
    address = sheets.address(request, issue.get_absolute_url())
    context = {
        "entry": entry,
        "issue": issue,
        "public_later": issue.category.is_public,
        "address": address,
        "qr": sheets.qr_picture(address),
        "danger": issue.category.is_dangerous or deidentify.sounds_dangerous(issue.description),
    }
    return render(request, "grids/slip.html", context)


def _entries(request):
    entries = DeskEntry.objects.select_related(
        "issue__category", "issue__area", "issue__caller", "issue__lead", "entered_by"
    )
    return access.scope(entries, request.user, desk.RIGHT, path_field="issue__area_path")


@allowed(desk.RIGHT)
@require_POST
def told(request, number):
    """The worker has passed the answer on."""
    entry = get_object_or_404(_entries(request), issue__number=number)
    if not (desk.may_know_caller(entry.issue, request.user) and desk.is_to_be_told(entry)):
        raise Http404
    form = ToldForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors["told_note"]))
        return redirect(entry.issue.get_absolute_url() + "#desk")
    try:
        desk.told(entry, by=request.user, note=form.cleaned_data["told_note"])
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("已记录。"))
    return redirect(entry.issue.get_absolute_url() + "#desk")


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ring(request, number):
    """The phone of who reported, for who has to call: once, against a reason, and logged."""
    issue = get_object_or_404(
        Issue.objects.select_related("category", "area", "lead", "reporter", "caller"),
        number=number,
    )
    if not desk.may_ring(issue, request.user):
        raise Http404
    first = {"reason": _("联系反映人：%(number)s") % {"number": issue.number}}
    form = RingForm(request.POST if request.method == "POST" else None, initial=first)
    phone = ""
    if form.is_valid():
        try:
            phone = desk.ring_up(issue, by=request.user, reason=form.cleaned_data["reason"])
        except ReasonTooShort as refused:
            form.add_error("reason", str(refused))
        except RevealRefused as refused:
            form.add_error(None, str(refused))
    context = {"issue": issue, "form": form, "phone": phone}
    return render(request, "grids/ring.html", context, status=422 if form.errors else 200)


# --- beside an issue ---------------------------------------------------------------------------


def caller_for(issue: Issue, person) -> dict:
    """What a worker may know of somebody without an account."""
    if issue.caller is None or issue.anonymous:
        return {"name": _("匿名居民"), "phone": ""}
    if not desk.may_know_caller(issue, person):
        return {"name": issue.caller.sentence, "phone": ""}
    name = issue.caller.name or issue.caller.sentence
    return {"name": name, "phone": issue.caller.phone_masked}


def beside(issue: Issue, person, rows) -> dict:
    """For a worker's page: who wrote it down, what is still to tell, and the bar for thumbs."""
    entry = getattr(issue, "desk_entry", None)
    may_ring = desk.may_ring(issue, person)
    ring = reverse("grids:ring", args=[issue.number]) if may_ring else ""
    context = {"ring": ring, "thumbs": _thumbs(issue, rows, ring)}
    if entry is None or not desk.works_over(issue, person):
        return context
    by_sms = issue.caller is not None and issue.caller.wants_sms
    waits = desk.is_to_be_told(entry) and desk.may_know_caller(issue, person)
    return context | {
        "desk_entry": entry,
        "told_by_sms": by_sms,
        "told_form": ToldForm() if waits else None,
    }


def _thumbs(issue: Issue, rows, ring: str) -> list[dict]:
    """Three at most: what comes next, the phone, what was agreed on the phone."""
    labels = {
        "file": _("立案"),
        "dispatch": _("派单"),
        "sign": _("签收"),
        "arrive": _("到场"),
        "report": _("报结果"),
        "verify": _("核验"),
        "contact": _("记联系"),
    }
    able = [row.verb for row in rows if row.verb in labels]
    shown = [{"href": f"?do={verb}#do-{verb}", "label": labels[verb], "icon": ""} for verb in able]
    if ring and issue.handler_id and able:
        shown.insert(1, {"href": ring, "label": _("打电话"), "icon": "phone"})
    return shown[:3]
