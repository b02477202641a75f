"""Ship a first responsibility table and a first duty list, both for everywhere.

So that a new installation can dispatch by a table on its first day: one row per category that
names a kind of organization, and for each category whether a community may lead, may only assist,
or has nothing to do with it. They are defaults of this portal, not law; a subdistrict or district
writes its own rows for its place, which win. 25 + 21 rows, no time at all. Going back removes the
rows without a place.
"""

from datetime import date

from django.db import migrations

FROM = date(2020, 1, 1)
BASIS = "平台默认清单"

# code of the category → kind that leads, role of the community ("" is neither)
DEFAULTS = [
    ("repairs", "property_company", "duty"),
    ("property_service", "residents_committee", "duty"),
    ("cleanliness", "property_company", "duty"),
    ("facilities", "property_company", "duty"),
    ("accessibility", "property_company", "duty"),
    ("fire_passage", "property_company", "duty"),
    ("fire_safety", "property_company", "assist"),
    ("gas", "department", "assist"),
    ("buildings", "subdistrict_office", "assist"),
    ("falling_objects", "department", "assist"),
    ("lifts", "department", ""),
    ("flooding", "subdistrict_office", "assist"),
    ("drainage", "subdistrict_office", ""),
    ("roads", "subdistrict_office", ""),
    ("lighting", "department", ""),
    ("noise", "residents_committee", "duty"),
    ("fumes", "department", "assist"),
    ("dogs", "residents_committee", "duty"),
    ("neighbours", "residents_committee", "duty"),
    ("parking", "residents_committee", "duty"),
    ("charging", "residents_committee", "duty"),
    ("care", "residents_committee", "duty"),
    ("old_young", "residents_committee", "duty"),
    ("new_jobs", "residents_committee", "duty"),
    ("other", "residents_committee", "duty"),
]


def ship(apps, schema_editor):
    Category = apps.get_model("grids", "Category")
    Responsibility = apps.get_model("grids", "Responsibility")
    DutyItem = apps.get_model("grids", "DutyItem")
    categories = {category.code: category for category in Category.objects.all()}
    for code, kind, role in DEFAULTS:
        if (category := categories.get(code)) is None:
            continue
        Responsibility.objects.create(
            category=category, kind=kind, effective_from=FROM, basis=BASIS
        )
        if role:
            DutyItem.objects.create(category=category, role=role)


def take_back(apps, schema_editor):
    apps.get_model("grids", "Responsibility").objects.filter(area=None).delete()
    apps.get_model("grids", "DutyItem").objects.filter(area=None).delete()


class Migration(migrations.Migration):
    dependencies = [("grids", "0007_duty")]
    operations = [migrations.RunPython(ship, take_back)]
