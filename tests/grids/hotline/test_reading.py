"""Files as they come: encodings, quotes, and what is no table of orders at all."""

import json

import pytest

from grids.hotline import reading
from tests.grids.hotline.conftest import HEADER, line, table


def refusal(content: bytes, name="工单.csv") -> str:
    with pytest.raises(reading.BadFile) as refused:
        reading.read(content, name)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (table(line()), "UTF-8"),
        (b"\xef\xbb\xbf" + table(line()), "UTF-8"),
        (table(line()).decode().encode("gb18030"), "GB18030"),
        (table(line()).replace(b"\n", b"\r\n"), "UTF-8"),
        (table(line()).replace(b",", b"\t"), "UTF-8"),
        (table(line()).replace(b",", b";"), "UTF-8"),
    ],
)
def test_what_spreadsheets_write_is_read_alike(content, encoding):
    read = reading.read(content, "工单.csv")
    assert read.encoding == encoding
    [(number, row)] = read.rows
    assert (number, row["工单编号"], row["所属社区"]) == (2, "H001", "梧桐里社区第一网格")


def test_two_encodings_in_one_file_are_refused_and_the_line_is_named():
    mixed = table(line("H001"), line("H002")) + b"\n" + line("H003").encode("gb18030")
    assert refusal(mixed) == (
        "文件里混用了两种编码：第 4 行是 GB18030，前面第 1 行是 UTF-8。请统一另存为 UTF-8 再上传"
    )
    other_way = table(line("H001")).decode().encode("gb18030") + b"\n" + line("H002").encode()
    assert "第 3 行是 UTF-8，前面第 1 行是 GB18030" in refusal(other_way)
    marked = b"\xef\xbb\xbf" + table(line()).decode().encode("gb18030")
    assert "第 1 行是 GB18030" in refusal(marked)


def test_gb18030_that_could_be_utf8_by_chance_is_still_gb18030():
    content = f"{HEADER}\n{line('H001', text='联通')}".encode("gb18030")
    assert reading.read(content, "a.csv").rows[0][1]["诉求内容"] == "联通"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (b" \n \n", "文件是空的"),
        (HEADER.encode(), "只有表头"),
        (b"PK\x03\x04....", "Excel"),
        ("工单编号,内容".encode("utf-16"), "UTF-16"),
        (b"a,b\n\xff\xff\xff,1", "第 2 行既不是 UTF-8 也不是 GB18030"),
        (b"a,b\n1,\x00", "第 2 行含有不是文字的内容"),
        (b"a,b\n" + b"x" * 30_000, "第 2 行有 30000 个字节"),
        ("只有一列\n1\n2".encode(), "第一行只有一列"),
        ("编号,编号\n1,2".encode(), "两列都叫“编号”"),
        ("编号,,内容\n1,2,3".encode(), "表头第 2 列没有名称"),
        ("编号,内容\n1,灯,坏了".encode(), "第 2 行有 3 格，表头只有 2 列"),
        ('编号,内容\n1,"灯不亮'.encode(), "引号没有配对"),
        (("编号,内容\n1," + "长" * 7000).encode(), "第 2 行有 21002 个字节"),
        (("编号,内容\n" + "1,灯\n" * 5001).encode(), "有 5001 行，一次最多导入 5000 行"),
        (b"a,b\n" + b"1,2\n" * 1_400_000, "文件有 6 MB，一次最多 5 MB"),
    ],
)
def test_what_is_no_file_of_orders_gets_a_clear_answer(content, said):
    assert said in refusal(content)


def test_a_cell_beyond_reason_is_named():
    content = ('编号,内容\n1,"' + "\n".join(["长" * 900] * 5) + '"').encode()
    assert refusal(content) == "第 2 行“内容”有 4504 个字，最多 4000 个"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"order": "1"', "JSON 第 1 行第 15 列有语法错误"),
        ("[1]", "第 1 条不是一件工单"),
        ('{"a": 1}', "JSON 须是工单的列表"),
        ("[" * 9_000 + "]" * 9_000, "嵌套过深"),
        ('[{"a": NaN}]', "无法读取"),
        ('[{"a": ' + "9" * 5000 + "}]", "无法读取"),
        ("[]", "只有表头"),
    ],
)
def test_json_that_cannot_be_meant_is_refused(content, said):
    assert said in refusal(content.encode(), "工单.json")


def test_json_orders_are_a_table_and_nothing_in_them_upsets_the_store():
    orders = {"orders": [{"order": 7, "text": "灯\u0000不亮\ud83d", "caller": {"name": "王"}}]}
    content = json.dumps(orders).encode()
    read = reading.read(content, "工单.json")
    assert read.headers == ["order", "text", "caller.name"]
    assert read.rows == [(1, {"order": "7", "text": "灯不亮", "caller.name": "王"})]


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3(1)", "\t=1", "＝1"]
)
def test_formulas_are_known(cell):
    assert reading.is_formula(cell)


@pytest.mark.parametrize("cell", ["+86 138 1234 5678", "- 路灯不亮", "-5", "梧桐里", ""])
def test_words_that_begin_alike_are_no_formulas(cell):
    assert not reading.is_formula(cell)
