"""``/points/ledger/``: are the books in order? For the auditor, and the street and district."""

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from orgs import access
from orgs.access import allowed
from orgs.models import Area
from points import seal, verification
from points.models import SealRound, Transfer, Verification
from points.tasks import verify_books

VIEW, VERIFY = "points.view_books", "points.verify_books"
RUNS, HEADS, FINDINGS = 15, 20, 100
WAITING_SECONDS = 10 * 60  # how long a run that was asked for is shown before a worker takes it


@allowed(VIEW)
@require_safe
def books(request):
    """The last result with its findings, the runs before, and the heads of the seal."""
    runs = Verification.objects.defer("findings").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        runs = runs.filter(pk__lt=int(before))
    runs = list(runs[: RUNS + 1])
    heads = seal.heads(_places(request.user))
    last = Verification.latest()
    found = _findings(request.user, last)
    context = {
        "last": last,
        "found": found[:FINDINGS],
        "elsewhere": last.finding_count - len(found) if last else 0,
        "more_found": max(0, len(found) - FINDINGS),
        "runs": runs[:RUNS],
        "following": f"?before={runs[RUNS - 1].pk}" if len(runs) > RUNS else "",
        "progress": verification.progress(),
        "heads": heads[:HEADS],
        "head_count": len(heads),
        "sealed": _sealed(),
        "may_verify": access.rights_of(request.user).has(VERIFY),
    }
    return render(request, "points/books.html", context)


def _places(person):
    """The communities whose books this person looks after."""
    return access.scope(Area.objects.all(), person, VIEW, path_field="path")


def _findings(person, last: Verification | None) -> list[dict]:
    """Those of the person's places; what belongs to no place is for everybody here."""
    if last is None or not last.findings:
        return []
    theirs = {finding["community"] for finding in last.findings} - {None}
    names = dict(_places(person).filter(pk__in=theirs).values_list("pk", "name"))
    return [
        {
            **finding,
            "title": verification.title_of(finding["check"]),
            "place": names.get(finding["community"], ""),
        }
        for finding in last.findings
        if finding["community"] is None or finding["community"] in names
    ]


def _sealed() -> dict:
    last = SealRound.objects.exclude(sealed_at=None).order_by("-number").first()
    after = last.up_to if last else 0
    return {
        "at": last and last.sealed_at,
        "waiting": Transfer.objects.filter(pk__gt=after).count(),
    }


@allowed(VERIFY)
@require_POST
def verify(request):
    """Ask for a run; a worker does it, and the page tells how far it is."""
    if verification.progress() is not None:
        messages.info(request, _("已经有一次核验在进行，完成后再发起"))
        return redirect("points:books")
    full = request.POST.get("full") == "1"
    asked = {"started_at": timezone.now(), "is_full": full, "step": 0, "steps": 0}
    cache.set(verification.PROGRESS, asked, WAITING_SECONDS)
    try:
        verify_books.delay(full)
        messages.success(request, _("已发起核验，稍后刷新本页查看结果"))
    except (OperationalError, OSError):
        cache.delete(verification.PROGRESS)
        messages.error(request, _("后台任务暂时不可用，没有发起核验，请稍后再试"))
    return redirect("points:books")


@allowed(VIEW)
@require_safe
def heads(request):
    """The heads of this person's places, as they go to the notice board."""
    text = seal.written(seal.heads(_places(request.user)))
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="seal-heads.txt"'
    return answer
