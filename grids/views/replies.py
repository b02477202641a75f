"""Reply templates: inserted into a verb's form, and the staff pages where they are written."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import replies
from grids.flow import flow
from grids.forms import FORMS
from grids.models import ReplyTemplate
from grids.table_forms import TemplateForm, places_of, scope_paths
from orgs import access
from orgs.access import allowed
from orgs.models import AreaLevel

PAGE = 40
OWNERS = {AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY}


def verbs() -> list[tuple[str, str]]:
    """The steps that take a template, in the words of their buttons."""
    labels = {row.verb: row.text for row in flow.transitions}
    return [(verb, labels[verb]) for verb in replies.TEXT_FIELDS if verb in labels]


def _mine(person):
    found = ReplyTemplate.objects.select_related("area", "category")
    return access.scope(found, person, replies.RIGHT, path_field="area__path")


@allowed(replies.RIGHT)
@require_safe
def templates(request):
    after = request.GET.get("after", "")
    rows = _mine(request.user).order_by("pk")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    rows = list(rows[: PAGE + 1])
    labels = dict(verbs())
    for row in rows:
        row.verb_label = labels.get(row.verb, row.verb)
    context = {
        "rows": rows[:PAGE],
        "following": f"?after={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
    }
    return render(request, "grids/templates.html", context)


@allowed(replies.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request):
    return _write(request, None)


@allowed(replies.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk):
    return _write(request, get_object_or_404(_mine(request.user), pk=pk))


def _write(request, found):
    places = [
        area
        for area in places_of(scope_paths(request.user, replies.RIGHT), down_to_grids=False)
        if area.level in OWNERS
    ]
    form = TemplateForm(
        request.POST if request.method == "POST" else None,
        instance=found,
        places=places,
        verbs=verbs(),
    )
    if form.is_bound and form.is_valid():
        template = form.save(commit=False)
        template.written_by = request.user
        template.save()
        messages.success(request, _("模板已保存"))
        return redirect("grids:templates")
    status = 422 if form.errors else 200
    return render(
        request, "grids/template_edit.html", {"form": form, "template": found}, status=status
    )


# --- in the form of a verb -----------------------------------------------------------------------


def offer_templates(issue, forms):
    """Give each form that takes words the templates for it; one query, none without such a form."""
    forms = [form for form in forms if replies.TEXT_FIELDS.get(form.verb) in form.fields]
    for template in replies.for_issue(issue) if forms else ():
        for form in forms:
            if form.verb == template.verb:
                form.templates.append(template)


def with_template(request, issue):
    """The form as sent, with the chosen template's words in it, and why not ("" when it went).

    To be read first: nothing is done, and photos that came along are kept as drafts.
    """
    verb = request.POST["insert"]
    name = replies.TEXT_FIELDS.get(verb)
    if verb not in FORMS or name not in FORMS[verb].base_fields:
        raise Http404
    wanted = request.POST.get("template", "")
    chosen = next(
        (
            template
            for template in replies.for_issue(issue)
            if template.verb == verb and str(template.pk) == wanted
        ),
        None,
    )
    data = request.POST.copy()
    if chosen is not None:
        data[name] = replies.insert(data.get(name, ""), chosen, issue)
    form = FORMS[verb](data, request.FILES, issue=issue, person=request.user)
    if form.kept_photos:
        form.full_clean()
        form.keep_drafts(kind="after")
    form.errors.clear()
    return form, "" if chosen is not None else _("请先选择一个模板")
