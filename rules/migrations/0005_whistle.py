"""Ship the terms of the whistle (吹哨报到).

One row, no time at all. Going back removes it; once a whistle was opened under it the database
refuses, and the migration stops there. Marks in the legal basis as in 0002.
"""

from datetime import date

from django.db import migrations


def term(unit, amount):
    return {"unit": unit, "amount": amount}


WHISTLE = {
    "code": "WHISTLE",
    "title": "街道吹哨、部门报到",
    "legal_basis": (
        "街道召集部门共同办理、部门应当响应，以及双方互相评价：北京市接诉即办工作条例第十六条、"
        "第三十三条【文本，外地规定】。执法现场 30 分钟内到场、“事不完、人不撤”：北京市平谷区的"
        "做法【文本，外地做法】。其余时限均为本平台默认，没有法律依据【默认】：补全申请 1 个工作日、"
        "街道领导批准 1 个工作日、一般事项 1 个工作日内报到、各部门报到后牵头部门 1 个工作日内定方案、"
        "办结后 10 个工作日内双向评价（不评不算满意）。部门级办理时限见 ISSUE-CLOCKS。"
    ),
    "effective_from": date(2020, 1, 1),
    "effective_to": None,
    "params": {
        "complete": term("working_days", 1),
        "approve": term("working_days", 1),
        "report_in": term("working_days", 1),
        "report_in_scene": term("minutes", 30),
        "plan": term("working_days", 1),
        "rating": term("working_days", 10),
    },
}

SHIPPED = (WHISTLE,)


def ship(apps, schema_editor):
    RuleProfile = apps.get_model("rules", "RuleProfile")
    for profile in SHIPPED:
        RuleProfile.objects.create(place="", **profile)


def take_back(apps, schema_editor):
    RuleProfile = apps.get_model("rules", "RuleProfile")
    for profile in SHIPPED:
        RuleProfile.objects.filter(
            code=profile["code"], place="", effective_from=profile["effective_from"]
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("rules", "0004_issue_urgency")]
    operations = [migrations.RunPython(ship, take_back)]
