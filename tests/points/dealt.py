"""Many claims of one month in several groups, written by the row."""

from datetime import timedelta

from django.utils import timezone

from points import batches
from points.models import Batch, Claim
from tests.points import claiming

RULES = (("P05", "楼道清扫"), ("P14", "反诈培训"), ("P15", "夜间巡逻"), ("P01", "议事会"))


def heap(points, number: int, *, people: int = 6, month=None) -> Batch:
    """``number`` certified claims of ``people`` neighbours, over four rules and two grids."""
    month = month or batches.last_month()
    crowd = [claiming.resident(points, f"{name}居民") for name in "甲乙丙丁戊己庚辛"[:people]]
    versions = [claiming.rule(points, code).versions.get() for code, _words in RULES]
    places = (points.building, points.grid2, points.grid)
    now = timezone.now()
    Claim.objects.bulk_create(
        Claim(
            area=place,
            area_path=place.path,
            community=points.community,
            rule_version=version,
            person=crowd[at % len(crowd)],
            asked=version.amounts[0],
            points=version.amounts[0],
            happened_on=month + timedelta(days=at // len(crowd) % 27),
            text=f"{RULES[at % len(RULES)][1]}，第{at}次",
            source="leader",
            claimant=points.worker2,
            claimed_at=now,
            state="certified",
            certifier=points.sun,
            certified_at=now,
        )
        for at in range(number)
        for version, place in [(versions[at % len(versions)], places[at % len(places)])]
    )
    return batches.open(points.community, month)
