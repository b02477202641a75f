"""The issue loop as a table: who takes an issue from which state to which, and what happens then.

    submitted → filed → dispatched → in_progress → handled → closed → rated

with rework (handled → in_progress, half the limit) and one reopening a level up (closed →
reopened → dispatched). The table draws the buttons, the diagram in ``docs/issues.md`` and the
role × state test. Every verb is one transaction: row lock, check, change, clocks, step, messages.
"""

from django.utils.translation import gettext_lazy

from grids import effects, limits, recusal, telling, who
from grids.models import State
from rules.workflow import Transition, Workflow

S = State
L = gettext_lazy
flow = Workflow(
    "issue",
    step_model="grids.IssueStep",
    guard=who.unless_recused,
    transitions=[
        Transition(
            "acknowledge",
            (S.SUBMITTED,),
            None,
            who=who.over_place("grids.file_issue"),
            label=L("已看到"),
            tone="quiet",
            clock=limits.of_acknowledging,
            tells=telling.of_acknowledging,
            help=L("先告诉反映人有人看到了，再去核实"),
        ),
        Transition(
            "file",
            (S.SUBMITTED,),
            S.FILED,
            who=who.over_place("grids.file_issue"),
            needs=(("category", L("类别")), ("level", L("层级"))),
            label=L("立案"),
            tone="main",
            clock=limits.of_filing,
            effect=effects.of_filing,
            tells=telling.of_filing,
        ),
        Transition(
            "dispatch",
            (S.FILED, S.REOPENED),
            S.DISPATCHED,
            who=who.at_level,
            needs=(("lead", L("承办单位")),),
            label=L("派单"),
            tone="main",
            effect=effects.of_dispatching,
            tells=telling.of_dispatch,
        ),
        Transition(
            "redirect",
            (S.DISPATCHED,),
            S.DISPATCHED,
            who=who.at_level,
            needs=(("lead", L("承办单位")), ("reason", L("改派原因"))),
            label=L("改派"),
            effect=effects.of_dispatching,
            tells=telling.of_dispatch,
        ),
        Transition(
            "sign",
            (S.DISPATCHED,),
            S.IN_PROGRESS,
            who=who.lead_member,
            label=L("签收"),
            tone="main",
            clock=limits.of_signing,
            effect=effects.of_signing,
            tells=telling.of_signing,
        ),
        Transition(
            "contact",
            (S.IN_PROGRESS,),
            None,
            who=who.is_handler,
            needs=(("note", L("联系情况")),),
            label=L("记录已联系反映人"),
            clock=limits.of_contact,
            effect=effects.of_contact,
            tells=telling.of_contact,
        ),
        Transition(
            "report",
            (S.IN_PROGRESS,),
            S.HANDLED,
            who=who.is_handler,
            needs=(("result", L("办理结果")),),
            label=L("上报结果"),
            tone="main",
            clock=limits.of_reporting,
            effect=effects.of_reporting,
            tells=telling.of_reporting,
        ),
        Transition(
            "take_over",
            (S.IN_PROGRESS,),
            None,
            who=who.colleague,
            needs=(("reason", L("接手原因")),),
            label=L("接手"),
            effect=effects.of_taking_over,
            tells=telling.of_taking_over,
        ),
        Transition(
            "verify",
            (S.HANDLED,),
            S.CLOSED,
            who=who.other_than_handler,
            needs=(("how", L("怎样核验")),),
            label=L("核验通过，办结"),
            tone="main",
            clock=limits.of_closing,
            effect=effects.of_closing,
            tells=telling.of_closing,
        ),
        Transition(
            "rework",
            (S.HANDLED,),
            S.IN_PROGRESS,
            who=who.other_than_handler,
            needs=(("reason", L("返工原因")),),
            label=L("退回返工"),
            clock=limits.of_rework,
            effect=effects.of_rework,
            tells=telling.of_rework,
        ),
        Transition(
            "rate",
            (S.CLOSED,),
            S.RATED,
            who=who.is_reporter,
            needs=(("solved", L("是否解决")), ("stars", L("满意度"))),
            label=L("提交评价"),
            tone="main",
            clock=limits.of_rating,
            effect=effects.of_rating,
            tells=telling.of_rating,
        ),
        Transition(
            "reopen",
            (S.CLOSED, S.RATED),
            S.REOPENED,
            who=who.is_reporter,
            needs=(("reason", L("哪里没有解决")),),
            label=L("要求重新办理"),
            clock=limits.of_reopening,
            effect=effects.of_reopening,
            tells=telling.of_reopening,
        ),
        Transition(
            "note",
            (S.SUBMITTED, S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.HANDLED, S.REOPENED),
            None,
            who=who.anybody_on_it,
            needs=(("note", L("记录内容")),),
            label=L("添加记录"),
            tells=telling.of_note,
        ),
        *recusal.ROWS,
    ],
)
