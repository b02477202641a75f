import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids import deidentify


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("7楼周奶奶平时早上会下楼，今天电话也不接。", "7楼某奶奶平时早上会下楼，今天电话也不接。"),
        ("电话13812345678，找不到人", "电话***，找不到人"),
        ("打 138 1234 5678 或 0710-3512345", "打 *** 或 ***"),
        ("身份证420602199001011234丢了", "身份证***丢了"),
        ("3栋2单元301室漏水", "3栋2单元***室漏水"),
        ("3栋2单元301漏水", "3栋2单元***漏水"),
        ("5-2-1203 的住户", "5栋2单元*** 的住户"),
        ("301室天天半夜拖家具", "***室天天半夜拖家具"),
        ("鄂F12345堵住消防通道", "***堵住消防通道"),
        ("加微信abc_12345说", "加微信***说"),
        ("邮箱 a.b@example.org 联系", "邮箱 *** 联系"),
        ("张建国先生说不是他家的事", "某先生说不是他家的事"),
        ("楼上老王家漏水", "楼上老王家漏水"),
        ("老王家漏水", "老某家漏水"),
        ("联系人：李明，晚上在家", "联系人：某某，晚上在家"),
        ("黄师傅答应来修，没来", "某师傅答应来修，没来"),
        ("3栋2单元感应灯不亮", "3栋2单元感应灯不亮"),
        ("300户只有60个车位", "300户只有60个车位"),
        ("3号梯这个月停了四次", "3号梯这个月停了四次"),
        ("青桐二路公交站旁雨水井盖一踩就响", "青桐二路公交站旁雨水井盖一踩就响"),
        ("早上六点就用电锤，高层住户受不了", "早上六点就用电锤，高层住户受不了"),
    ],
)
def test_masking(said, shown):
    assert deidentify.mask(said) == shown
    assert deidentify.mask(shown) == shown


@given(st.text(alphabet="王李奶奶先生1380123456栋单元室-，。老某* a@.", max_size=60))
def test_masking_twice_changes_nothing_and_leaves_nothing_forbidden(text):
    once = deidentify.mask(text)
    assert deidentify.mask(once) == once
    assert deidentify.left_in(once) == []


def test_what_is_still_in_is_named():
    assert deidentify.left_in("3栋2单元301室，电话13812345678") == ["电话号码", "门牌号"]
    assert deidentify.left_in("楼道灯不亮") == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("感应灯不亮。晚上全黑。", "感应灯不亮"),
        ("化粪池外溢，院内有异味，5栋后面污水井盖往外冒水下雨天更严重", "化粪池外溢，院内有异味"),
        ("啊" * 40, "啊" * 23 + "…"),
        ("\n\n  第一行\n第二行", "第一行"),
        ("。。。", "。。。"),
    ],
)
def test_a_title_from_words(text, title):
    assert deidentify.title_from(text) == title


@pytest.mark.parametrize("text", ["楼下着火了", "闻到燃气味", "电话也不接，没开门", "电梯困人"])
def test_danger_is_heard(text):
    assert deidentify.sounds_dangerous(text)


def test_ordinary_words_are_no_danger():
    assert not deidentify.sounds_dangerous("感应灯不亮，老人上下楼要打手电")
