"""``/points/budgets/``: proposed by the street's operator, approved by its leader, seen by both."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points import budgets, liability, who
from points.budget_forms import BudgetForm
from points.models import Budget
from rules.refusals import Refused

PAGE = 20


def _communities(person, *rights):
    open_ones = Area.objects.open().filter(level=AreaLevel.COMMUNITY)
    return access.scope(open_ones, person, *rights, path_field="path")


@allowed(budgets.SET, budgets.APPROVE, who.BOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
def budget_list(request):
    """What each community may award, has promised and owes; and a new budget."""
    if request.method == "POST":
        return _propose(request)
    return _page(request)


def _propose(request):
    places = _communities(request.user, budgets.SET)
    form = BudgetForm(request.POST, places=places)
    if form.is_valid():
        try:
            form.propose(by=request.user)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("预算已编制，批准后才能使用。"))
            return redirect("points:budgets")
    return _page(request, form=form, status=422)


def _page(request, *, form=None, refusal: str = "", status: int = 200):
    person = request.user
    rights = access.rights_of(person)
    after = request.GET.get("after", "")
    places = _communities(person, budgets.SET, budgets.APPROVE, who.BOOKS).order_by("code")
    if after.isascii() and after.isdigit() and len(after) <= 18:
        places = places.filter(code__gt=after)
    places = list(places[: PAGE + 1])
    more, places = len(places) > PAGE, places[:PAGE]
    purses = liability.purses(places)
    rows = list(liability.listed(places))
    for row in rows:
        row.may_approve = (
            row.approved_at is None
            and row.set_by_id != person.pk
            and rights.may(budgets.APPROVE, area_path=row.area_path)
        )
        row.is_own = row.approved_at is None and row.set_by_id == person.pk
    approved = [row for row in rows if row.approved_at is not None]
    if form is None and rights.has(budgets.SET):
        form = BudgetForm(places=_communities(person, budgets.SET))
    context = {
        "places": [
            (place, purses[place.pk], [row for row in approved if row.area_id == place.pk])
            for place in places
        ],
        "short": [(place, purses[place.pk]) for place in places if purses[place.pk].short],
        "waiting": [row for row in rows if row.approved_at is None],
        "form": form,
        "refusal": refusal,
        "following": f"?after={places[-1].code}" if more else "",
    }
    return render(request, "points/budgets.html", context, status=status)


@allowed(budgets.APPROVE)
@require_POST
def approve(request, pk):
    """Another person than who set it; then the points are in the fund."""
    rows = access.scope(Budget.objects.select_related("area"), request.user, budgets.APPROVE)
    budget = get_object_or_404(rows, pk=pk)
    try:
        budgets.approve(budget, by=request.user)
    except Refused as refused:
        return _page(request, refusal=str(refused), status=422)
    text = _("已批准，%(points)d 分进入%(name)s的积分池。")
    messages.success(request, text % {"points": budget.points, "name": budget.area.name})
    return redirect("points:budgets")
