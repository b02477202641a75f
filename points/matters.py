"""What is never paid with points, however it is worded (domain: points are thanks, not a price).

Blood, religious acts, gifts of money, and telling on named neighbours. Looked for in rules when
they are written and in claims when they are filed.
"""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.refusals import Refused

L = gettext_lazy
MATTERS: tuple[tuple[object, re.Pattern], ...] = (
    (
        L("献血（无偿献血不能用积分换取）"),
        re.compile(r"献\s*血|捐\s*血|献\s*浆|献血小板|成分血|骨髓捐|捐献?骨髓|造血干细胞"),
    ),
    (
        L("宗教活动"),
        re.compile(
            r"宗教(?:活动|仪式|聚会|服务)|做礼拜|礼拜活动|弥撒|法会|诵经|念经|放生|烧香|上香|"
            r"祷告|朝觐|布道|传教|(?:寺院|寺庙|教堂|清真寺|道观)(?:活动|义工|服务|捐)"
        ),
    ),
    (
        L("捐钱（感谢捐赠人，但不发积分）"),
        re.compile(
            r"捐款|捐钱|捐资|募捐|现金捐赠|捐赠现金|资金捐赠|捐赠资金|爱心款|善款|"
            r"捐(?:赠|了|出)?\s*[人民币￥¥]*\s*[0-9一二三四五六七八九十百千万]+\s*(?:元|块钱?)"
        ),
    ),
    (
        L("举报特定邻居"),
        re.compile(
            r"(?:举报|检举|告发|揭发|打小报告)[^，。；,;]{0,8}?"
            r"(?:邻居|邻里|楼上|楼下|隔壁|对门|住户|业主|租客|\d+\s*[室户号]|某某?|[先女]生|家)"
        ),
    ),
)


class ForbiddenMatter(Refused):
    def __init__(self, matter: str):
        self.matter = matter
        super().__init__(_("这类事项不能用积分奖励：%(matter)s") % {"matter": matter})


def refuse_forbidden(*texts: str) -> None:
    """Raises ForbiddenMatter when one of ``texts`` is about what is never paid."""
    for text in texts:
        for matter, pattern in MATTERS:
            if pattern.search(text or ""):
                raise ForbiddenMatter(str(matter))
