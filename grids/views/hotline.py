"""12345 and other departments: their orders, files of orders, partners, a door for machines."""

import csv
import io
from urllib.parse import quote

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grids import listing
from grids.hotline import (
    callbacks,
    callers,
    exporting,
    hook,
    importing,
    partners,
    reading,
    signatures,
)
from grids.hotline.forms import (
    ColumnsForm,
    OrdersFilter,
    PartnerForm,
    RevealForm,
    UndoForm,
    UploadForm,
)
from grids.models import Callback, CallerReveal, ExportLog, Import, Issue, Partner
from inbox import nudge
from orgs import access
from orgs.access import allowed, public
from orgs.contacts import ReasonTooShort, RevealRefused
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

MANAGE, IMPORT, EXPORT = "grids.manage_partners", importing.RIGHT, exporting.RIGHT
AUDIT = "orgs.audit_contact_reveals"
PAGE = 30
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _posted(request):
    return request.POST if request.method == "POST" else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _page(request, rows, name="before"):
    """Rows by falling key, and the address of the next page."""
    if (before := _number(request.GET.get(name, ""))) is not None:
        rows = rows.filter(pk__lt=before)
    rows = list(rows.order_by("-pk")[: PAGE + 1])
    following = ""
    if len(rows) > PAGE:
        query = request.GET.copy()
        query[name] = rows[PAGE - 1].pk
        following = f"?{query.urlencode()}"
    return rows[:PAGE], following


def _rooms(request, here: str) -> list[dict]:
    """The pages of this room that the person may enter."""
    rights = access.rights_of(request.user)
    rooms = [
        ("orders", _("来件"), "/issues/orders/", (EXPORT, IMPORT)),
        ("imports", _("导入"), "/issues/imports/", (IMPORT,)),
        ("partners", _("对接单位"), "/issues/partners/", (MANAGE,)),
        ("looks", _("查看与导出记录"), "/issues/looks/", (AUDIT,)),
    ]
    return [
        {"title": title, "href": href, "current": name == here}
        for name, title, href, needed in rooms
        if rights.has_any(*needed)
    ]


def _partners_around(person, *rights):
    """Partners that speak for a place in which, or inside which, the person holds a right."""
    held = access.rights_of(person)
    paths = {path for right in rights for path in held.area_paths(right)}
    around = Q(pk__in=[])
    for path in paths:
        above = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
        around |= Q(area_path__startswith=path) | Q(area_path__in=above)
    return Partner.objects.filter(around)


# --- orders --------------------------------------------------------------------------------------


@allowed(EXPORT, IMPORT)
@require_safe
def orders(request):
    """What came in, the newest first, with the partner's date beside our promise."""
    form = OrdersFilter(request.GET, partners=_partners_around(request.user, EXPORT, IMPORT))
    rows, following = [], ""
    if form.is_valid():
        found = exporting.orders_for(request.user, form.filters, EXPORT, IMPORT)
        found = found.select_related("partner", "issue__category").defer(
            "issue__clock_rules", "issue__description", "issue__result"
        )
        rows, following = _page(request, found)
    lines = listing.rows([order.issue for order in rows], public=False)
    for order, line in zip(rows, lines, strict=True):
        order.line = line
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form,
        "rows": rows,
        "following": following,
        "query": query.urlencode(),
        "may_export": access.rights_of(request.user).has(EXPORT),
        "rooms": _rooms(request, "orders"),
    }
    return render(
        request, "grids/hotline/orders.html", context, status=200 if form.is_valid() else 422
    )


@allowed(EXPORT)
@require_safe
def export(request):
    """The same filters as a file."""
    form = OrdersFilter(request.GET, partners=_partners_around(request.user, EXPORT))
    kind = request.GET.get("format", exporting.CSV)
    if kind not in exporting.FORMATS or not form.is_valid():
        raise Http404
    found, entry = exporting.log(request.user, form.filters, kind)
    rows = exporting.records(found)
    if kind == exporting.CSV:
        answer = StreamingHttpResponse(
            exporting.as_csv(rows), content_type="text/csv; charset=utf-8"
        )
    else:
        answer = StreamingHttpResponse(exporting.as_json(rows), content_type="application/json")
    name = f"{_('工单')}-{timezone.localtime(entry.at):%Y%m%d-%H%M}.{kind}"
    return _as_file(answer, name)


def _as_file(answer, name: str):
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# --- who called ----------------------------------------------------------------------------------


@allowed("grids.file_issue")
@never_cache
@get_or_post
def caller(request, number):
    """Shown once, in the answer to the form; asking again is another row in the log."""
    issue = get_object_or_404(
        Issue.objects.select_related("caller", "order__partner"), number=number
    )
    if not hasattr(issue, "order") or issue.caller is None:
        raise Http404
    if not callers.may_see(issue, request.user):
        raise Http404
    form, name, phone = RevealForm(_posted(request)), "", ""
    if form.is_valid():
        try:
            name, phone = callers.reveal(issue, by=request.user, reason=form.cleaned_data["reason"])
        except ReasonTooShort as refused:
            form.add_error("reason", str(refused))
        except RevealRefused as refused:
            form.add_error(None, str(refused))
    context = {"issue": issue, "form": form, "name": name, "phone": phone}
    return render(request, "grids/hotline/caller.html", context, status=422 if form.errors else 200)


@allowed(AUDIT)
@require_safe
def looks(request):
    """For the auditor: who looked at callers, and who took orders out."""
    reveals = access.scope(
        CallerReveal.objects.select_related("seen_by", "issue__order__partner").defer(
            "issue__clock_rules"
        ),
        request.user,
        AUDIT,
        path_field="issue__area_path",
    )
    exports = access.scope(ExportLog.objects.select_related("by"), request.user, AUDIT)
    reveals, more_reveals = _page(request, reveals)
    exports, more_exports = _page(request, exports, "exported_before")
    context = {
        "reveals": reveals,
        "more_reveals": more_reveals,
        "exports": exports,
        "more_exports": more_exports,
        "rooms": _rooms(request, "looks"),
    }
    return render(request, "grids/hotline/looks.html", context)


# --- files ---------------------------------------------------------------------------------------


def _my_imports(request):
    """Files that were taken in for the person's places; next door has its own."""
    batches = Import.objects.select_related("partner__area", "by")
    return access.scope(batches, request.user, IMPORT)


@allowed(IMPORT)
@get_or_post
def imports(request):
    """Earlier files, and a form for the next."""
    active = _partners_around(request.user, IMPORT).filter(is_active=True)
    form = UploadForm(_posted(request), request.FILES or None, partners=active)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            batch = importing.upload(
                form.cleaned_data["partner"],
                content=upload.read(),
                file_name=upload.name,
                by=request.user,
            )
        except reading.BadFile as refused:
            form.add_error("file", str(refused))
        else:
            return redirect(batch)
    rows, following = _page(request, _my_imports(request))
    context = {
        "form": form,
        "rows": rows,
        "following": following,
        "has_partners": active.exists(),
        "may_manage": access.rights_of(request.user).has(MANAGE),
        "rooms": _rooms(request, "imports"),
    }
    return render(
        request, "grids/hotline/imports.html", context, status=422 if form.errors else 200
    )


@allowed(IMPORT)
@require_safe
def an_import(request, pk):
    batch = get_object_or_404(_my_imports(request), pk=pk)
    if request.htmx and batch.state == Import.State.RUNNING:
        context = {"batch": batch, "counts": importing.counts(batch)}
        return render(request, "grids/hotline/import.html#progress", context)
    answer = _import_page(request, batch)
    if request.htmx:
        answer["HX-Refresh"] = "true"  # it is over: the whole page has something new to say
    return answer


def _import_page(request, batch, *, columns=None, undo=None, refusal="", status=200):
    counts = importing.counts(batch)
    is_draft = batch.state == Import.State.DRAFT
    missing = importing.missing_columns(batch) if is_draft else []
    until = importing.may_undo_until(batch)
    context = {
        "batch": batch,
        "counts": counts,
        "preview": importing.preview(batch) if is_draft else None,
        "faults": importing.faults(batch),
        "missing": missing,
        "columns": columns
        or (ColumnsForm(headers=batch.headers, columns=batch.columns) if is_draft else None),
        "columns_open": bool(missing) or columns is not None,
        "taken": importing.taken(batch),
        "undo": undo or UndoForm(),
        "may_undo": batch.state == Import.State.DONE
        and counts["taken"]
        and timezone.now() <= until,
        "undo_until": until,
        "refusal": refusal,
        "rooms": _rooms(request, "imports"),
    }
    return render(request, "grids/hotline/import.html", context, status=status)


@allowed(IMPORT)
@require_POST
def import_columns(request, pk):
    batch = get_object_or_404(_my_imports(request), pk=pk)
    form = ColumnsForm(request.POST, headers=batch.headers, columns={})
    if not form.is_valid():
        return _import_page(request, batch, columns=form, status=422)
    try:
        importing.choose_columns(batch, form.cleaned_data)
    except Refused as refused:
        return _import_page(request, batch, refusal=str(refused), status=422)
    messages.success(request, _("已按新的对应关系重新检查，并记住供下次使用。"))
    return redirect(batch)


@allowed(IMPORT)
@require_POST
def import_start(request, pk):
    """Small files at once; a large one by a worker, whose progress the page shows."""
    batch = get_object_or_404(_my_imports(request), pk=pk)
    try:
        batch = importing.start(batch, by=request.user)
    except Refused as refused:
        batch.refresh_from_db()
        return _import_page(request, batch, refusal=str(refused), status=422)
    if importing.is_large(batch):
        nudge.worker(importing.TASK, batch.pk)
    else:
        importing.work(batch)
    return redirect(batch)


@allowed(IMPORT)
@require_POST
def import_discard(request, pk):
    batch = get_object_or_404(_my_imports(request), pk=pk)
    try:
        importing.discard(batch)
    except Refused as refused:
        return _import_page(request, batch, refusal=str(refused), status=422)
    messages.success(request, _("已放弃，文件内容已删除。"))
    return redirect("grids:imports")


@allowed(IMPORT)
@require_POST
def import_undo(request, pk):
    batch = get_object_or_404(_my_imports(request), pk=pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _import_page(request, batch, undo=form, status=422)
    try:
        gone, kept = importing.undo(batch, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refused:
        batch.refresh_from_db()
        return _import_page(request, batch, undo=form, refusal=str(refused), status=422)
    text = (
        _("已撤销 %(gone)d 件；%(kept)d 件已有人处理，保持不变。")
        if kept
        else _("已撤销 %(gone)d 件。")
    )
    messages.success(request, text % {"gone": gone, "kept": kept})
    return redirect(batch)


@allowed(IMPORT)
@require_safe
def import_errors(request, pk):
    """What is wrong, to correct it in the source: row, order, column, fault."""
    batch = get_object_or_404(_my_imports(request), pk=pk)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("行"), _("工单编号"), _("列"), _("问题")])
    for row in importing.faults(batch, limit=None):
        for column, fault in row.errors:
            cells = [row.row, row.order_number, column, fault]
            writer.writerow([exporting.harmless(cell) for cell in cells])
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    return _as_file(answer, f"{_('导入问题')}-{batch.pk}.csv")


# --- partners ------------------------------------------------------------------------------------


def _managed(request):
    return access.scope(Partner.objects.select_related("area"), request.user, MANAGE)


@allowed(MANAGE)
@require_safe
def partner_list(request):
    rows = _managed(request).annotate(
        failed=Count("callbacks", filter=Q(callbacks__state=Callback.State.FAILED))
    )
    context = {"rows": rows.order_by("name", "pk"), "rooms": _rooms(request, "partners")}
    return render(request, "grids/hotline/partners.html", context)


@allowed(MANAGE)
@get_or_post
def partner_new(request):
    form = PartnerForm(_posted(request), areas=_areas(request.user))
    if form.is_valid():
        partner = partners.found(by=request.user, **form.given)
        messages.success(request, _("已建立。请生成密钥，交给对方。"))
        return redirect(partner)
    return _partner_form(request, form)


def _areas(person):
    """Subdistricts and what is around them, inside the person's own places."""
    levels = [AreaLevel.CITY, AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT]
    areas = Area.objects.open().filter(level__in=levels)
    return access.scope(areas, person, MANAGE, path_field="path")


@allowed(MANAGE)
@get_or_post
def partner_edit(request, pk):
    partner = get_object_or_404(_managed(request), pk=pk)
    form = PartnerForm(_posted(request), areas=Area.objects.none(), partner=partner)
    if form.is_valid():
        partners.amend(partner, by=request.user, **form.given)
        messages.success(request, _("已保存。"))
        return redirect(partner)
    return _partner_form(request, form)


def _partner_form(request, form):
    context = {"form": form, "partner": form.partner}
    return render(
        request, "grids/hotline/partner_form.html", context, status=422 if form.errors else 200
    )


@allowed(MANAGE)
@require_safe
def partner(request, pk):
    return _partner_page(request, get_object_or_404(_managed(request), pk=pk))


def _partner_page(request, found: Partner, *, secret="", refusal="", status=200):
    secrets = list(found.secrets.select_related("created_by")[:5])
    failed = found.callbacks.filter(state=Callback.State.FAILED).select_related("issue__order")
    waiting = found.callbacks.exclude(state__in=[Callback.State.FAILED, Callback.State.SENT])
    context = {
        "partner": found,
        "secret": secret,
        "refusal": refusal,
        "current": next((key for key in secrets if key.is_current), None),
        "old": [key for key in secrets if not key.is_current and key.retires_at > timezone.now()],
        "failed": failed.defer("issue__clock_rules").order_by("-pk")[:PAGE],
        "waiting": waiting.count(),
        "calls": found.hook_calls.all()[:10],
        "hook": request.build_absolute_uri(f"/issues/hook/{found.code}/"),
        "rooms": _rooms(request, "partners"),
    }
    return render(request, "grids/hotline/partner.html", context, status=status)


@allowed(MANAGE)
@never_cache
@require_POST
def partner_secret(request, pk):
    """A new key, shown in this answer and never again."""
    found = get_object_or_404(_managed(request), pk=pk)
    try:
        secret = signatures.rotate(
            found, by=request.user, after=_number(request.POST.get("after", ""))
        )
    except Refused as refused:
        return _partner_page(request, found, refusal=str(refused), status=422)
    return _partner_page(request, found, secret=secret)


@allowed(MANAGE)
@require_POST
def partner_retire(request, pk):
    found = get_object_or_404(_managed(request), pk=pk)
    signatures.end_overlap(found)
    messages.success(request, _("旧密钥已停用，只有新密钥有效。"))
    return redirect(found)


@allowed(MANAGE)
@require_POST
def callback_resend(request, pk):
    callback = get_object_or_404(
        Callback.objects.select_related("partner").filter(partner__in=_managed(request)), pk=pk
    )
    if callbacks.resend(callback):
        messages.success(request, _("已重新排队发送。"))
    else:
        messages.info(request, _("这一条已不在未送达之列，没有重发。"))
    return redirect(callback.partner)


# --- machines ------------------------------------------------------------------------------------


@public
@csrf_exempt
@require_POST
def receive(request, code):
    """The door for partners' machines: no session, no cookie; the signature is the sign-in."""
    length = _number(request.META.get("CONTENT_LENGTH") or "")
    if length is None:
        return JsonResponse({"error": _("请求须写明 Content-Length")}, status=411)
    if length > hook.MOST_BYTES:
        text = _("内容超过 %(most)d KB") % {"most": hook.MOST_BYTES // 1024}
        return JsonResponse({"error": text}, status=413)
    if request.content_type != "application/json":
        return JsonResponse({"error": _("内容须为 application/json")}, status=415)
    try:
        address = get_adapter().get_client_ip(request)
    except PermissionDenied:
        address = ""
    answer = hook.receive(
        hook.Delivery(
            code=code,
            address=address,
            timestamp=request.headers.get(signatures.TIMESTAMP, ""),
            delivery=request.headers.get(signatures.DELIVERY, ""),
            signature=request.headers.get(signatures.SIGNATURE, ""),
            body=request.body,
        )
    )
    return JsonResponse(
        answer.data,
        status=answer.status,
        headers=answer.headers,
        json_dumps_params={"ensure_ascii": False},
    )
