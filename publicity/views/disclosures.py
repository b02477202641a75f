"""One disclosure: its page, the sheet for the door, its table, and its former versions."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from orgs import access
from orgs.access import public
from publicity import disclosures, listing, periods, reading, sheets
from publicity.models import Disclosure, DisclosureReads
from publicity.views.notices import as_file


def _found(pk: int, **more) -> Disclosure:
    rows = Disclosure.objects.select_related("area", "organization")
    return get_object_or_404(rows.filter(**more), pk=pk)


def _published(pk: int) -> Disclosure:
    return _found(pk, published_at__isnull=False)


@public
@require_safe
def disclosure(request, pk):
    """Published or still owed: that it is missing is public too."""
    found = _found(pk)
    state, tone = listing.lateness_words(found, timezone.localdate())
    context = {
        "disclosure": found,
        "name": disclosures.name_of(found),
        "kind": disclosures.kind_label(found.kind),
        "period": periods.label(found.period),
        "place": listing.place_names([found.area])[found.area_id],
        "state": state,
        "tone": tone,
        "corrections": list(found.corrections.all()),
        "reads": reading.total(found) if found.is_published else 0,
        "works": request.user.is_authenticated
        and access.rights_of(request.user).may(disclosures.PUBLISH, area_path=found.area_path),
    }
    return render(request, "publicity/disclosure.html", context)


@public
@require_safe
def version(request, pk, number):
    """The words as they were before a correction."""
    found = _published(pk)
    correction = get_object_or_404(found.corrections, version=number)
    context = {"disclosure": found, "correction": correction}
    return render(request, "publicity/version.html", context)


@public
@require_safe
def sheet(request, pk):
    found = _published(pk)
    where = sheets.address(request, found.get_absolute_url())
    context = {
        "disclosure": found,
        "period": periods.label(found.period),
        "place": listing.place_names([found.area])[found.area_id],
        "address": where,
        "qr": sheets.qr_picture(where),
    }
    return render(request, "publicity/disclosure_sheet.html", context)


@public
@require_safe
def table(request, pk):
    return as_file(_published(pk).table, f"disclosure-{pk}.csv")


@public
@require_POST
def read(request, pk):
    """The page says that a browser has shown it."""
    if not Disclosure.objects.published().filter(pk=pk).exists():
        raise Http404
    answer = HttpResponse(status=204)
    reading.count(request, answer, DisclosureReads, pk)
    return answer
