"""Ship the rule profiles the portal starts with.

Four rows, no time at all. Going back removes those that nothing was opened under; a profile in
use stays (the database refuses to delete it) and the migration stops there.

Marks in the legal basis, as the domain reference has them: 【文本】 read in the published text;
【待核】 general knowledge, to be compared with the text; 【默认】 a default of this portal, no law.
"""

from datetime import date

from django.db import migrations

HALF, TWO_THIRDS, THREE_QUARTERS = [1, 2], [2, 3], [3, 4]


def more_than(share):
    return {"share": share, "inclusive": False}


def at_least(share):
    return {"share": share, "inclusive": True}


def term(unit, amount):
    return {"unit": unit, "amount": amount}


RC_2018 = {
    "code": "RC-2018",
    "title": "居民委员会与居民会议（2018 年修正文本）",
    "legal_basis": (
        "《中华人民共和国城市居民委员会组织法》（2018 年修正）【文本】：居民委员会 5 至 9 人；"
        "一般在 100 户至 700 户的范围内设立；任期 5 年；居民会议由 18 周岁以上居民、每户代表或"
        "居民小组选举的代表 2 至 3 人参加；五分之一以上的 18 周岁以上居民、五分之一以上的户或"
        "三分之一以上的居民小组提议，应当召集；须有全体 18 周岁以上居民、户代表或小组代表的"
        "过半数出席，由出席人的过半数通过。召集通知提前 7 天【默认】。本文本已由 2025 年修订"
        "文本代替，自 2026 年 1 月 1 日起失效【文本】；施行日期按 2018 年修正文本公布日"
        "2018-12-29 登记【待核】。"
    ),
    "effective_from": date(2018, 12, 29),
    "effective_to": date(2026, 1, 1),
    "params": {
        "households": [100, 700],
        "members": [5, 9],
        "term_years": 5,
        "elector_age": 18,
        "delegates_per_group": [2, 3],
        "call": {
            "residents": at_least([1, 5]),
            "households": at_least([1, 5]),
            "groups": at_least([1, 3]),
        },
        "assembly": {"quorum": more_than(HALF), "pass": more_than(HALF)},
        "notice": term("natural_days", 7),
    },
}

RC_2026 = {
    "code": "RC-2026",
    "title": "居民委员会与居民会议（2025 年修订文本）",
    "legal_basis": (
        "《中华人民共和国城市居民委员会组织法》（2025 年 10 月 28 日修订，2026 年 1 月 1 日施行）"
        "【文本】：社区规模一般为 1000 户至 3000 户；设居民代表会议；居住并经登记的非本地户籍居民、"
        "工作满六个月的社区工作者可以登记参加选举；设居务监督委员会。居民委员会 5 至 9 人、任期"
        "5 年【待核】。提议召集的比例较旧文本降低【文本】，具体数字未核对，暂按十分之一【默认，"
        "须核对】。居民会议过半数出席、出席人过半数通过；居民代表会议三分之二以上出席、"
        "过半数通过【待核，参照村民委员会组织法】。召集通知提前 7 天【默认】。"
    ),
    "effective_from": date(2026, 1, 1),
    "effective_to": None,
    "params": {
        "households": [1000, 3000],
        "members": [5, 9],
        "term_years": 5,
        "elector_age": 18,
        "worker_months": 6,
        "call": {
            "residents": at_least([1, 10]),
            "households": at_least([1, 10]),
            "groups": at_least([1, 10]),
        },
        "assembly": {"quorum": more_than(HALF), "pass": more_than(HALF)},
        "representatives": {"quorum": at_least(TWO_THIRDS), "pass": more_than(HALF)},
        "notice": term("natural_days", 7),
        "unverified": ["call", "assembly", "representatives", "members", "term_years"],
    },
}

OWNERS_MATTERS = [
    ("rules_of_procedure", "制定和修改业主大会议事规则", more_than(HALF)),
    ("covenant", "制定和修改管理规约", more_than(HALF)),
    ("committee", "选举业主委员会或者更换业主委员会成员", more_than(HALF)),
    ("manager", "选聘和解聘物业服务企业或者其他管理人", more_than(HALF)),
    ("use_fund", "使用建筑物及其附属设施的维修资金", more_than(HALF)),
    ("raise_fund", "筹集建筑物及其附属设施的维修资金", at_least(THREE_QUARTERS)),
    ("rebuild", "改建、重建建筑物及其附属设施", at_least(THREE_QUARTERS)),
    (
        "common_parts",
        "改变共有部分的用途或者利用共有部分从事经营活动",
        at_least(THREE_QUARTERS),
    ),
    ("other", "有关共有和共同管理权利的其他重大事项", more_than(HALF)),
]

OV_CC278 = {
    "code": "OV-CC278",
    "title": "业主共同决定（民法典第二百七十八条）",
    "legal_basis": (
        "《中华人民共和国民法典》第二百七十八条：由专有部分面积占比三分之二以上且人数占比三分之二"
        "以上的业主参与表决；第六至八项须参与表决专有部分面积四分之三以上且人数四分之三以上同意，"
        "其他事项须双过半【文本】。“以上”含本数（第一千二百五十九条）【文本】，过半数不含半数。"
        "住改商须经有利害关系的业主一致同意（第二百七十九条）【文本】。"
        "建筑物区分所有权司法解释第九条：未出售或未交付的专有部分按一人计，同一买受人的多个专有"
        "部分按一人计；第八条面积依登记、测绘、合同为序；第十二条撤销权一年【文本】。"
        "物业管理条例第十三条：百分之二十以上业主提议召开临时会议；第十四条：提前 15 日通知"
        "【文本】。决定 3 日内公布（北京、山东的做法）、投票期 5 至 60 日（杭州的做法）【文本，"
        "地方规定，当地另有规定时以地区规则为准】。车位不计票、不得“从多”、共有一票、"
        "空白与弃权票计入参与不计入同意【默认】。"
    ),
    "effective_from": date(2021, 1, 1),
    "effective_to": None,
    "params": {
        "participation": at_least(TWO_THIRDS),
        "matters": [
            {"no": number, "code": code, "title": title, "approval": approval}
            for number, (code, title, approval) in enumerate(OWNERS_MATTERS, start=1)
        ],
        "home_to_business": "all_interested",
        "parking_counts": False,
        "allow_follow_majority": False,
        "call": at_least([1, 5]),
        "notice": term("natural_days", 15),
        "voting_days": [5, 60],
        "register_notice": term("natural_days", 15),
        "publish_result": term("natural_days", 3),
        "challenge_years": 1,
        "dismissal_notice": term("natural_days", 60),
    },
}

ISSUE_CLOCKS = {
    "code": "ISSUE-CLOCKS",
    "title": "居民诉求办理时限",
    "legal_basis": (
        "签收并联系诉求人 1 个工作日、办理答复 5 个工作日：地方 12345 规定（济南市 12345 条例"
        "第二十四条、潍坊市 12345 条例第二十条；接诉即办工作条例第十五条）【文本，外地规定】。"
        "其余时限均为本平台默认，没有法律依据【默认】：受理 2 个工作小时、立案 4 个工作小时、"
        "不予受理决定 1 个工作日、退回 4 个工作小时、退回裁定 1 个工作日、网格级 24 小时、"
        "社区级 3 个工作日、街道级 5 个工作日、部门级 5 个工作日（全程至多 15 个工作日）、"
        "核实 1 个工作日、累计暂停至多 10 个工作日、评价期 7 天、新事实重开 30 天、"
        "对不予受理提出异议 5 个工作日、办结 30 天后归档。"
        "期间计算：开始的当日不计入；最后一日为休假日的顺延（民法典第二百零一条至第二百零三条）"
        "【文本】。"
    ),
    "effective_from": date(2020, 1, 1),
    "effective_to": None,
    "params": {
        "acknowledge": term("working_minutes", 120),
        "file": term("working_minutes", 240),
        "accept_decision": term("working_days", 1),
        "object_not_accepted": term("working_days", 5),
        "return": term("working_minutes", 240),
        "arbitrate_return": term("working_days", 1),
        "contact_reporter": term("working_days", 1),
        "L1": term("minutes", 1440),
        "L2": term("working_days", 3),
        "L3": term("working_days", 5),
        "L4": term("working_days", 5),
        "L4_total": term("working_days", 15),
        "verify": term("working_days", 1),
        "pause_total": term("working_days", 10),
        "rating": term("natural_days", 7),
        "reopen_new_facts": term("natural_days", 30),
        "archive": term("natural_days", 30),
        "warn_at": [[1, 2], [4, 5]],
    },
}

SHIPPED = (RC_2018, RC_2026, OV_CC278, ISSUE_CLOCKS)


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
    dependencies = [("rules", "0001_initial")]
    operations = [migrations.RunPython(ship, take_back)]
