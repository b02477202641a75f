"""The household's points: members, moving points among them, minors; merging and splitting."""

from django.contrib import messages
from django.db.models import Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgs import access
from orgs.access import allowed, signed_in
from orgs.models import Area, AreaLevel, Residence
from points import accounts, earning, households, people, sharing, who
from points.household_forms import MoveForm, ShareForm
from points.models import Account, Claim, ClaimState, GuardianConsent
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
HOME, MINE = "home", "mine"


@signed_in
@require_http_methods(FORM)
def household(request):
    """Who belongs to it, what each brought in; moving points within it."""
    person, today = request.user, timezone.localdate()
    home = earning.home_of(person, today)
    if home is None:
        return render(request, "points/household.html", {"home": None})
    members = list(
        Residence.objects.verified(today)
        .filter(household=home)
        .select_related("person")
        .order_by("starts_on", "pk")
    )
    minor = who.may_be_minor(person, today)
    others = [row.person for row in members if row.person_id != person.pk]
    form = _share_form(request, person, others, minor=minor)
    if form.is_bound and form.is_valid() and _share(request, form, home, others):
        return redirect("points:household")
    context = {
        "home": home,
        "form": form,
        "minor": minor,
        "members": _rows(members, home, person, today),
        "purses": _balances(person, home),
        "minors": people.minors_of(person),
        "own_consent": GuardianConsent.objects.given().filter(minor=person).first()
        if minor
        else None,
    }
    status = 422 if form.errors else 200
    return render(request, "points/household.html", context, status=status)


def _share_form(request, person, others, *, minor: bool) -> ShareForm:
    mine, home = (MINE, _("我的账户")), (HOME, _("家庭账户"))
    choices = {
        "sources": [mine] if minor else [mine, home],
        "targets": [home, mine, *((str(other.pk), other.name) for other in others)],
    }
    return ShareForm(request.POST if request.method == "POST" else None, **choices)


def _share(request, form, home, others) -> bool:
    community = home.area.community
    by_key = {str(other.pk): other for other in others}

    def account(name: str):
        if name == HOME:
            return accounts.of_household(home, community)
        return accounts.of_person(by_key.get(name, request.user), community)

    given = form.cleaned_data
    try:
        sharing.share(
            account(given["source"]),
            account(given["target"]),
            given["points"],
            by=request.user,
            reason=_("户内转移"),
            key=f"share:{request.user.pk}:{given['key']}",
        )
    except Refused as refused:
        form.add_error("points", str(refused))
        return False
    messages.success(request, _("已转 %(points)d 分") % {"points": given["points"]})
    return True


def _balances(person, home) -> dict:
    found = {"home": 0, "mine": 0}
    rows = Account.objects.filter(community=home.area.community)
    for row in rows.filter(person=person) | rows.filter(household=home):
        found["home" if row.household_id else "mine"] = row.available
    return found


def _rows(members, home, person, today) -> list[dict]:
    """Each member, and what they have brought into the household's account."""
    brought = dict(
        Claim.objects.filter(household=home, to_household=True, state=ClaimState.POSTED)
        .values_list("person")
        .annotate(points=Sum("points"))
        .order_by()
    )
    return [
        {
            "person": row.person,
            "is_me": row.person_id == person.pk,
            "is_minor": who.may_be_minor(row.person, today),
            "kind": row.get_kind_display(),
            "brought": brought.get(row.person_id, 0),
        }
        for row in members
    ]


@signed_in
@require_POST
def consent(request):
    """A guardian lets a minor earn into the household's account, or takes that back."""
    wanted = request.POST.get("minor", "")
    rows = people.minors_of(request.user)
    found = next((row for row in rows if str(row[0].pk) == wanted), None)
    if found is None:
        raise Http404
    minor, home, given = found
    try:
        if request.POST.get("do") == "withdraw":
            if given is None:
                raise Http404
            people.withdraw_consent(given, by=request.user)
            messages.success(request, _("已撤回同意；已经记入的积分不变"))
        else:
            people.give_consent(minor, home, by=request.user)
            messages.success(request, _("已同意，%(name)s可以申报了") % {"name": minor.name})
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("points:household")


@signed_in
@require_POST
def leave(request):
    """A minor takes back the consent that was given for them."""
    given = get_object_or_404(GuardianConsent.objects.given(), minor=request.user)
    people.withdraw_consent(given, by=request.user)
    messages.success(request, _("已撤回；已经记入的积分不变"))
    return redirect("points:household")


# --- by who works the place ----------------------------------------------------------------------


@allowed(households.RIGHT)
@require_http_methods(FORM)
def move(request):
    """Merge or split: shown first, then done."""
    buildings = access.scope(
        Area.objects.open().filter(level=AreaLevel.BUILDING),
        request.user,
        households.RIGHT,
        path_field="path",
    ).order_by("path")
    form = MoveForm(request.POST if request.method == "POST" else None, buildings=buildings)
    shown = None
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        kind, points = households.Kind(given["kind"]), given["points"] or 0
        try:
            if request.POST.get("do") == "move":
                moved = households.carry_out(
                    kind,
                    form.source,
                    form.target,
                    by=request.user,
                    reason=given["reason"],
                    key=f"household:{request.user.pk}:{given['key']}",
                    points=points,
                )
                messages.success(request, _("已办理，转移 %(points)d 分") % {"points": moved})
                return redirect("points:household_move")
            shown = households.plan(kind, form.source, form.target, by=request.user, points=points)
        except Refused as refused:
            form.add_error(None, str(refused))
    status = 422 if form.errors else 200
    context = {"form": form, "shown": shown}
    return render(request, "points/household_move.html", context, status=status)
