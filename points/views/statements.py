"""One's monthly statement, on screen and on paper."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orgs.access import signed_in
from points import earning, statements
from ui import papers


def _month(request, text: str) -> statements.Month:
    month = statements.read_month(text)
    if month is None:
        raise Http404
    return statements.of(request.user, month)


@signed_in
@require_safe
def statement(request, month):
    found = _month(request, month)
    return render(request, "points/statement.html", {"month": found, "key": month})


@signed_in
@require_safe
def pdf(request, month):
    """The same on A4. Where no Chinese font is installed, the page itself can be printed."""
    found = _month(request, month)
    home = earning.home_of(request.user, timezone.localdate())
    community = home.area.community if home else None
    place = community.name if community else _("邻里共治")
    try:
        paper = papers.write(
            "points/papers/statement.typ", statements.paper(found, request.user, place)
        )
    except papers.NoChineseFont:
        context = {"month": found, "key": month, "no_font": True}
        return render(request, "points/statement.html", context, status=422)
    answer = HttpResponse(paper, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="points-{month}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer
