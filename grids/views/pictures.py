"""Pictures, to whom they concern."""

from django.core.files.storage import default_storage
from django.db.models import Q
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render

from grids import handling, photos, who
from grids.forms import OriginalForm
from grids.models import Photo, State
from orgs import access
from orgs.access import public

SIZES = {"large", "small"}


@public
def photo(request, token, size):
    """A picture (``large``, ``small``), or the page that asks why the ``original`` is wanted."""
    either = Q(token=token) | Q(redacted_token=token)
    found = get_object_or_404(Photo.objects.select_related("issue__category"), either)
    redacted = token == found.redacted_token
    if size == "original" and not redacted:
        return _original(request, found)
    if size not in SIZES or not may_see(found, request.user, redacted=redacted):
        raise Http404
    return _file(default_storage, found, size, redacted=redacted)


def is_for_all(found: Photo, *, redacted: bool) -> bool:
    """Approved, of a public issue; and where parts were blacked out, only that version."""
    issue = found.issue
    if issue is None or not (found.is_public and issue.is_public):
        return False
    return redacted or not found.redacted_token


def may_see(found: Photo, person, *, redacted: bool = False) -> bool:
    """Sender, reporter and workers; everybody what ``is_for_all``."""
    issue = found.issue
    if is_for_all(found, redacted=redacted):
        return True
    if not person.is_authenticated:
        return False
    if issue is None:
        return found.uploaded_by_id == person.pk
    return issue.reporter_id == person.pk or handling.is_worker(issue, person)


def _file(storage, found: Photo, size: str, *, redacted: bool):
    token = found.redacted_token if redacted else found.token
    path = photos.public_path(token, size) if redacted else photos.path_of(found, size)
    try:
        opened = storage.open(path)
    except FileNotFoundError:
        raise Http404 from None
    keep = is_for_all(found, redacted=redacted)
    return _answer(opened, "image/jpeg", f"{token}.jpg", keep=keep)


def _answer(opened, content_type, name, *, attachment=False, keep=False):
    answer = FileResponse(
        opened, content_type=content_type, filename=name, as_attachment=attachment
    )
    answer["Cache-Control"] = "private, max-age=3600" if keep else "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _original(request, found: Photo):
    """Asks for a reason first; what was looked at, by whom and why is kept."""
    issue = found.issue
    if (
        not request.user.is_authenticated
        or issue is None
        or issue.state == State.DRAFT
        or who.is_recused(issue, request.user)
        or not access.rights_of(request.user).may(
            "grids.moderate_photos", area_path=issue.area_path
        )
    ):
        raise Http404
    form = OriginalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            opened = photos.open_original(found, by=request.user, reason=reason)
        except FileNotFoundError:
            raise Http404 from None
        kind = found.original_type
        suffix = photos.FORMATS[kind]
        return _answer(opened, f"image/{kind.lower()}", f"{found.token}.{suffix}", attachment=True)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "photo": found, "issue": issue}
    return render(request, "grids/original.html", context, status=status)
