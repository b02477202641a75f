"""Ship the terms of the points scheme (积分).

One row, no time at all. Going back removes it; once something was opened under it the database
refuses, and the migration stops there. Marks in the legal basis as in 0002.
"""

from datetime import date

from django.db import migrations


def term(unit, amount):
    return {"unit": unit, "amount": amount}


POINTS = {
    "code": "POINTS",
    "title": "积分申报、公示、申诉与有效期",
    "legal_basis": (
        "积分管理没有全国统一规定，以下均为本平台默认【默认】：发生之日起 62 天内申报，"
        "3 个工作日内认证，每月汇总一批，积分小组不少于 3 人审议且至少有居民代表、监督委员各 1 人，"
        "公示不少于 5 个工作日；对不通过 5 个工作日内可以申诉，5 个工作日内答复；"
        "扣减前听取意见 5 个工作日；虚报暂停申报 6 个月；积分 24 个月到期、先得先用，"
        "到期前 60 天和 15 天提醒；每户每年兑换上限 3000 分，每分记账 0.10 元，只作核算。"
        "地方有积分管理办法的，在当地另立规则。公开只用遮盖的姓名：个人信息保护法第十三条、"
        "第二十五条【文本】。"
    ),
    "effective_from": date(2020, 1, 1),
    "effective_to": None,
    "params": {
        "certify": term("working_days", 3),
        "public_notice": term("working_days", 5),
        "objection_answer": term("working_days", 5),
        "appeal": term("working_days", 5),
        "appeal_answer": term("working_days", 5),
        "hearing": term("working_days", 5),
        "panel": {"members": 3, "residents": 1, "supervisors": 1},
        "claim_within_days": 62,
        "suspension_months": 6,
        "expiry_months": 24,
        "expiry_notice_days": [60, 15],
        "household_yearly_spend": 3000,
        "face_value_cents": 10,
    },
}

SHIPPED = (POINTS,)


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
    dependencies = [("rules", "0005_whistle")]
    operations = [migrations.RunPython(ship, take_back)]
