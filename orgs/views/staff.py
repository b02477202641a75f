"""Founding, changing and closing bodies; appointing and relieving people; reveals and their log.

Every page narrows to the places the right covers, so that another place's body is a 404.
"""

from django.contrib import messages
from django.contrib.auth.models import Permission
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs import access, chain, consent, contacts, disclosure, linkage, posts, residence
from orgs.access import allowed
from orgs.forms import (
    AppointForm,
    CloseForm,
    ContactDataForm,
    FoundForm,
    MoveForm,
    OrganizationFilter,
    ReasonForm,
    RelieveForm,
    RevealForm,
    ServeForm,
    StartFoundingForm,
)
from orgs.models import (
    Appointment,
    Area,
    AreaLevel,
    ContactReveal,
    Household,
    Organization,
    OrganizationKind,
    Person,
    Residence,
)
from orgs.positions import Position

MANAGE, APPOINT, AUDIT = chain.RIGHT, "orgs.appoint_people", "orgs.audit_contact_reveals"
PAGE = 30
PLATE_VERSION = 1  # of the paper that the host signs
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def answer(request, template, form, context, *, verb=None, told="", to=None):
    """The whole of a form page: show it, run ``verb`` when the form is right, say what came of it.

    ``verb(data)`` returns the changed row or raises a refusal, which is shown with the form and
    status 422. ``to``: where to go after, given the row.
    """
    if form.is_bound and form.is_valid():
        try:
            row = verb(form.cleaned_data)
        except (chain.ChainRefused, posts.PostRefused, linkage.LinkageRefused) as refused:
            for problem in getattr(refused, "problems", None) or [str(refused)]:
                form.add_error(getattr(refused, "field", None), problem)
        else:
            messages.success(request, told)
            return to(row) if callable(to) else redirect(to)
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def posted(request):
    return request.POST if request.method == "POST" else None


def _managed(request, *rights):
    bodies = Organization.objects.select_related("area", "superior")
    return access.scope(
        bodies, request.user, *rights, path_field="area__path", organization_field="pk"
    )


def _body(request, pk, right=MANAGE) -> Organization:
    return get_object_or_404(_managed(request, right).open(), pk=pk)


def _to_body(body):
    return redirect("orgs:organization", body.pk)


# --- the list --------------------------------------------------------------------------------


@allowed(MANAGE, disclosure.INSIDE)
@require_safe
def organizations(request):
    """Bodies of my places; ``?after=<pk>`` goes on behind one."""
    rows = _managed(request, MANAGE, disclosure.INSIDE).order_by("pk")
    form = OrganizationFilter(request.GET)
    if form.is_valid():
        wanted = form.cleaned_data
        rows = rows.exclude(closed_on=None) if wanted["state"] else rows.open()
        if wanted["kind"]:
            rows = rows.filter(kind=wanted["kind"])
        if wanted["area"]:
            rows = rows.filter(area__code__startswith=wanted["area"])
        if wanted["q"]:
            rows = rows.filter(name__icontains=wanted["q"])
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    rows = list(rows[: PAGE + 1])
    following = ""
    if len(rows) > PAGE:
        query = request.GET.copy()
        query["after"] = rows[PAGE - 1].pk
        following = f"?{query.urlencode()}"
    context = {
        "form": form,
        "rows": rows[:PAGE],
        "following": following,
        "may_found": access.rights_of(request.user).has(MANAGE),
    }
    return render(request, "orgs/staff/organizations.html", context)


# --- bodies ----------------------------------------------------------------------------------


@allowed(MANAGE)
@get_or_post
def found(request):
    """Kind and place first (in the address), then what such a body needs there."""
    areas = access.scope(Area.objects.open(), request.user, MANAGE, path_field="path")
    start = StartFoundingForm(
        request.GET if request.GET or request.method == "POST" else None, areas=areas
    )
    if not (start.is_bound and start.is_valid()):
        status = 422 if request.method == "POST" or start.errors else 200
        return render(request, "orgs/staff/found_start.html", {"form": start}, status=status)
    kind, area = start.cleaned_data["kind"], start.cleaned_data["area"]
    rule = chain.RULES[kind]
    form = FoundForm(
        posted(request),
        superiors=_superiors(rule, area),
        hosts=_hosts(rule, area),
        households=Household.objects.filter(area=area).order_by("stairwell", "room")
        if kind == OrganizationKind.CONTACT_HOUSEHOLD
        else None,
        needs_superior=rule.needs_superior,
    )

    def verb(data):
        return chain.found(kind, area=area, by=request.user, **data)

    context = {"kind": OrganizationKind(kind).label, "area": area}
    return answer(
        request,
        "orgs/staff/found.html",
        form,
        context,
        verb=verb,
        told=_("组织已成立。"),
        to=_to_body,
    )


def _superiors(rule, area: Area):
    """Bodies a body of this rule may stand under, seated around ``area`` or serving it."""
    paths = around(area)
    reach = Q(area__path__in=paths) | Q(served_areas__path__in=paths)
    bodies = Organization.objects.open().filter(reach, kind__in=rule.superiors)
    return bodies.distinct().order_by("-area__path", "pk")


def _hosts(rule, area: Area):
    """Units that may host such a group: seated around the place, or in it, or serving it."""
    community = area.community or area
    near = Q(area__path__in=around(area)) | Q(area__path__startswith=community.path)
    near |= Q(served_areas__path__startswith=community.path)
    return Organization.objects.open().filter(near, kind__in=rule.hosts).distinct().order_by("pk")


def around(area: Area) -> list[str]:
    """Paths of the area and of everything it lies in."""
    return [area.path[:end] for end in range(Area.steplen, len(area.path) + 1, Area.steplen)]


@allowed(MANAGE)
@get_or_post
def edit(request, pk):
    body = _body(request, pk)
    fields = ContactDataForm.NAMES
    initial = {name: getattr(body, name) for name in fields}
    form = ContactDataForm(posted(request), initial=initial)

    def verb(data):
        changed = {name: data[name] for name in fields if data[name] != initial[name]}
        if not changed:
            return body
        return chain.amend(body, by=request.user, reason=data["reason"], **changed)

    context = _words(body, _("修改资料"), _("保存"))
    return answer(
        request,
        "orgs/staff/form.html",
        form,
        context,
        verb=verb,
        told=_("资料已更新。"),
        to=_to_body,
    )


@allowed(MANAGE)
@get_or_post
def move(request, pk):
    body = _body(request, pk)
    rule = chain.RULES[body.kind]
    form = MoveForm(
        posted(request),
        initial={"superior": body.superior_id},
        superiors=_superiors(rule, body.area).exclude(pk=body.pk),
        needs_superior=rule.needs_superior,
    )

    def verb(data):
        return chain.move(body, superior=data["superior"], by=request.user, reason=data["reason"])

    context = _words(body, _("改变上级"), _("确认调整"))
    context["lead"] = _("现在的上级：%(name)s") % {
        "name": body.superior.name if body.superior else _("无")
    }
    return answer(
        request,
        "orgs/staff/form.html",
        form,
        context,
        verb=verb,
        told=_("上级组织已调整。"),
        to=_to_body,
    )


@allowed(MANAGE)
@get_or_post
def merge(request, pk):
    """Choose into which (in the address), see what will happen, give the reason."""
    body = _body(request, pk)
    kinds = chain.COMMUNITY_PARTY if body.kind in chain.COMMUNITY_PARTY else {body.kind}
    others = _managed(request, MANAGE).open().filter(kind__in=kinds).exclude(pk=body.pk)
    others = others.order_by("area__path", "pk")
    chosen = request.GET.get("into", "")
    into = others.filter(pk=int(chosen)).first() if _is_pk(chosen) else None
    if into is None:
        missing = request.method == "POST" or "into" in request.GET
        near = others.filter(area__path__startswith=body.area.path[: -Area.steplen])
        context = {"organization": body, "others": near[:200], "missing": missing}
        return render(
            request, "orgs/staff/merge_start.html", context, status=422 if missing else 200
        )
    context = _words(body, _("并入其他组织"), _("确认并入"))
    context |= {"consequences": _what_merges(body, into), "back_to": "orgs:merge"}
    return answer(
        request,
        "orgs/staff/form.html",
        ReasonForm(posted(request)),
        context,
        verb=lambda data: chain.merge(body, into, by=request.user, reason=data["reason"]),
        told=_("已并入%(name)s。") % {"name": into.name},
        to=_to_body,
    )


def _is_pk(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _what_merges(body, into) -> list[str]:
    facts = _facts(body) | {"into": into.name, "name": body.name}
    lines = [
        _("%(name)s从今天起撤销，并入%(into)s。"),
        _("党员关系 %(members)d 名转入%(into)s。") if facts["members"] else "",
        _("下级组织 %(subordinates)d 个改由%(into)s领导。") if facts["subordinates"] else "",
        _("现任职务 %(posts)d 项同时终止，权限停止。") if facts["posts"] else "",
        _("变更记录和历任名单继续保留。"),
    ]
    return [line % facts for line in lines if line]


def _facts(body) -> dict:
    return {
        "members": body.memberships.in_force().count(),
        "posts": body.appointments.in_force().count(),
        "subordinates": body.subordinates.open().count(),
    }


@allowed(MANAGE)
@get_or_post
def serve(request, pk):
    """Which places a body serves; those outside the person's own places stay as they are."""
    body = _body(request, pk)
    if body.kind not in chain.SERVED_LEVEL:
        raise Http404
    served = list(body.served_areas.all())
    mine = access.scope(Area.objects.all(), request.user, MANAGE, path_field="path")
    served_here = list(mine.filter(pk__in=[area.pk for area in served]))
    kept = [area for area in served if area not in served_here]
    form = ServeForm(
        posted(request),
        initial={"areas": served_here},
        areas=_servable(body, served_here, mine),
        others=mine.open().filter(level__in=ServeForm.LEVELS),
    )

    def verb(data):
        areas = {*kept, *data["areas"], *data["codes"]}
        if areas == set(served):
            return body
        return chain.serve(body, areas, by=request.user, reason=data["reason"])

    context = _words(body, _("服务区域"), _("保存"))
    context["consequences"] = [
        _("任职人员没有单独的负责区域时，按区域的权限只在服务区域内有效。"),
        _("一处也不选，按区域的权限就在%(place)s全部范围内有效。") % {"place": body.area.name},
    ]
    if kept:
        names = "、".join(area.full_name for area in kept)
        text = _("不在您管辖范围内的服务区域保持不变：%(names)s。")
        context["consequences"].append(text % {"names": names})
    return answer(
        request,
        "orgs/staff/form.html",
        form,
        context,
        verb=verb,
        told=_("服务区域已更新。"),
        to=_to_body,
    )


def _servable(body, served, mine):
    """Places to tick off: around the body's seat, around what it serves, and what it serves."""
    level = chain.SERVED_LEVEL[body.kind]
    near = Q(pk__in=[area.pk for area in served])
    for area in (body.area, *served):
        home = area.community if level == AreaLevel.GRID else area.ancestor(AreaLevel.GRID)
        if home is not None:
            near |= Q(path__startswith=home.path, level=level, closed_on=None)
    return mine.filter(near)


@allowed(MANAGE)
@get_or_post
def close(request, pk):
    body = _body(request, pk)
    facts = _facts(body) | {"name": body.name}
    heir, form = chain.heir_of(body), ReasonForm(posted(request))
    if facts["members"]:
        form = CloseForm(posted(request), heir=heir, bodies=_may_take_members(request, body, heir))
    facts["heir"] = heir.name if heir else ""
    to_heir = _("党员关系 %(members)d 名转到%(heir)s，或您另选的党组织。")
    to_chosen = _("党员关系 %(members)d 名转到您选定的党组织。")
    lines = [
        _("%(name)s从今天起撤销，此后不能再任职。"),
        (to_heir if heir else to_chosen) if facts["members"] else "",
        _("现任职务 %(posts)d 项同时终止，权限停止。") if facts["posts"] else "",
        _("下级组织 %(subordinates)d 个须先调整，否则不能撤销。") if facts["subordinates"] else "",
        _("变更记录和历任名单继续保留。"),
    ]
    context = _words(body, _("撤销组织"), _("确认撤销"))
    context["consequences"] = [line % facts for line in lines if line]
    return answer(
        request,
        "orgs/staff/form.html",
        form,
        context,
        verb=lambda data: chain.close(body, by=request.user, **data),
        told=_("组织已撤销。"),
        to=_to_body,
    )


def _may_take_members(request, body, heir):
    """Party bodies of the person's places, in the community of the body or around it."""
    home = body.area.community or body.area
    near = Q(area__path__startswith=home.path) | Q(area__path__in=around(home))
    bodies = _managed(request, MANAGE).open().filter(near, kind__in=chain.MEMBER_KINDS)
    return bodies.exclude(pk__in=[one.pk for one in (body, heir) if one]).order_by(
        "area__path", "pk"
    )


def _words(body, title, button) -> dict:
    return {"organization": body, "title": title, "button": button, "name": body.name}


@allowed(residence.RIGHT)
@require_POST
def plate(request, pk):
    """Record on paper: the host of a contact household agrees to a plate, or takes that back."""
    bodies = _managed(request, residence.RIGHT).open()
    body = get_object_or_404(bodies, pk=pk, kind=OrganizationKind.CONTACT_HOUSEHOLD)
    answer_of_host = consent.give if request.POST.get("plate") == "yes" else consent.withdraw
    posts_held = body.appointments.in_force().filter(position=Position.CONTACT_HOST)
    for post in posts_held.select_related("person"):
        answer_of_host(
            post.person,
            consent.Notice.PLATE,
            version=PLATE_VERSION,
            channel=consent.Channel.PAPER,
        )
    messages.success(request, _("已记录。"))
    return _to_body(body)


# --- people ----------------------------------------------------------------------------------


@allowed(APPOINT)
@get_or_post
def appoint(request, pk):
    """Find the person by whole phone number or whole name, then give the post."""
    body = _body(request, pk, APPOINT)
    words = request.GET.get("who", "").strip()
    person = _found_person(request, body, request.GET.get("person", ""))
    context = _words(body, _("任职"), _("确认任职"))
    if person is None:
        people = _people(request, words) if words else []
        context |= {"words": words, "people": people}
        return render(request, "orgs/staff/find_person.html", context)
    positions = posts.POSTS_OF[body.kind]
    form = AppointForm(posted(request), positions=positions, areas=_posts_areas(body))

    def verb(data):
        return posts.appoint(
            person,
            body,
            data["position"],
            area=data["area"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            by=request.user,
            reason=data["reason"],
        )

    context |= {"person": person, "rights": _rights_in_words(body, positions)}
    return answer(
        request,
        "orgs/staff/appoint.html",
        form,
        context,
        verb=verb,
        told=_("任职已登记，权限随任期生效。"),
        to=lambda post: redirect("orgs:organization", body.pk),
    )


def _posts_areas(body):
    """Places below the body's own, and those it serves, that a post may be narrowed to."""
    levels = [AreaLevel.GRID, AreaLevel.BUILDING]
    reach = Q(path__startswith=body.area.path)
    for path in body.served_areas.values_list("path", flat=True):
        reach |= Q(path__startswith=path)
    if body.area.level not in {AreaLevel.COMMUNITY, AreaLevel.GRID, AreaLevel.BUILDING}:
        levels = [AreaLevel.COMMUNITY]
    return Area.objects.open().filter(reach, level__in=levels)


def _people(request, words: str) -> list[Person]:
    """Whole phone number: whoever has it. Whole name: who lives or serves in my places."""
    if words.isdecimal():
        person = Person.objects.get_by_phone(words)
        return [person] if person else []
    return list(_near(request).filter(name=words)[:20])


def _near(request):
    homes = access.scope(
        Residence.objects.current(), request.user, APPOINT, path_field="household__area_path"
    )
    served = access.scope(
        Appointment.objects.all(), request.user, APPOINT, path_field="organization__area__path"
    )
    mine = Q(pk__in=homes.values("person")) | Q(pk__in=served.values("person"))
    return Person.objects.filter(mine, is_active=True).order_by("pk")


def _found_person(request, body, token: str) -> Person | None:
    """The person picked from a search: the search is in the address too, and is made again."""
    if not token:
        return None
    words = request.GET.get("who", "").strip()
    people = _people(request, words)
    person = next((person for person in people if person.public_id == token), None)
    if person is None:
        raise Http404
    return person


def _rights_in_words(body, positions) -> list[tuple[str, list[str]]]:
    """What each post may do, in words; one query."""
    names = {
        f"{app}.{codename}": name
        for app, codename, name in Permission.objects.values_list(
            "content_type__app_label", "codename", "name"
        )
    }
    ordered = [position for position in Position if position in positions]
    return [
        (position.label, [names.get(right, right) for right in posts.rights_at(body, position)])
        for position in ordered
    ]


@allowed(APPOINT)
@get_or_post
def relieve(request, pk):
    rows = Appointment.objects.select_related("person", "organization__area")
    rows = access.scope(
        rows,
        request.user,
        APPOINT,
        path_field="organization__area__path",
        organization_field="organization",
    )
    post = get_object_or_404(rows, pk=pk)
    context = _words(post.organization, _("离任"), _("确认离任"))
    context["lead"] = f"{post.person.name} · {post.get_position_display()}"

    def verb(data):
        return posts.relieve(post, on=data["on"], by=request.user, reason=data["reason"])

    return answer(
        request,
        "orgs/staff/form.html",
        RelieveForm(posted(request)),
        context,
        verb=verb,
        told=_("离任已登记，到日权限停止。"),
        to=lambda row: redirect("orgs:organization", post.organization_id),
    )


# --- reveals ---------------------------------------------------------------------------------


@allowed(contacts.RIGHT)
@never_cache
@get_or_post
def reveal_person(request, public_id):
    person = get_object_or_404(Person, public_id=public_id)
    homes = access.scope(
        person.residences.current(),
        request.user,
        contacts.RIGHT,
        path_field="household__area_path",
    )
    held = person.appointments.in_force()
    held = access.scope(held, request.user, contacts.RIGHT, path_field="area__path") | (
        access.scope(
            held.filter(area=None),
            request.user,
            contacts.RIGHT,
            path_field="organization__area__path",
        )
    )
    if not (homes.exists() or held.exists()):
        raise Http404
    return _reveal(request, person, _("%(name)s的电话") % {"name": person.name_masked})


@allowed(contacts.RIGHT)
@never_cache
@get_or_post
def reveal_household(request, pk):
    doors = Household.objects.select_related("area")
    household = get_object_or_404(access.scope(doors, request.user, contacts.RIGHT), pk=pk)
    what = _("%(place)s的门牌") % {"place": household.area.full_name}
    return _reveal(request, household, what)


def _reveal(request, subject, what):
    """Shown once, in the answer to the form; asking again is another row in the log."""
    form, full = RevealForm(posted(request)), ""
    if form.is_valid():
        try:
            full = contacts.reveal(subject, by=request.user, reason=form.cleaned_data["reason"])
        except contacts.ReasonTooShort as refused:
            form.add_error("reason", str(refused))
        except contacts.RevealRefused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "full": full, "what": what, "is_phone": isinstance(subject, Person)}
    return render(request, "orgs/staff/reveal.html", context, status=422 if form.errors else 200)


@allowed(AUDIT)
@require_safe
def reveals(request):
    """Who looked at what, and why; newest first. The auditor sees whom it concerns masked."""
    rows = access.scope(
        ContactReveal.objects.select_related("seen_by", "person", "household__area", "area"),
        request.user,
        AUDIT,
        path_field="area__path",
    ).order_by("-pk")
    before = request.GET.get("before", "")
    if _is_pk(before):
        rows = rows.filter(pk__lt=int(before))
    words = request.GET.get("q", "").strip()[:40]
    if words:
        rows = rows.filter(Q(reason__icontains=words) | Q(seen_by__name=words))
    rows = list(rows[: PAGE + 1])
    following = ""
    if len(rows) > PAGE:
        query = request.GET.copy()
        query["before"] = rows[PAGE - 1].pk
        following = f"?{query.urlencode()}"
    context = {"rows": rows[:PAGE], "following": following, "words": words}
    return render(request, "orgs/staff/reveals.html", context)
