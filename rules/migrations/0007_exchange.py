"""Ship the terms of the exchange (积分兑换).

One row, no time at all. Going back removes it; once something was opened under it the database
refuses, and the migration stops there. Marks in the legal basis as in 0002.
"""

from datetime import date

from django.db import migrations


def term(unit, amount):
    return {"unit": unit, "amount": amount}


EXCHANGE = {
    "code": "EXCHANGE",
    "title": "积分兑换、取货、结算与停兑",
    "legal_basis": (
        "积分兑换没有全国统一规定，以下均为本平台默认【默认】：下单后 7 日内领取，逾期退回；"
        "停止兑换提前 30 日公告；商家对月度结算清单 5 个工作日内可以提出异议；"
        "积分只作激励，不兑现金、不买卖，户内以外不转让。地方有积分管理办法的，在当地另立规则。"
    ),
    "effective_from": date(2020, 1, 1),
    "effective_to": None,
    "params": {
        "pick_up": term("natural_days", 7),
        "stop_announced_days": 30,
        "settlement_dispute": term("working_days", 5),
        "appreciation_percent": 0,
        "appreciation_month": 1,
        "appreciation_held_months": 12,
        "watch_orders_per_day": 3,
        "watch_same_pair_per_month": 4,
        "watch_outlet_share_percent": 40,
    },
}

SHIPPED = (EXCHANGE,)


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
    dependencies = [("rules", "0006_points")]
    operations = [migrations.RunPython(ship, take_back)]
