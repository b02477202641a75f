"""Blacking out parts of a photo before everybody sees it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grids import photos, who
from grids.field_forms import RedactForm, cells_of
from grids.models import Photo, State
from orgs import access
from orgs.access import allowed


@allowed("grids.file_issue", "grids.verify_issue")
@require_http_methods(["GET", "HEAD", "POST"])
def redact(request, token):
    """For who files or verifies over the place; works by ticking cells, better with redact.js."""
    photo = get_object_or_404(
        access.scope(
            Photo.objects.exclude(issue__state=State.DRAFT).select_related("issue"),
            request.user,
            "grids.file_issue",
            "grids.verify_issue",
            path_field="issue__area_path",
        ),
        token=token,
    )
    if who.is_recused(photo.issue, request.user):
        raise Http404
    history = list(photo.redactions.select_related("person"))
    if request.method == "POST":
        form = RedactForm(request.POST, photo=photo)
        if form.is_valid() and _redact(request, photo, form):
            messages.success(request, _("已涂黑。大家只看得到涂黑后的这一张。"))
            return redirect("grids:redact", photo.token)
    else:
        form = RedactForm(photo=photo, initial={"seen": len(history)})
    columns, rows = cells_of(photo)
    chosen = {str(value) for value in form["cells"].value() or []}
    context = {
        "photo": photo,
        "issue": photo.issue,
        "form": form,
        "shape": "wide" if columns > rows else "tall",
        "cells": [(str(n), str(n) in chosen) for n in range(1, columns * rows + 1)],
        "history": history[::-1],
    }
    return render(request, "grids/redact.html", context, status=422 if form.errors else 200)


def _redact(request, photo, form) -> bool:
    try:
        photos.redact(photo, form.chosen, by=request.user, seen=form.cleaned_data["seen"])
    except photos.PhotoRefused as refused:
        form.add_error("cells", str(refused))
        return False
    return True
