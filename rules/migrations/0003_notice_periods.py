"""Ship the terms of public notices (公示): how long one hangs, how soon an objection is answered.

One row, no time at all. Going back removes it unless a notice was published under it; then the
database refuses and the migration stops there. Marks as in 0002: 【文本】【待核】【默认】.
"""

from datetime import date

from django.db import migrations


def term(unit, amount):
    return {"unit": unit, "amount": amount}


NOTICE_PERIODS = {
    "code": "NOTICE-PERIODS",
    "title": "公示期与异议答复时限",
    "legal_basis": (
        "决议公示不少于 7 天、异议由居民委员会在 3 天内答复：四议两公开工作法的通行做法"
        "【文本，外地规定】。经费收支公示 7 天【默认】。积分、考核和一般公示不少于 5 个工作日、"
        "异议 5 个工作日内答复【默认】。业主名册等业主事项公示不少于 7 天【默认】。"
        "没有法律依据的时限均为本平台默认，地方有规定的，在当地另立规则。"
        "期间计算：开始的当日不计入；最后一日为休假日的顺延（民法典第二百零一条至第二百零三条）"
        "【文本】。"
    ),
    "effective_from": date(2020, 1, 1),
    "effective_to": None,
    "params": {
        "general": term("working_days", 5),
        "decision": term("natural_days", 7),
        "points": term("working_days", 5),
        "assessment": term("working_days", 5),
        "funds": term("natural_days", 7),
        "owners": term("natural_days", 7),
        "answer": term("working_days", 5),
        "answer_decision": term("natural_days", 3),
    },
}


def ship(apps, schema_editor):
    apps.get_model("rules", "RuleProfile").objects.create(place="", **NOTICE_PERIODS)


def take_back(apps, schema_editor):
    apps.get_model("rules", "RuleProfile").objects.filter(
        code=NOTICE_PERIODS["code"], place="", effective_from=NOTICE_PERIODS["effective_from"]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("rules", "0002_profiles")]
    operations = [migrations.RunPython(ship, take_back)]
