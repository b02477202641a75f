"""A month's claims of a community: collected, decided, reviewed, noticed, posted.

    collecting → deciding → reviewing → noticed → (objected) → posting → posted

Many claims are moved at once, in a number of statements that does not grow with them.
"""

from django.utils.translation import gettext_lazy

from points import who
from points.models import BatchState
from rules.workflow import Transition, Workflow, system

B = BatchState
L = gettext_lazy
flow = Workflow(
    "batch",
    step_model="points.BatchStep",
    transitions=[
        Transition(
            "decide",
            (B.COLLECTING,),
            B.DECIDING,
            who=who.collects,
            label=L("结束收集，开始审批"),
        ),
        Transition(
            "close_decisions",
            (B.COLLECTING, B.DECIDING),
            B.REVIEWING,
            who=who.over_batch,
            label=L("结束审批，提交审议"),
            tone="main",
        ),
        Transition(
            "sign",
            (B.REVIEWING,),
            None,
            who=who.signs,
            needs=(("agrees", L("意见")),),
            label=L("签署审议意见"),
            tone="main",
        ),
        Transition(
            "send_back",
            (B.REVIEWING,),
            B.DECIDING,
            who=who.over_batch,
            needs=(("reason", L("原因")),),
            label=L("退回审批"),
        ),
        Transition(
            "publish", (B.REVIEWING,), B.NOTICED, who=who.over_batch, label=L("公示"), tone="main"
        ),
        Transition(
            "object",
            (B.NOTICED, B.OBJECTED),
            B.OBJECTED,
            who=system,
            label=L("收到异议"),
        ),
        Transition(
            "take_down",
            (B.NOTICED, B.OBJECTED),
            B.REVIEWING,
            who=system,
            label=L("公示撤回"),
        ),
        Transition(
            "pay",
            (B.NOTICED, B.OBJECTED),
            B.POSTING,
            who=system,
            label=L("公示结束，开始入账"),
        ),
        Transition("finish", (B.POSTING,), B.POSTED, who=system, label=L("全部入账")),
    ],
)
