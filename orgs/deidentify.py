"""Taking out of words what would tell who and where exactly: a first suggestion.

Rules, not intelligence: the person who publishes reads the suggestion and edits it, and
``left_in`` then refuses what must never be published (phones, identity numbers, doors).
"""

import re

from django.utils.translation import gettext_lazy as _

HIDDEN = "***"

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)1\d{2}[ -]?\d{4}[ -]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_ACCOUNT = re.compile(r"(微信号?|QQ号?|qq号?)([:：是为]?\s*)([A-Za-z0-9_-]{5,})")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[A-Z][·• ]?[A-Z0-9]{4,5}[A-Z0-9挂学警港澳]"
)

_NUMBER = r"[0-9０-９一二三四五六七八九十百]+"
# 3栋2单元301(室), 3-2-301, 301室, 301房; the building and the stairwell may stay.
_DOOR_DASHED = re.compile(r"(?<![\d-])(\d{1,3})\s*[-－—–]\s*(\d{1,2})\s*[-－—–]\s*\d{3,4}(?![\d-])")
_DOOR_AFTER_STAIR = re.compile(r"((?:单元|门栋|门洞)\s*)[0-9０-９]{3,4}(?!\d)")
_DOOR = re.compile(rf"(?<![0-9０-９])(?:[0-9０-９]{{3,4}}|{_NUMBER})\s*(?:室|号房|房间|号门)")
_DOOR_OF_BUILDING = re.compile(
    r"((?:栋|幢|号楼|座)\s*)[0-9０-９]{3,4}(?![0-9０-９]|\s*(?:路|米|户|人|年|天|元|个))"
)

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛"
    "叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔"
    "贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷"
    "祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华"
)
# Surnames that are hardly ever another word: safe in front of a bare given name.
_SURE = (
    "王李张刘陈杨赵周吴徐孙胡朱郭罗梁宋郑韩唐冯董程曹袁邓沈彭吕苏卢蒋蔡贾魏薛潘戴姜范姚谭廖邹熊郝崔邱"
    "侯邵"
)
_TITLES = (
    "奶奶|爷爷|大爷|大妈|大娘|大叔|大婶|大嫂|大姐|大哥|阿姨|叔叔|伯伯|婆婆|老太太|老太|老伯|老爷子|"
    "先生|女士|小姐|老师|师傅|医生|主任|书记|经理|老板|老人|婶婶|阿婆|阿公|嬢嬢|爹爹|太婆|某某|某"
)
_SURNAMED = re.compile(rf"(?<![老小])[{_SURNAMES}](?=(?:{_TITLES}|家的|家里|家住))")
_FULL_TITLED = re.compile(
    rf"[{_SURE}][一-龥]{{1,2}}(?=(?:先生|女士|同志|奶奶|爷爷|阿姨|大爷|老人|师傅))"
)
_OLD_YOUNG = re.compile(rf"(?<![一-龥])([老小])[{_SURE}](?![一-龥]?[区院楼路街])")
_NAMED = re.compile(
    rf"(名叫|姓名[:：]?|联系人[:：]?|户主[:：]?|业主|邻居|租户|住户|房东|我叫|我是)([{_SURE}][一-龥]{{1,2}})"
    r"(?=[，。、；：！？,.;:!?\s（(]|$|家|把|在|的|说)"
)
_SOMEBODY = re.compile(r"某(?:某){1,3}")


def mask(text: str) -> str:
    """``text`` without phones, identity numbers, accounts, plates, doors and names.

    Repeated until nothing changes (a name behind a name), so masking it again never does.
    """
    while (masked := _mask_once(text)) != text:
        text = masked
    return text


def _mask_once(text: str) -> str:
    for pattern in (_IDENTITY, _MOBILE, _LANDLINE, _EMAIL, _PLATE):
        text = pattern.sub(HIDDEN, text)
    text = _ACCOUNT.sub(rf"\1\2{HIDDEN}", text)
    text = _DOOR_DASHED.sub(rf"\1栋\2单元{HIDDEN}", text)
    text = _DOOR_AFTER_STAIR.sub(rf"\g<1>{HIDDEN}", text)
    text = _DOOR.sub(rf"{HIDDEN}室", text)
    text = _DOOR_OF_BUILDING.sub(rf"\g<1>{HIDDEN}", text)
    text = _FULL_TITLED.sub("某", text)
    text = _SURNAMED.sub("某", text)
    text = _NAMED.sub(r"\1某某", text)
    text = _OLD_YOUNG.sub(r"\1某", text)
    return _SOMEBODY.sub("某某", text)


_NEVER = (
    (_("电话号码"), (_MOBILE, _LANDLINE)),
    (_("身份证号"), (_IDENTITY,)),
    (_("门牌号"), (_DOOR_DASHED, _DOOR_AFTER_STAIR, _DOOR, _DOOR_OF_BUILDING)),
    (_("车牌号"), (_PLATE,)),
    (_("电子邮箱或账号"), (_EMAIL, _ACCOUNT)),
)


def left_in(text: str) -> list[str]:
    """What must not be published and is still in ``text``: names of the kinds, for the person."""
    return [
        str(label)
        for label, patterns in _NEVER
        if any(pattern.search(text) for pattern in patterns)
    ]
