import pytest

from rules import wording
from rules.models import RuleProfile


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3个工作日", "term", {"unit": "working_days", "amount": 3}),
        ("2 个工作小时", "term", {"unit": "working_minutes", "amount": 120}),
        ("24小时", "term", {"unit": "minutes", "amount": 1440}),
        ("7天", "term", {"unit": "natural_days", "amount": 7}),
        ("2/3以上", "share", {"share": [2, 3], "inclusive": True}),
        ("过半数", "share", {"share": [1, 2], "inclusive": False}),
        ("超过1/2", "share", {"share": [1, 2], "inclusive": False}),
        ("5、9", "numbers", [5, 9]),
        ("5至9", "numbers", [5, 9]),
        ("18", "number", 18),
        ("否", "yes_no", False),
        ("每年清零", "choice", "yearly_reset"),
    ],
)
def test_words_become_values(text, kind, value):
    assert wording.read(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3", "term"),
        ("0天", "term"),
        ("三天", "term"),
        ("2/3", "share"),  # with or without the number itself? 以上 and 过 differ
        ("过2/3以上", "share"),
        ("3/2以上", "share"),
        ("0.5", "number"),
        ("5、九", "numbers"),
        ("也许", "yes_no"),
        ("随便", "choice"),
    ],
)
def test_unclear_words_are_refused(text, kind):
    with pytest.raises(wording.Unreadable, match="请"):
        wording.read(text, kind)


@pytest.mark.django_db
def test_every_shipped_value_is_worded_and_read_back():
    for profile in RuleProfile.objects.all():
        leaves = list(wording.leaves(profile.params))
        assert leaves
        for leaf in leaves:
            assert leaf.label.isascii() is False, (profile.code, leaf.label)
            if leaf.kind in wording.EDITABLE:
                assert wording.read(leaf.text, leaf.kind) == leaf.value, leaf
        same = {leaf.path: leaf.value for leaf in leaves}
        assert wording.replaced(profile.params, same) == profile.params


def test_values_stand_in_the_order_of_the_work(db):
    profile = RuleProfile.objects.get(code="ISSUE-CLOCKS")
    names = [leaf.path[0] for leaf in wording.leaves(profile.params)]
    assert names[:3] == ["acknowledge", "file", "accept_decision"]
    assert names.index("L1") < names.index("verify") < names.index("archive")


def test_replacing_leaves_the_original_alone():
    params = {"matters": [{"title": "甲", "approval": 1}], "deep": {"n": 2}}
    new = wording.replaced(params, {("matters", 0, "approval"): 5, ("deep", "n"): 3})
    assert new == {"matters": [{"title": "甲", "approval": 5}], "deep": {"n": 3}}
    assert params == {"matters": [{"title": "甲", "approval": 1}], "deep": {"n": 2}}


@pytest.mark.parametrize(
    ("name", "words"), [("members", "5至9"), ("households", "5至9"), ("warn_at", "5、9")]
)
def test_the_ends_of_a_span_are_not_told_as_a_list(name, words):
    (leaf,) = wording.leaves({name: [5, 9]})
    assert leaf.text == words
    assert wording.read(words, leaf.kind) == [5, 9]
