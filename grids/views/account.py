"""The public account: figures by month, kind and community, for everybody."""

import csv

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from grids import account, account_page, figures
from orgs.access import public


@public
@require_safe
def figures_page(request):
    asked = account_page.Asked.read(request.GET)
    return render(request, "grids/account.html", account_page.context(asked))


@public
@require_safe
def figures_csv(request):
    """Everything of twelve months, month × community × category, for spreadsheets."""
    asked = account_page.Asked.read(request.GET)
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    place = asked.area.code if asked.area else "all"
    answer["Content-Disposition"] = f'attachment; filename="issues-{asked.month:%Y-%m}-{place}.csv"'
    writer = csv.writer(answer)
    oldest = figures.month_after(asked.month, 1 - account.SHOWN)
    writer.writerows(account_page.csv_rows(oldest, asked.month, asked.area))
    return answer
