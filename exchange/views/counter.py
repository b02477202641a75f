"""Behind the counter: a code is typed or scanned, answered at once, and handed over."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exchange import codes, counter, handing, orders, pictures, who
from exchange.models import Order
from exchange.orders import CodeIs
from exchange.outlet_forms import IssueForm, RefuseForm
from orgs.access import allowed, signed_in
from rules.refusals import Refused

PAGE = "exchange/counter.html"


@allowed(who.SERVE)
@require_safe
def at_counter(request):
    """The field for a code; ``?code=`` is answered below it."""
    return _answer(request, request.GET.get("code", ""))


@signed_in
@require_safe
def pick(request, code):
    """What a camera opens from the QR code: the counter, or for who ordered their order.

    A stranger meets a 404, be there such a code or not.
    """
    order = Order.objects.filter(code=codes.read(code)).select_related("offer__outlet", "account")
    order = order.first()
    if order is None or not who.serves(order.offer.outlet, request.user):
        if order is not None and who.cancels(order, request.user):
            return redirect(order)
        if not who.served_by(request.user).exists():
            raise Http404
    return _answer(request, code)


def _answer(request, text: str):
    outlets = counter.outlets_of(request.user)
    outlet = counter.standing(request.session, outlets)
    if not text.strip():
        if counter.is_blocked(request.user):
            return _blocked(request)
        return _page(request, outlets, outlet, is_missing="code" in request.GET)
    try:
        found = counter.look(text, person=request.user, outlet=outlet)
    except counter.TooManyWrong:
        return _blocked(request)
    status = 422 if found.kind == CodeIs.UNREADABLE else 200
    verdict = counter.verdict(found, request.user)
    return _page(request, outlets, outlet, verdict=verdict, text=text, status=status)


def _page(
    request, outlets, outlet, *, verdict=None, text="", forms=(), is_missing=False, status=200
):
    """The whole page, or to htmx only what is new on it."""
    found_here = verdict is not None and verdict.order is not None
    issue_form, refuse_form = forms or (IssueForm(), RefuseForm())
    context = {
        "outlets": outlets,
        "outlet": outlet,
        "verdict": verdict,
        # A code that was answered makes room for the next; one that was mistyped stays.
        "text": "" if found_here else text[:40],
        "issue_form": issue_form,
        "refuse_form": refuse_form,
        "refusing": bool(refuse_form.errors),
        "is_missing": is_missing,
    }
    if "choose" in request.GET and verdict is None:
        context["outlet"] = outlet = None
    if outlet is not None and (not request.htmx or request.method == "POST"):
        context["day"] = counter.day_at(outlet)
    if request.htmx and is_missing:  # only the field says so; what was shown stays
        answer = render(request, f"{PAGE}#ask", context, status=422)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#ask", "outerHTML"
        return answer
    template = f"{PAGE}#news" if request.htmx else PAGE
    return render(request, template, context, status=422 if is_missing else status)


def _blocked(request):
    if request.htmx:  # a fragment of 429 would not be swapped in: the whole page says it
        answer = HttpResponse(status=429)
        answer["HX-Redirect"] = reverse("exchange:counter")
        return answer
    context = {"minutes": counter.WRONG_SECONDS // 60, "most": counter.MOST_WRONG}
    answer = render(request, "exchange/counter_blocked.html", context, status=429)
    answer["Retry-After"] = str(counter.WRONG_SECONDS)
    return answer


@allowed(who.SERVE)
@require_POST
def stand(request):
    """Choose where one stands; remembered until one signs out. A code looked at comes along."""
    chosen = request.POST.get("outlet", "")
    outlets = {str(outlet.pk): outlet for outlet in counter.outlets_of(request.user)}
    if chosen not in outlets:
        raise Http404
    request.session[counter.CHOSEN] = outlets[chosen].pk
    onwards = codes.read(request.POST.get("code", ""))
    if onwards:
        return redirect("exchange:pick", onwards)
    return redirect("exchange:counter")


@allowed(who.SERVE)
@require_POST
def issue(request):
    form = IssueForm(request.POST, request.FILES)
    return _end(request, (form, RefuseForm()), {CodeIs.GOOD}, _issue)


@allowed(who.SERVE)
@require_POST
def refuse(request):
    form = RefuseForm(request.POST)
    return _end(request, (IssueForm(), form), {CodeIs.GOOD, CodeIs.NOT_TODAY}, _refuse)


def _issue(order, forms, person):
    handing.issue(order, by=person, picture=forms[0].cleaned_data["photo"])
    return counter.handed(order)


def _refuse(order, forms, person):
    orders.refuse(order, by=person, reason=forms[1].cleaned_data["reason"])
    return counter.given_back(order)


def _end(request, forms, kinds, act):
    """One code handed over or given back; whatever keeps it from that is answered anew."""
    outlets = counter.outlets_of(request.user)
    outlet = counter.standing(request.session, outlets)
    text = request.POST.get("code", "")
    bound = next(form for form in forms if form.is_bound)
    try:
        found = counter.look(text, person=request.user, outlet=outlet)
        if found.kind in kinds and bound.is_valid():
            done = act(found.order, forms, request.user)
            return _done(request, outlets, outlet, done)
    except counter.TooManyWrong:
        return _blocked(request)
    except Refused as refused:  # somebody was faster: say how it stands now
        found = orders.find(text, person=request.user, outlet=outlet)
        if found.kind in kinds:
            bound.refuse(refused)
    verdict = counter.verdict(found, request.user)
    return _page(request, outlets, outlet, verdict=verdict, text=text, forms=forms, status=422)


def _done(request, outlets, outlet, verdict):
    if request.htmx:
        return _page(request, outlets, outlet, verdict=verdict)
    what = f"{verdict.order.offer.item.name}×{verdict.order.quantity}"
    said = _("%(title)s：%(what)s。%(text)s")
    messages.success(request, said % {"title": verdict.title, "what": what, "text": verdict.text})
    return redirect("exchange:counter")


@signed_in
@require_safe
def handed_photo(request, token, size):
    """The picture of a handing over, ``large`` or ``small``; a stranger meets a 404."""
    along = ("offer__outlet", "account")
    order = get_object_or_404(Order.objects.select_related(*along), photo=token)
    if not handing.may_see(order, request.user):
        raise Http404
    return pictures.answer(token, size)
