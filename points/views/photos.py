"""Pictures behind claims and deductions, to whom they concern."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from orgs.access import signed_in
from points import evidence
from points.models import ClaimEvidence


@signed_in
@require_safe
def photo(request, token, size):
    """One picture, ``large`` or ``small``; a stranger meets a 404."""
    found = get_object_or_404(ClaimEvidence.objects.select_related("deduction"), token=token)
    if size not in evidence.SIZES or not evidence.may_see(found, request.user):
        raise Http404
    try:
        opened = default_storage.open(evidence.path_of(found, size))
    except FileNotFoundError:
        raise Http404 from None
    answer = FileResponse(opened, content_type="image/jpeg", filename=f"{found.token}.jpg")
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
