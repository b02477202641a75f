"""``/notices/``: what is published where, notices and disclosures apart."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from orgs import access
from orgs.access import public
from publicity import listing


@public
@require_safe
def board(request):
    filters = listing.Filters.read(request.GET)
    if filters.show == listing.DISCLOSURES:
        page = listing.disclosure_page(filters, request.GET)
    else:
        page = listing.notice_page(filters, request.user, request.GET)
    rights = access.rights_of(request.user)
    tabs = {
        "notices": filters.address(show=listing.NOTICES, state=listing.CURRENT),
        "past": filters.address(show=listing.NOTICES, state=listing.PAST),
        "disclosures": filters.address(show=listing.DISCLOSURES, state=listing.CURRENT),
        "missing": filters.address(show=listing.DISCLOSURES, state=listing.PAST),
    }
    context = {
        "filters": filters,
        "rows": page.rows,
        "older": filters.address(after=page.older) if page.older else "",
        "newer": filters.address(before=page.newer) if page.newer else "",
        "places": listing.communities(),
        "tabs": tabs,
        "may_notify": rights.has("publicity.publish_notice"),
        "may_disclose": rights.has("publicity.publish_disclosure"),
    }
    return render(request, "publicity/board.html", context)
