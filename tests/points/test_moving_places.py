"""Places move in the tree, and what was claimed, decided and paid there moves along."""

from orgs import areas
from orgs.models import Area
from points import batches
from points.models import Batch, Budget, Claim, Deduction
from tests.points import claiming
from tests.points.test_deductions import to_state


def test_a_community_takes_its_points_along(points):
    paid = claiming.paid(points, "P14", text="反诈培训")
    certified = claiming.certified(points, happened_on=claiming.today())
    to_state(points, "posted")
    street = Area.objects.add_child(
        Area.objects.get(pk=points.district.pk),
        {"level": "subdistrict", "code": "990203009", "name": "梧桐街道"},
    )
    moved = areas.move(
        Area.objects.get(pk=points.community.pk), street, code="990203009001", reason="区划调整"
    )
    for model in (Claim, Batch, Budget, Deduction):
        paths = list(model.objects.values_list("area_path", flat=True))
        assert paths
        assert all(path.startswith(moved.path) for path in paths), model
    paid.refresh_from_db()
    assert (paid.state, paid.community) == ("posted", moved)
    certified.refresh_from_db()
    assert certified.state == "certified"


def test_two_buildings_become_one(points):
    paid = claiming.paid(points, "P14", text="反诈培训")
    other = Area.objects.add_child(
        Area.objects.get(pk=points.grid.pk),
        {"level": "building", "code": "990203005001001002", "name": "2栋"},
    )
    areas.merge(Area.objects.get(pk=points.building.pk), other, reason="合并")
    paid.refresh_from_db()
    assert (paid.area, paid.state) == (other, "posted")
    assert batches.last_month() == paid.batch.month
