"""Public numbers of issues: QT2611240007 is the seventh of 24 November 2026 in its subdistrict."""

from datetime import date

from django.db import connection, transaction

from grids.models import NumberCount, NumberSeries
from orgs.models import Area, AreaLevel


def lock_series(area: Area) -> NumberSeries:
    """The series of the subdistrict around ``area``, locked: one posts after the other.

    Call inside a transaction. A subdistrict without letters of its own counts under digits of
    its code.
    """
    street = area.ancestor(AreaLevel.SUBDISTRICT) or area
    NumberSeries.objects.get_or_create(subdistrict=street, defaults={"prefix": street.code[4:]})
    return NumberSeries.objects.select_for_update(no_key=True).get(subdistrict=street)


def take(series: NumberSeries, day: date) -> str:
    """The next number of ``day``; given back when the transaction fails."""
    table = NumberCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS counted (series_id, day, last) VALUES (%s, %s, 1)"  # noqa: S608 a name of ours
            " ON CONFLICT (series_id, day) DO UPDATE SET last = counted.last + 1 RETURNING last",
            [series.pk, day],
        )
        (last,) = cursor.fetchone()
    return f"{series.prefix}{day:%y%m%d}{last:04d}"


@transaction.atomic
def name_series(subdistrict: Area, prefix: str) -> NumberSeries:
    """Give a subdistrict the letters of its numbers; numbers given out before keep theirs."""
    series, _created = NumberSeries.objects.update_or_create(
        subdistrict=subdistrict, defaults={"prefix": prefix}
    )
    return series
