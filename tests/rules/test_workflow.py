"""A small counter at which a slip is filed, worked on and closed."""

import pytest
from django.db import connection, models, transaction
from django.db.utils import DatabaseError

from rules import workflow
from rules.workflow import Step, Transition, Workflow

TOLD = []


class Slip(models.Model):
    class State(models.TextChoices):
        NEW = "new", "待受理"
        WORK = "work", "办理中"
        DONE = "done", "已办结"

    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    keeper = models.CharField(max_length=40, blank=True)
    level = models.IntegerField(default=1)

    class Meta:
        app_label = "rules_counter"  # of no installed app: its tables live in these tests only

    def __str__(self):
        return f"slip {self.pk}"


class SlipStep(Step):
    slip = models.ForeignKey(Slip, models.PROTECT)

    class Meta(Step.Meta):
        app_label = "rules_counter"


def is_keeper(slip, person):
    return (person is not None and person.name == slip.keeper) or "只有经办人可以办理"


def take(slip, move):
    slip.keeper = move.by.name


def tell(slip, move):
    TOLD.append((slip.state, move.step.pk))


def break_off(slip, move):
    slip.level = 99
    raise workflow.Refused("登记簿已满")


FLOW = Workflow(
    "slip",
    step_model=SlipStep,
    transitions=[
        Transition(
            "take",
            ("new",),
            "work",
            who=lambda slip, person: person is not None,
            label="受理",
            effect=take,
            clock=lambda slip, move: "限时3个工作日",
            tells=tell,
        ),
        Transition(
            "finish",
            ("work",),
            "done",
            who=is_keeper,
            needs=(("result", "处理结果"), "reason"),
            label="办结",
            tells=tell,
        ),
        Transition("note", ("new", "work"), None, who=workflow.anyone, label="备注"),
        Transition(
            "raise",
            ("work",),
            lambda slip, move: "new" if slip.level < 2 else "done",
            who=workflow.system,
            label="升级",
            targets=("new", "done"),
        ),
        Transition("jam", ("work",), "done", who=workflow.anyone, label="卡住", effect=break_off),
    ],
)


@pytest.fixture
def counter(db):
    """Tables of the counter, for as long as one test."""
    TOLD.clear()
    with connection.schema_editor() as editor:
        editor.create_model(Slip)
        editor.create_model(SlipStep)
    for trigger in SlipStep._meta.triggers:
        trigger.install(SlipStep)
    yield
    if not connection.in_atomic_block:
        with connection.schema_editor() as editor:
            editor.delete_model(SlipStep)
            editor.delete_model(Slip)


@pytest.fixture
def slip(counter):
    return Slip.objects.create()


def test_a_step_changes_the_record_and_leaves_its_row(slip, people):
    step = FLOW.advance(slip, "take", by=people.li)

    assert (slip.state, slip.keeper) == ("work", "李网格")
    slip.refresh_from_db()
    assert (slip.state, slip.keeper) == ("work", "李网格")
    assert SlipStep.objects.get() == step
    assert (step.verb, step.from_state, step.to_state) == ("take", "new", "work")
    assert (step.actor, step.clock_effect) == (people.li, "限时3个工作日")
    assert [*TOLD] == [("work", step.pk)]


def test_the_wrong_state_is_told_in_chinese(slip, people):
    with pytest.raises(workflow.WrongState, match="当前状态为“待受理”，不能“办结”"):
        FLOW.advance(slip, "finish", by=people.li, result="好了", reason="修好")
    assert not SlipStep.objects.exists()


def test_who_may_not_hears_why(slip, people):
    FLOW.advance(slip, "take", by=people.li)
    with pytest.raises(workflow.NotAllowed, match="只有经办人可以办理"):
        FLOW.advance(slip, "finish", by=people.zhao, result="好了", reason="修好")
    with pytest.raises(workflow.NotAllowed, match="您不能“升级”"):
        FLOW.advance(slip, "raise", by=people.zhao)
    slip.refresh_from_db()
    assert slip.state == "work"


@pytest.mark.parametrize("empty", [None, "", "  ", []])
def test_what_is_missing_is_named(slip, people, empty):
    FLOW.advance(slip, "take", by=people.li)
    with pytest.raises(workflow.Missing, match="请填写：处理结果、原因") as refused:
        FLOW.advance(slip, "finish", by=people.li, result=empty, reason=" ")
    assert refused.value.fields == {"result": "处理结果", "reason": "原因"}


def test_zero_and_no_are_answers(slip, people):
    FLOW.advance(slip, "take", by=people.li)
    step = FLOW.advance(slip, "finish", by=people.li, result=False, reason="无事实")
    assert step.data == {"result": False}


def test_what_was_filled_in_is_kept_as_plain_data(slip, people):
    step = FLOW.advance(
        slip, "note", by=people.li, whom=people.zhao, seen=[people.li], at_home=None
    )
    step.refresh_from_db()
    assert step.data == {
        "whom": {"id": people.zhao.pk, "text": "赵网格"},
        "seen": [{"id": people.li.pk, "text": "李网格"}],
        "at_home": None,
    }


def test_a_refusal_in_the_effect_leaves_nothing(slip, people):
    FLOW.advance(slip, "take", by=people.li)
    with pytest.raises(workflow.Refused, match="登记簿已满"):
        FLOW.advance(slip, "jam", by=people.li)
    slip.refresh_from_db()
    assert (slip.state, slip.level) == ("work", 1)
    assert SlipStep.objects.count() == 1


def test_a_target_may_depend_on_the_record(slip, people):
    FLOW.advance(slip, "take", by=people.li)
    slip.level = 2
    slip.save()
    step = FLOW.advance(slip, "raise", by=None)
    assert (step.to_state, step.actor) == ("done", None)


def test_a_double_click_acts_once_even_without_a_new_state(slip, people):
    seen = FLOW.last_step_id(slip)
    FLOW.advance(slip, "note", by=people.li, after=seen, text="一")
    shown = FLOW.last_step_id(slip)
    FLOW.advance(slip, "note", by=people.li, after=shown, text="二")
    with pytest.raises(workflow.Stale, match="已有新的进展"):
        FLOW.advance(slip, "note", by=people.li, after=shown, text="二")
    assert SlipStep.objects.count() == 2


def test_opening_writes_the_first_step(counter, people):
    slip = Slip()
    step = FLOW.open(slip, by=people.li, verb="submit", tells=tell, words="灯坏了")
    assert slip.pk
    assert (step.verb, step.from_state, step.to_state) == ("submit", "", "new")
    assert step.data == {"words": "灯坏了"}
    assert [*TOLD] == [("new", step.pk)]


def test_the_buttons_come_from_the_table(slip, people, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert [row.verb for row in FLOW.available(slip, people.li)] == ["take", "note"]
    FLOW.advance(slip, "take", by=people.li)
    assert [row.verb for row in FLOW.available(slip, people.li)] == ["finish", "note", "jam"]
    assert [row.verb for row in FLOW.available(slip, people.zhao)] == ["note", "jam"]
    assert [row.verb for row in FLOW.available(slip, None)] == ["note", "raise", "jam"]


def test_history_cannot_be_rewritten(slip, people):
    FLOW.advance(slip, "take", by=people.li)
    for rewrite in (
        lambda: SlipStep.objects.update(reason="别的"),
        lambda: SlipStep.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rewrite()
    assert SlipStep.objects.get().reason == ""


def test_one_verb_has_one_row_per_state():
    row = Transition("take", ("new", "work"), "done", who=workflow.anyone)
    again = Transition("take", ("work",), "new", who=workflow.anyone)
    with pytest.raises(ValueError, match="two rows for “take” from “work”"):
        Workflow("slip", step_model=SlipStep, transitions=[row, again])
    with pytest.raises(TypeError, match="tuple"):
        Transition("take", "new", "done", who=workflow.anyone)


def test_a_verb_nobody_knows_is_a_programming_error(slip, people):
    with pytest.raises(KeyError, match="no verb “burn”"):
        FLOW.advance(slip, "burn", by=people.li)


def test_the_matrix_names_every_combination():
    rows = list(workflow.matrix(FLOW, ["li", "zhao"]))
    assert len(rows) == len(set(rows)) == 2 * 3 * 5
    assert ("li", "new", "take", True) in rows
    assert ("li", "done", "take", False) in rows


def test_the_diagram_is_the_table():
    assert FLOW.diagram(Slip) == (
        "stateDiagram-v2\n"
        "    new : 待受理\n"
        "    work : 办理中\n"
        "    done : 已办结\n"
        "    new --> work : 受理\n"
        "    work --> done : 办结\n"
        "    new --> new : 备注\n"
        "    work --> work : 备注\n"
        "    work --> new : 升级\n"
        "    work --> done : 升级\n"
        "    work --> done : 卡住\n"
        "    done --> [*]\n"
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_is_told_the_state(counter, people, together):
    slip = Slip.objects.create()

    def taken_by(person):
        return lambda: FLOW.advance(Slip.objects.get(pk=slip.pk), "take", by=person)

    answers = together(taken_by(people.li), taken_by(people.zhao))

    refused = [answer for answer in answers if isinstance(answer, workflow.WrongState)]
    assert len(refused) == 1, answers
    assert "可能已有人处理" in str(refused[0])
    step = SlipStep.objects.get()
    slip.refresh_from_db()
    assert slip.keeper == step.actor.name
