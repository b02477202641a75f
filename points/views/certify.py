"""The queue of who certifies: by deadline, one at a time or several, on a phone in the field."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orgs import access
from orgs.access import allowed
from points import claims, dealing, waiting, who
from points.models import Claim
from points.staff_forms import RefuseForm
from rules.refusals import Refused

PAGE = 30
VERBS = {"certify", "refuse"}


@allowed(who.CERTIFY)
@require_http_methods(["GET", "HEAD", "POST"])
def certify(request):
    if request.method == "POST":
        return _act(request)
    return _page(request)


def _page(request, *, form=None, picked=(), left=(), status=200):
    wanted = dealing.by_deadline(waiting.to_certify(request.user))
    count, aside = waiting.certifying(request.user)
    skip = _number(request.GET.get("skip", ""))
    rows = dealing.named(dealing.with_details(wanted, "clock")[skip : skip + PAGE])
    now = timezone.now()
    context = {
        "groups": _by_urgency(rows, now),
        "count": count,
        "aside": aside,
        "shown": len(rows),
        "following": f"?skip={skip + PAGE}" if count > skip + PAGE else "",
        "previous": f"?skip={max(skip - PAGE, 0)}" if skip else "",
        "form": form or RefuseForm(),
        "refusing": form is not None or "refuse" in request.GET,
        "picked": {*picked, _number(request.GET.get("pick", ""))},
        "left": left,
    }
    return render(request, "points/certify.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _by_urgency(rows, now) -> list[dict]:
    today = timezone.localdate(now)
    groups = [
        {"title": _("已超期"), "tone": "bad", "rows": []},
        {"title": _("今天到期"), "tone": "warn", "rows": []},
        {"title": _("以后到期"), "tone": "info", "rows": []},
    ]
    for claim in rows:
        due = claim.clock.due_at if claim.clock else None
        late = due is not None and due < now
        at = 0 if late else 1 if due is not None and timezone.localdate(due) == today else 2
        groups[at]["rows"].append(claim)
    return [group for group in groups if group["rows"]]


def _act(request):
    """Each ticked claim for itself: what could not be done is named, the rest is done."""
    one = request.POST.get("one", "")
    verb, _colon, number = one.partition(":") if one else (request.POST.get("verb", ""), "", "")
    if verb not in VERBS or (one and verb != "certify"):
        raise Http404
    numbers = [number] if one else request.POST.getlist("claim")[:PAGE]
    chosen = [pk for pk in map(_number, numbers) if pk]
    form = RefuseForm(request.POST) if verb == "refuse" else None
    if form is not None and not form.is_valid():
        return _page(request, form=form, picked=chosen, status=422)
    if not chosen:
        left = [_("没有选中任何一项，请先勾选。")]
        kept = form and RefuseForm(initial=form.cleaned_data)
        return _page(request, form=kept, left=left, status=422)
    done, left = _each(request.user, verb, chosen, form)
    if done:
        words = _("已认证 %(count)d 项。") if verb == "certify" else _("已不予认证 %(count)d 项。")
        messages.success(request, words % {"count": done})
    if left:
        kept = form and RefuseForm(initial=form.cleaned_data)
        return _page(request, form=kept, picked=chosen, left=left, status=422)
    return redirect("points:certify")


def _each(person, verb: str, chosen, form) -> tuple[int, list[str]]:
    within = _within_reach(person).filter(pk__in=chosen).order_by("pk")
    done, left = 0, []
    for claim in within.select_related("rule_version", "person", "community"):
        try:
            if verb == "certify":
                claims.certify(claim, by=person)
            else:
                claims.refuse(claim, by=person, **form.cleaned_data)
        except Refused as refused:
            left.append(
                _("编号%(n)d %(name)s：%(why)s")
                % {"n": claim.pk, "name": claim.person.name, "why": refused}
            )
        else:
            done += 1
    if done == 0 and not left:
        raise Http404
    return done, left


def _within_reach(person):
    """Claims of the person's places, whatever their state: a stale page gets words, not a 404."""
    return access.scope(Claim.objects.all(), person, who.CERTIFY)
