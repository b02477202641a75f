from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.utils import DatabaseError
from django.utils import timezone

from rules import profiles
from rules.models import RuleProfile
from rules.profiles import in_force

pytestmark = pytest.mark.django_db


def make(**fields):
    fields = {
        "code": "TEST",
        "title": "试行规则",
        "legal_basis": "试",
        "effective_from": date(2025, 1, 1),
        "params": {"days": 3},
        **fields,
    }
    return RuleProfile.objects.create(**fields)


# --- which one holds ------------------------------------------------------------


def test_the_longest_place_wins_then_the_latest():
    country = make()
    district = make(place="990203")
    make(place="990204")
    assert in_force("TEST", place="990203005001", on=date(2025, 6, 1)) == district
    assert in_force("TEST", place="9902", on=date(2025, 6, 1)) == country
    assert in_force("TEST", on=date(2025, 6, 1)) == country


def test_inside_another_query_the_same_one_is_found():
    make(effective_to=date(2025, 7, 1), params={"days": 1})
    make(effective_from=date(2025, 7, 1), params={"days": 2})
    make(place="990203", params={"days": 3})
    make(place="990204", params={"days": 4})
    one = RuleProfile.objects.filter(code="ISSUE-CLOCKS")
    for place in ("", "9902", "990203", "990203005001", "990205"):
        for day in (date(2025, 6, 30), date(2025, 7, 1)):
            found = profiles.params_in_force("TEST", around=Value(place), on=day)
            assert (
                one.values_list(found, flat=True)[0] == in_force("TEST", place=place, on=day).params
            )
    nothing = profiles.params_in_force("TEST", around=Value("99"), on=date(2024, 12, 31))
    assert one.values_list(nothing, flat=True)[0] is None


def test_a_profile_holds_up_to_the_day_before_its_end():
    make(effective_to=date(2025, 7, 1))
    assert in_force("TEST", on=date(2025, 6, 30))
    for outside in (date(2025, 7, 1), date(2024, 12, 31)):
        with pytest.raises(profiles.NoProfile, match=r"没有施行中的规则 TEST"):
            in_force("TEST", on=outside)


def test_the_assembly_law_changed_with_the_year():
    codes = ("RC-2018", "RC-2026")
    old = in_force(*codes, on=date(2025, 12, 31))
    new = in_force(*codes, on=date(2026, 1, 1))
    assert (old.code, new.code) == codes
    assert old.params["call"]["residents"] == {"share": [1, 5], "inclusive": True}
    assert "须核对" in new.legal_basis


def test_the_issue_clocks_say_honestly_what_is_only_a_default():
    profile = in_force("ISSUE-CLOCKS")
    assert profile.params["acknowledge"] == {"unit": "working_minutes", "amount": 120}
    assert profile.params["L1"] == {"unit": "minutes", "amount": 1440}
    assert profile.params["pause_total"] == {"unit": "working_days", "amount": 10}
    assert "没有法律依据" in profile.legal_basis


def test_choosing_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        in_force("ISSUE-CLOCKS", place="990203005001001")


# --- what the database keeps ------------------------------------------------------------


def test_two_cannot_hold_in_one_place_at_once():
    make(effective_to=date(2026, 1, 1))
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        make(effective_from=date(2025, 12, 31))
    make(effective_from=date(2026, 1, 1))  # the day after is free
    make(place="99", effective_from=date(2025, 6, 1))  # another place too


def test_the_overlap_is_found_by_the_form_as_well():
    make()
    twin = RuleProfile(
        code="TEST",
        title="又一条",
        legal_basis="试",
        effective_from=date(2026, 1, 1),
        params={"days": 4},
    )
    with pytest.raises(ValidationError, match="不能重叠"):
        twin.full_clean()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"effective_to": date(2025, 1, 1)}, "ends_after_start"),
        ({"params": [1]}, "params_are_an_object"),
        ({"params": "x"}, "params_are_an_object"),
    ],
)
def test_nonsense_is_refused(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make(**fields)


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_one_is_told(together, people):
    def add(title):
        return lambda: profiles.add(
            by=people.li,
            reason="同时",
            code="RACE",
            title=title,
            legal_basis="试",
            effective_from=date(2026, 1, 1),
            params={"days": 1},
        )

    answers = together(add("甲"), add("乙"))
    refused = [one for one in answers if isinstance(one, ValidationError)]
    assert len(refused) == 1, answers
    assert "不能重叠" in str(refused[0])
    assert RuleProfile.objects.filter(code="RACE").count() == 1


# --- never edited once used ------------------------------------------------------------


def test_freezing_marks_it_used_and_copies_everything():
    profile = make(effective_to=date(2027, 1, 1))
    frozen = profile.freeze()
    assert frozen["params"] == {"days": 3}
    assert (frozen["effective_from"], frozen["effective_to"]) == ("2025-01-01", "2027-01-01")
    assert RuleProfile.objects.get(pk=profile.pk).is_used


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"days": 4}},
        {"place": "99"},
        {"legal_basis": "别的"},
        {"effective_from": date(2024, 1, 1)},
        {"first_used_at": None},
    ],
)
def test_a_used_profile_is_never_edited(change):
    profile = make()
    profile.freeze()
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleProfile.objects.filter(pk=profile.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleProfile.objects.filter(pk=profile.pk).delete()


def test_superseding_ends_the_old_and_starts_the_new(people):
    old = make()
    frozen = old.freeze()
    start = timezone.localdate() + timedelta(days=10)
    new = profiles.supersede(
        old, effective_from=start, params={"days": 5}, by=people.li, reason="区里新办法"
    )
    assert in_force("TEST", on=start - timedelta(days=1)) == old
    assert in_force("TEST", on=start) == new
    assert (new.title, new.params, frozen["params"]) == ("试行规则", {"days": 5}, {"days": 3})
    event = old.events.select_related("pgh_context").latest("pgh_id")
    assert event.pgh_context.metadata == {"reason": "区里新办法", "person": people.li.pk}


def test_the_past_of_a_used_profile_stays(people):
    old = make()
    old.freeze()
    yesterday = timezone.localdate() - timedelta(days=1)
    with pytest.raises(profiles.TooEarly, match=timezone.localdate().isoformat()):
        profiles.supersede(old, effective_from=yesterday, by=people.li, reason="补")
    old.refresh_from_db()
    assert old.effective_to is None


def test_only_the_latest_is_superseded(people):
    old = make()
    day = timezone.localdate() + timedelta(days=5)
    profiles.supersede(old, effective_from=day, by=people.li, reason="新")
    with pytest.raises(profiles.AlreadyEnded):
        profiles.supersede(old, effective_from=day, by=people.li, reason="又新")


def test_a_bad_successor_leaves_the_old_alone(people):
    old = make()
    day = timezone.localdate() + timedelta(days=5)
    with pytest.raises(ValidationError):
        profiles.supersede(old, effective_from=day, title="", by=people.li, reason="新")
    old.refresh_from_db()
    assert old.effective_to is None
    assert RuleProfile.objects.filter(code="TEST").count() == 1


def test_a_successor_keeps_every_parameter(people):
    day = timezone.localdate() + timedelta(days=5)
    with pytest.raises(ValidationError, match="缺少参数：days"):
        profiles.supersede(
            make(), effective_from=day, params={"hours": 3}, by=people.li, reason="新"
        )


@pytest.mark.parametrize(
    "params",
    [
        {"file": {"unit": "weeks", "amount": 1}},
        {"file": {"unit": "minutes", "amount": 0}},
        {"deep": [{"file": {"amount": 3}}]},
        {"call": {"share": [3, 2], "inclusive": True}},
        {"call": {"share": [1, 2]}},
        {"call": {"share": "1/2", "inclusive": True}},
        {"quota": 0.5},
    ],
)
def test_terms_and_shares_must_make_sense(params, people):
    with pytest.raises(ValidationError) as refused:
        profiles.add(
            by=people.li,
            reason="试",
            code="TEST",
            title="试",
            legal_basis="试",
            effective_from=date(2025, 1, 1),
            params=params,
        )
    assert list(refused.value.message_dict) == ["params"]


def test_the_shipped_profiles_make_sense():
    for profile in RuleProfile.objects.all():
        profile.clean()


def test_what_nobody_used_can_be_withdrawn(people):
    old = make()
    day = timezone.localdate() + timedelta(days=5)
    new = profiles.supersede(old, effective_from=day, by=people.li, reason="新")
    profiles.withdraw(new, by=people.li, reason="写错了")
    old.refresh_from_db()
    assert old.effective_to is None
    old.freeze()
    with pytest.raises(profiles.StillNeeded):
        profiles.withdraw(old, by=people.li, reason="不要了")


# --- shares ------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "at_least", "over"),
    [
        (393, 589, True, True),  # 2/3 of 589 = 392.67
        (392, 589, False, False),
        (4, 6, True, False),  # exactly: 以上 includes, 过 does not
        (Decimal("42432.00"), Decimal("63648.00"), True, False),
        (Decimal("42431.99"), Decimal("63648.00"), False, False),
        (Fraction(2, 3), 1, True, False),
        (0, 0, False, False),
    ],
)
def test_two_thirds(part, whole, at_least, over):
    assert profiles.share(part, whole, [2, 3]) is at_least
    assert profiles.strictly_more(part, whole, [2, 3]) is over


def test_half_of_the_participants_is_no_majority():
    matters = {row["code"]: row for row in in_force("OV-CC278").params["matters"]}
    assert len(matters) == 9
    assert not profiles.meets(201, 402, matters["use_fund"]["approval"])
    assert profiles.meets(202, 402, matters["use_fund"]["approval"])
    assert profiles.meets(33600, 44800, matters["common_parts"]["approval"])  # exactly 3/4
    assert not profiles.meets(Decimal("33599.99"), 44800, matters["raise_fund"]["approval"])


def test_floats_are_refused():
    with pytest.raises(TypeError, match="never floats"):
        profiles.share(0.75, 1, [3, 4])
