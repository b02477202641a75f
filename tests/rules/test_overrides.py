from datetime import date, timedelta
from io import BytesIO

import pghistory.models
import pytest
import time_machine

from rules import calendar, clocks, notice_text, overrides
from rules.models import CalendarNotice, Clock, NoticeLine, WorkingDayOverride
from tests.rules.test_calendar import TABLE, at, days_of

# As the State Council writes it; the arrangement itself is invented.
NOTICE_2027 = """国务院办公厅关于2027年部分节假日安排的通知
国办发明电〔2026〕7号
各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（农历腊月二十九、周五）至12日（农历正月初七、周五）放假调休，共8天。1月31日（周日）、2月20日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。4月25日（周日）、5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天，不调休。
六、中秋节：9月15日（周三）放假1天，不调休。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫等工作。
2026年11月4日
"""


def errors_of(text: str, year: int = 2027) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in notice_text.read(text, year):
        if row.errors:
            found.setdefault(row.line, []).extend(row.errors)
    return found


def as_csv(year: int) -> str:
    off, worked = (days_of(text, year) for text in TABLE[year])
    rows = [(day, "off") for day in off] + [(day, "work") for day in worked]
    return "date,what\n" + "\n".join(f"{day},{what}" for day, what in sorted(rows))


# --- reading ------------------------------------------------------------


def test_the_plain_sentences_are_read():
    rows = notice_text.read(NOTICE_2027, 2027)
    assert not errors_of(NOTICE_2027)
    worked = {row.day for row in rows if row.works}
    assert worked == days_of("01-31; 02-20; 04-25; 05-08; 09-26; 10-09", 2027)
    off = {row.day for row in rows if not row.works}
    assert off == days_of("01-01…03; 02-05…12; 04-03…05; 05-01…05; 06-09; 09-15; 10-01…07", 2027)


@pytest.mark.parametrize(
    ("line", "day", "works"),
    [
        ("2027-01-01,off", date(2027, 1, 1), False),
        ("2027/1/3，班", date(2027, 1, 3), True),
        ('"20270101","off"', date(2027, 1, 1), False),
        ("2027-02-07\twork\t除夕前", date(2027, 2, 7), True),
        ("2026年12月31日至2027年1月2日放假", date(2026, 12, 31), False),
    ],
)
def test_ways_of_writing_a_day(line, day, works):
    first = notice_text.read(line, 2027)[0]
    assert (first.day, first.works, first.errors) == (day, works, [])


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("2027-01-01,off\n2027-02-30,off", 2, "没有 2 月 30 日"),
        ("2027-01-01,maybe", 1, "off（休）或 work（班）"),
        ("元旦那天,off", 1, "日期须写作"),
        ("2028-01-01,off", 1, "不在 2027 年内"),
        ("2027-01-01,off\n2027-01-01,off", 2, "与第 1 行重复"),
        ("2027-01-02,off\n2027-01-02,work", 2, "与第 1 行矛盾"),
        ("2027-03-03,work", 1, "周三本来就上班"),
        ("1月1日（周六）放假", 1, "2027-01-01 是周五"),
        ("1月3日至1日放假", 1, "颠倒"),
        ("1月1日至3日", 1, "没有写明"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(text, line, fault):
    assert any(fault in error for error in errors_of(text)[line])


def test_a_notice_of_the_year_arranges_every_holiday(db):
    plan = overrides.draft("2027-01-01,off", 2027)
    assert any("国庆节（2027-10-01）" in fault for fault in plan.faults)
    assert not overrides.draft("2027-01-01,off", 2027, is_complete=False).error_count
    assert overrides.draft("各省人民政府：", 2027).faults == ["没有读到任何日期"]


# --- taking in ------------------------------------------------------------


@pytest.fixture
def taken(people):
    return overrides.take_in(
        NOTICE_2027, 2027, source="国办发明电〔2026〕7号", reason="年度通知", by=people.li
    )


def test_the_year_becomes_what_the_notice_says(people):
    assert calendar.is_provisional(2027)
    assert not calendar.is_working_day(date(2027, 5, 4))
    overrides.take_in(NOTICE_2027, 2027, source="国办", reason="年度通知", by=people.li)

    off = days_of("01-01…03; 02-05…12; 04-03…05; 05-01…05; 06-09; 09-15; 10-01…07", 2027)
    worked = days_of("01-31; 02-20; 04-25; 05-08; 09-26; 10-09", 2027)
    days = calendar.read()
    day = date(2027, 1, 1)
    while day.year == 2027:
        assert days.works(day) is (day in worked or (day not in off and day.weekday() < 5)), day
        day += timedelta(days=1)
    assert not calendar.is_provisional(2027)


def test_a_holiday_forecast_but_not_granted_is_a_working_day(people):
    # The package moves 1 and 2 May to Monday and Tuesday; this notice grants no such days.
    text = NOTICE_2027.replace(
        "5月1日（周六）至5日（周三）放假调休，共5天。4月25日（周日）、5月8日（周六）上班。",
        "5月1日（周六）、2日（周日）放假。",
    )
    assert not calendar.is_working_day(date(2027, 5, 3))
    overrides.take_in(text, 2027, source="国办", reason="年度通知", by=people.li)
    assert calendar.is_working_day(date(2027, 5, 3))


def test_who_when_why_and_from_where_are_kept(taken, people):
    assert (taken.imported_by, taken.reason) == (people.li, "年度通知")
    row = WorkingDayOverride.objects.get(day=date(2027, 1, 31))
    assert (row.works, row.source, row.notice) == (True, "国办发明电〔2026〕7号", taken)
    event = pghistory.models.Events.objects.tracks(row).get()
    assert event.pgh_context == {"reason": "年度通知", "person": people.li.pk}


def test_the_same_notice_again_changes_nothing(taken, people):
    before = list(WorkingDayOverride.objects.values())
    again = overrides.take_in(NOTICE_2027, 2027, source="别处", reason="再来", by=people.zhao)
    assert again is None
    assert list(WorkingDayOverride.objects.values()) == before
    assert CalendarNotice.objects.count() == 1


def test_what_the_package_knows_already_changes_no_day(people):
    plan = overrides.draft(as_csv(2026), 2026)
    assert not plan.error_count
    assert not plan.moved


def test_a_faulty_notice_leaves_nothing(people):
    text = NOTICE_2027 + "13月1日放假\n"
    with pytest.raises(overrides.NoticeFaulty, match="1 处错误") as refused:
        overrides.take_in(text, 2027, source="国办", reason="年度通知", by=people.li)
    assert refused.value.draft.rows[-1].line == 13
    assert not CalendarNotice.objects.exists()
    assert not WorkingDayOverride.objects.exists()


def test_days_set_by_hand_outlive_a_notice_that_is_silent(people):
    overrides.set_day(date(2027, 3, 3), False, source="市政府通知", reason="赛事", by=people.li)
    overrides.take_in(NOTICE_2027, 2027, source="国办", reason="年度通知", by=people.li)
    assert not calendar.is_working_day(date(2027, 3, 3))


def test_no_reason_no_change(people):
    with pytest.raises(overrides.ReasonMissing):
        overrides.set_day(date(2027, 3, 3), False, source="试", reason=" ", by=people.li)
    assert not WorkingDayOverride.objects.exists()


def test_an_uploaded_file_may_come_from_excel(people):
    file = BytesIO(as_csv(2026).replace("off", "休").replace("work", "班").encode("gb18030"))
    notice = calendar.import_notice(file, year=2026, source="国办", reason="补", by=people.li)
    assert notice.lines.count() == NoticeLine.objects.count() == 39
    with pytest.raises(overrides.NotText):
        overrides.decode(b"\x89PNG\x00\x01\xff\xff")


# --- undoing ------------------------------------------------------------


def test_undoing_puts_back_what_stood_before(people):
    hand = overrides.set_day(date(2027, 10, 8), False, source="手工", reason="试", by=people.li)
    text = NOTICE_2027.replace("10月1日（周五）至7日", "10月1日（周五）至8日").replace(
        "8日（周四）放假", "8日（周五）放假"
    )
    before = calendar.read()
    first = overrides.take_in(NOTICE_2027, 2027, source="一", reason="通知", by=people.li)
    second = overrides.take_in(text, 2027, source="二", reason="更正", by=people.li)
    # 10-08 stood so already; nothing of it changed hands.
    assert second is None
    overrides.undo(first, reason="发错了", by=people.zhao)
    assert calendar.read().overrides == before.overrides == {hand.day: False}
    first.refresh_from_db()
    assert (first.undone_by, first.undo_reason) == (people.zhao, "发错了")
    assert calendar.is_provisional(2027)
    with pytest.raises(overrides.AlreadyUndone):
        overrides.undo(first, reason="再撤", by=people.zhao)


def test_a_corrected_notice_is_undone_first(taken, people):
    text = NOTICE_2027.replace("6月9日（周三）放假1天", "6月9日（周三）至10日（周四）放假2天")
    second = overrides.take_in(text, 2027, source="更正", reason="更正", by=people.li)
    assert [line.day for line in second.lines.all()] == [date(2027, 6, 10)]
    with pytest.raises(overrides.NotTheLatest):
        overrides.undo(taken, reason="撤", by=people.li)
    assert overrides.undo(second, reason="撤", by=people.li) == 1
    assert calendar.is_working_day(date(2027, 6, 10))
    overrides.undo(taken, reason="撤", by=people.li)
    assert not WorkingDayOverride.objects.exists()


def test_a_day_changed_by_hand_since_stays(taken, people):
    overrides.set_day(date(2027, 6, 9), True, source="市里", reason="赛事", by=people.zhao)
    overrides.undo(taken, reason="撤", by=people.li)
    assert calendar.read().overrides == {date(2027, 6, 9): True}
    overrides.clear_day(date(2027, 6, 9), reason="赛事取消", by=people.zhao)
    assert not calendar.is_working_day(date(2027, 6, 9))
    assert overrides.clear_day(date(2027, 6, 9), reason="又来", by=people.zhao) is False


# --- running clocks ------------------------------------------------------------


@time_machine.travel(at("2026-12-30T10:00"), tick=False)
def test_running_clocks_stay_and_are_counted(people):
    over_may = clocks.start("working_days", 90, at=at("2026-12-30T10:00"))  # ends in May
    touched = clocks.start("working_days", 25, at=at("2026-12-30T10:00"))  # over 31 January
    clocks.start("working_days", 5, at=at("2026-12-30T10:00"))
    clocks.start("minutes", 60 * 24 * 100, at=at("2026-12-30T10:00"))
    stopped = clocks.start("working_days", 90, at=at("2026-12-29T10:00"))
    clocks.stop(stopped)
    late = clocks.start("working_days", 1, at=at("2026-01-05T10:00"))
    rolls = clocks.start("natural_days", 34, at=at("2026-12-28T10:00"))  # Sunday 31 January
    before = dict(Clock.objects.values_list("pk", "due_at"))

    plan = overrides.draft(NOTICE_2027, 2027)
    assert plan.clocks_differing == 3
    overrides.take_in(NOTICE_2027, 2027, source="国办", reason="年度通知", by=people.li)

    assert dict(Clock.objects.values_list("pk", "due_at")) == before
    assert clocks.reckon("natural_days", 34, rolls.started_at).due < rolls.due_at
    for clock in (over_may, touched):
        assert clocks.reckon("working_days", clock.amount, clock.started_at).due != clock.due_at
    assert late.due_at < at("2026-12-30T10:00")


# --- two at once ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_import_at_once_import_once(together, people):
    def take(who):
        return lambda: overrides.take_in(
            NOTICE_2027, 2027, source="国办", reason="年度通知", by=who
        )

    answers = together(take(people.li), take(people.zhao))
    assert sum(answer is None for answer in answers) == 1, answers
    assert CalendarNotice.objects.count() == 1
    assert WorkingDayOverride.objects.filter(notice=None).count() == 0
