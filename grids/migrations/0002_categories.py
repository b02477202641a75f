"""Ship the 24 kinds of issue of the demo street, and one for people who do not know.

25 rows, no time at all. Going back removes those that no issue uses; the database refuses the
others. Levels and limits are defaults of this portal, not law; staff change them.
"""

from django.db import migrations

HOUR = 60
DAY_AND_NIGHT = ("minutes", 24 * HOUR)
RC, PROPERTY, OWNERS, COMMISSION, DEPARTMENT, OFFICE = (
    "residents_committee",
    "property_company",
    "owners_committee",
    "management_commission",
    "department",
    "subdistrict_office",
)

# code, name, group, level, urgency, own limit, who leads as a rule, flags
CATEGORIES = [
    ("repairs", "物业维修", "home", "L2", "normal", None, [PROPERTY, RC], {}),
    ("property_service", "物业服务", "home", "L2", "normal", None, [RC, OWNERS, COMMISSION, PROPERTY], {"hides_reporter": True}),
    ("cleanliness", "环境卫生", "home", "L1", "normal", ("working_minutes", 4 * HOUR), [PROPERTY, RC], {}),
    ("facilities", "公共设施", "home", "L2", "pressing", None, [PROPERTY, RC], {}),
    ("accessibility", "无障碍", "home", "L1", "pressing", ("minutes", 2 * HOUR), [PROPERTY, RC], {}),
    ("fire_passage", "消防通道", "safety", "L1", "pressing", DAY_AND_NIGHT, [PROPERTY, RC], {}),
    ("fire_safety", "消防安全", "safety", "L2", "pressing", DAY_AND_NIGHT, [PROPERTY, RC], {"is_dangerous": True}),
    ("gas", "燃气安全", "safety", "L4", "urgent", DAY_AND_NIGHT, [DEPARTMENT, OFFICE], {"is_dangerous": True}),
    ("buildings", "房屋安全", "safety", "L3", "urgent", None, [OFFICE, DEPARTMENT], {"is_dangerous": True}),
    ("falling_objects", "高空抛物", "safety", "L4", "urgent", DAY_AND_NIGHT, [DEPARTMENT, OFFICE], {"is_dangerous": True, "hides_reporter": True}),
    ("lifts", "特种设备", "safety", "L4", "urgent", DAY_AND_NIGHT, [DEPARTMENT, OFFICE], {"is_dangerous": True}),
    ("flooding", "防汛应急", "safety", "L3", "urgent", DAY_AND_NIGHT, [OFFICE, DEPARTMENT], {"is_dangerous": True}),
    ("drainage", "市政排水", "street", "L3", "pressing", DAY_AND_NIGHT, [OFFICE, DEPARTMENT], {}),
    ("roads", "道路设施", "street", "L3", "pressing", ("working_days", 2), [OFFICE, DEPARTMENT], {}),
    ("lighting", "道路照明", "street", "L4", "normal", ("working_days", 3), [DEPARTMENT, OFFICE], {}),
    ("noise", "噪声扰民", "living", "L1", "normal", DAY_AND_NIGHT, [RC, PROPERTY], {"hides_reporter": True}),
    ("fumes", "油烟噪声", "living", "L4", "normal", None, [DEPARTMENT, OFFICE], {"hides_reporter": True}),
    ("dogs", "文明养犬", "living", "L2", "normal", None, [RC, PROPERTY], {"hides_reporter": True}),
    ("neighbours", "邻里纠纷", "living", "L1", "normal", DAY_AND_NIGHT, [RC], {"is_public": False, "hides_reporter": True}),
    ("parking", "停车管理", "living", "L2", "normal", ("working_days", 5), [RC, PROPERTY], {}),
    ("charging", "停车充电", "living", "L2", "normal", ("working_days", 5), [RC, PROPERTY, OWNERS], {}),
    ("care", "民生关爱", "care", "L1", "urgent", ("minutes", 2 * HOUR), [RC], {"is_public": False, "is_dangerous": True}),
    ("old_young", "一老一小", "care", "L2", "normal", ("working_days", 5), [RC], {}),
    ("new_jobs", "新就业群体", "care", "L2", "normal", ("working_days", 5), [RC], {}),
    ("other", "其他事项", "other", "L2", "normal", None, [RC], {}),
]


def ship(apps, schema_editor):
    Category = apps.get_model("grids", "Category")
    for position, (code, name, group, level, urgency, limit, leads, flags) in enumerate(CATEGORIES, 1):
        unit, amount = limit or ("", None)
        Category.objects.create(
            code=code,
            name=name,
            group=group,
            position=position * 10,
            default_level=level,
            default_urgency=urgency,
            limit_unit=unit,
            limit_amount=amount,
            lead_kinds=leads,
            **flags,
        )


def take_back(apps, schema_editor):
    Category = apps.get_model("grids", "Category")
    Category.objects.filter(code__in=[row[0] for row in CATEGORIES]).delete()


class Migration(migrations.Migration):
    dependencies = [("grids", "0001_initial")]
    operations = [migrations.RunPython(ship, take_back)]
