"""The real city comes in whole or not at all, and again without harm."""

import io
import time
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orgs.models import Area

REAL = Path(__file__).parents[2] / "data" / "xiangyang_divisions.csv"
SMALL = """code,name,level,parent_code
99,江澜省,province,
9902,江澜市,city,99
990203,望汐区,district,9902
990203005,青桐街道,subdistrict,990203
990203005001,梧桐里社区,community,990203005
"""

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path):
    def _run(content, **options):
        file = tmp_path / "divisions.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = io.StringIO()
        call_command("import_divisions", str(file), stdout=out, stderr=io.StringIO(), **options)
        return out.getvalue().strip()

    return _run


def test_the_real_city(run):
    started = time.perf_counter()
    said = run(REAL.read_bytes())
    took = time.perf_counter() - started

    assert said == "新增 2958，更名 0，未变 0"
    assert Counter(Area.objects.values_list("level", flat=True)) == {
        "province": 1,
        "city": 1,
        "district": 9,
        "subdistrict": 130,
        "community": 2817,
    }
    assert Area.objects.find_problems() == ([], [], [], [], [])
    assert took < 10  # 1 s measured; goal 5 s on an idle machine
    assert run(REAL.read_bytes()) == "新增 0，更名 0，未变 2958"


def test_the_order_of_lines_does_not_matter(run):
    head, *lines = SMALL.strip().split("\n")
    run("\n".join([head, *reversed(lines)]))
    community = Area.objects.get(code="990203005001")
    assert [area.code for area in Area.objects.get_ancestors(community)] == [
        "99",
        "9902",
        "990203",
        "990203005",
    ]
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_a_second_file_renames_adds_and_deletes_nothing(run):
    run(SMALL)
    second = """code,name,level,parent_code
990203005001,梧桐社区,community,990203005
990203005002,银杏湾社区,community,990203005
"""
    assert run(second, reason="统计局 2026 年公告") == "新增 1，更名 1，未变 0"
    renamed = Area.objects.get(code="990203005001")
    events = list(renamed.events.order_by("pk"))
    assert [event.name for event in events] == ["梧桐里社区", "梧桐社区"]
    assert events[-1].pgh_context.metadata["reason"] == "统计局 2026 年公告"
    assert Area.objects.count() == 6
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_a_byte_order_mark_and_windows_lines_are_fine(run):
    assert run(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()).startswith("新增 5")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("99020300500,短码社区,community,990203005", "第 7 行：社区（村）的区划代码须为 12 位"),
        ("99020300500x,字母社区,community,990203005", "第 7 行：区划代码“99020300500x”只能由数字"),
        ("９９０２０３００５００２,全角社区,community,990203005", "第 7 行：区划代码"),
        ("990203009001,孤儿社区,community,990203009", "第 7 行：上级代码990203009既不在文件中"),
        ("990203005002,越级社区,community,990203", "第 7 行：社区（村）的上级不能是区县"),
        ("990203006002,错位社区,community,990203005", "第 7 行：区划代码990203006002须以"),
        ("990203005001,重复社区,community,990203005", "第 7 行：区划代码990203005001与第 6 行重复"),
        ("990203005002,,community,990203005", "第 7 行：名称为空"),
        ("990203005002,社区,village,990203005", "第 7 行：层级“village”不正确"),
        ("990203005002,社区,community,", "第 7 行：社区（村）须有上级代码"),
        ("990203005002,社区,community", "第 7 行：应有 4 列，实有 3 列"),
        ('990203005002,"社区,community,990203005', "引号或分隔符有误"),
    ],
)
def test_a_bad_line_is_named_and_nothing_comes_in(run, line, says):
    with pytest.raises(CommandError, match=says) as refused:
        run(SMALL + line + "\n")
    assert "文件未导入" in str(refused.value)
    assert not Area.objects.exists()


def test_every_mistake_is_named_in_order(run):
    bad = SMALL + "1,甲,community,990203005\n\n2,乙,community,990203005\n"
    with pytest.raises(CommandError) as refused:
        run(bad)
    text = str(refused.value)
    assert text.index("第 7 行") < text.index("第 9 行")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (SMALL.encode("gbk"), "第 2 行：文件像是 GBK 编码"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff", "第 1 行：不是 UTF-8"),
        ("code,name,level\n", "第 1 行：缺少列：parent_code"),
        ("", "第 1 行：缺少列"),
        ("code,name,level,parent_code\n", "文件里没有数据"),
        ("code,name,level,parent_code\n99,a\0b,province,\n", "第 2 行：不是文本文件"),
    ],
)
def test_other_files_get_a_clear_sentence(run, content, says):
    with pytest.raises(CommandError, match=says):
        run(content)


def test_a_missing_file_gets_one_too():
    with pytest.raises(CommandError, match="读不到文件"):
        call_command("import_divisions", "/nowhere/divisions.csv")


def test_a_code_known_at_another_level_is_refused(run):
    run(SMALL)
    Area.objects.filter(code="990203").update(level="city")
    with pytest.raises(CommandError, match="已登记为另一层级"):
        run(SMALL)
