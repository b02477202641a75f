"""``/points/budgets/``: proposed by the street's operator, approved by its leader, seen by both."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points import budgets, liability, who
from points.budget_forms import BudgetForm, ReturnForm
from points.models import Budget, BudgetKind
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
        return _give_back(request) if "give_back" in request.POST else _propose(request)
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


def _give_back(request):
    places = _communities(request.user, budgets.SET)
    form = _return_form(places, liability.purses(places), request.POST)
    if form.is_valid():
        try:
            form.propose(by=request.user)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已申请退回，批准后积分从积分池退出。"))
            return redirect("points:budgets")
    return _page(request, back=form, status=422)


def _return_form(places, purses, data=None) -> ReturnForm:
    full = [pk for pk, purse in purses.items() if purse.returnable]
    return ReturnForm(data, prefix="back", places=places.filter(pk__in=full), purses=purses)


def _page(request, *, form=None, back=None, refusal: str = "", status: int = 200):
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
        row.waits = row.approved_at is None and row.withdrawn_at is None
        row.may_approve = (
            row.waits
            and row.set_by_id != person.pk
            and rights.may(budgets.APPROVE, area_path=row.area_path)
        )
        row.is_own = row.waits and row.set_by_id == person.pk
    told = [row for row in rows if not row.waits]
    if form is None and rights.has(budgets.SET):
        form = BudgetForm(places=_communities(person, budgets.SET))
    full = any(purse.returnable for purse in purses.values())
    if back is None and full and rights.has(budgets.SET):
        back = _return_form(_communities(person, budgets.SET), purses)
    context = {
        "places": [
            (place, purses[place.pk], [row for row in told if row.area_id == place.pk])
            for place in places
        ],
        "short": [(place, purses[place.pk]) for place in places if purses[place.pk].short],
        "waiting": [row for row in rows if row.waits],
        "form": form,
        "back": back,
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
    if budget.kind == BudgetKind.RETURN:
        text = _("已批准，%(points)d 分从%(name)s的积分池退回。")
    messages.success(request, text % {"points": budget.points, "name": budget.area.name})
    return redirect("points:budgets")


@allowed(budgets.SET)
@require_POST
def withdraw(request, pk):
    """Who proposed it, until it is approved."""
    rows = access.scope(Budget.objects.select_related("area"), request.user, budgets.SET)
    budget = get_object_or_404(rows, pk=pk)
    try:
        budgets.withdraw(budget, by=request.user)
    except Refused as refused:
        return _page(request, refusal=str(refused), status=422)
    messages.success(request, _("已撤回，不用再批准。"))
    return redirect("points:budgets")
