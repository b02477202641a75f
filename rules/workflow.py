"""Workflows as tables: who may do what from which state, and what happens then.

    issue_flow = Workflow(
        "issue",
        step_model="grids.IssueStep",
        transitions=[
            Transition("sign", ("dispatched",), "in_progress", who=is_handler, label=_("签收"),
                       clock=start_limit, effect=note_signing, tells=tell_reporter),
            Transition("report", ("in_progress",), "handled", who=is_handler,
                       needs=(("result", _("处理结果")),), label=_("上报结果"), tone="main"),
        ],
    )
    issue_flow.advance(issue, "sign", by=request.user)

The same table draws a person's buttons (``available``), the diagram (``diagram``) and the tests
(``matrix``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.refusals import Refused

__all__ = [
    "Missing",
    "Move",
    "NotAllowed",
    "Refused",
    "Stale",
    "Step",
    "Transition",
    "Workflow",
    "WrongState",
    "anyone",
    "matrix",
    "system",
]


class WrongState(Refused):
    """The record is not in a state this verb starts from; often somebody else was faster."""

    def __init__(self, *, verb: str, label: str, state: str, state_label: str):
        self.verb, self.state = verb, state
        text = _("当前状态为“%(state)s”，不能“%(verb)s”。可能已有人处理，请刷新后再看")
        super().__init__(text % {"state": state_label, "verb": label})


class Stale(WrongState):
    """The record moved since the person's page was drawn (a double click, a second worker)."""

    def __init__(self, *, verb: str, label: str, state: str):
        self.verb, self.state = verb, state
        text = _("页面打开后该事项已有新的进展，“%(verb)s”未执行，请刷新后再看")
        Refused.__init__(self, text % {"verb": label})


class NotAllowed(Refused):
    def __init__(self, *, verb: str, label: str, reason: str = ""):
        self.verb, self.reason = verb, reason
        super().__init__(reason or _("您不能“%(verb)s”") % {"verb": label})


class Missing(Refused):
    """``fields`` maps each missing name to its label, to show the error beside the field."""

    def __init__(self, fields: Mapping[str, str]):
        self.fields = dict(fields)
        names = "、".join(str(label) for label in self.fields.values())
        super().__init__(_("请填写：%(names)s") % {"names": names})


# --- who -----------------------------------------------------------------------------------------

Who = Callable[[Any, Any], "bool | str"]


def anyone(record, person) -> bool:
    return True


def system(record, person) -> bool:
    """Timers and sweeps only: ``advance(..., by=None)``."""
    return person is None


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transition:
    """One row of the table: ``verb`` takes a record from one of ``sources`` to ``target``.

    ``who(record, person)`` answers True, False, or a sentence that says why not.
    ``needs`` are names, or (name, label) pairs, that must come with the call; "reason" means the
    reason. ``clock(record, move)`` starts, pauses or stops clocks and returns a few words for the
    step ("限时3个工作日"). ``effect(record, move)`` changes the record or its companions before
    it is saved; ``tells(record, move)`` comes last and writes messages. All in one transaction.
    ``target`` None leaves the state as it is; a callable ``target(record, move)`` chooses it.
    """

    verb: str
    sources: tuple[str, ...]
    target: "str | Callable[[Any, Move], str] | None"
    who: Who
    needs: tuple = ()
    label: str = ""
    tone: str = "plain"
    clock: "Callable[[Any, Move], str | None] | None" = None
    effect: "Callable[[Any, Move], None] | None" = None
    tells: "Callable[[Any, Move], None] | None" = None
    help: str = ""
    targets: tuple[str, ...] = ()  # for the diagram, when ``target`` is a callable

    def __post_init__(self):
        if isinstance(self.sources, str):
            raise TypeError(f"{self.verb}: sources is a tuple of states, not a string")
        object.__setattr__(self, "sources", tuple(str(state) for state in self.sources))
        if self.target is not None and not callable(self.target):
            object.__setattr__(self, "target", str(self.target))

    @property
    def fields(self) -> dict[str, str]:
        """Needed name → label."""
        pairs = ((need, need) if isinstance(need, str) else need for need in self.needs)
        return {name: _("原因") if name == label == "reason" else label for name, label in pairs}

    @property
    def text(self) -> str:
        return str(self.label or self.verb)

    def refuses(self, record, person) -> str | None:
        """None when ``person`` may; else why not ("" when there is nothing more to say)."""
        answer = self.who(record, person)
        if answer is True:
            return None
        return answer if isinstance(answer, str) else ""


@dataclass
class Move:
    """What is happening: handed to ``clock``, ``effect`` and ``tells``."""

    transition: Transition
    by: Any
    at: datetime
    reason: str
    data: dict[str, Any]
    from_state: str
    to_state: str
    step: Any = None  # the saved Step row; there when ``tells`` runs
    notes: list[str] = field(default_factory=list)  # further words for the step's clock effect

    @property
    def verb(self) -> str:
        return self.transition.verb


class Step(models.Model):
    """One row of a record's history. Concrete models add the foreign key to their record.

    Append-only in the database (erasing personal data after its term is done under
    ``pgtrigger.ignore``).
    """

    verb = models.CharField(gettext_lazy("动作"), max_length=40)
    from_state = models.CharField(gettext_lazy("原状态"), max_length=40, blank=True)
    to_state = models.CharField(gettext_lazy("新状态"), max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("经办人"),
    )
    at = models.DateTimeField(gettext_lazy("时间"))
    reason = models.TextField(gettext_lazy("原因"), blank=True)
    clock_effect = models.CharField(gettext_lazy("时限变化"), max_length=200, blank=True)
    data = models.JSONField(
        gettext_lazy("填写内容"), default=dict, blank=True, encoder=DjangoJSONEncoder
    )

    class Meta:
        abstract = True
        ordering = ["at", "pk"]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.verb}: {self.from_state} → {self.to_state}"


class Workflow:
    """A checked table of transitions; refuses two rows for one verb and state when imported."""

    def __init__(
        self,
        name: str,
        *,
        transitions: Sequence[Transition],
        step_model: type[Step] | str,
        field: str = "state",
        record_field: str = "",
        guard: "Callable[[Transition], Transition] | None" = None,
        moved: Signal | None = None,
    ):
        """``guard`` makes a row of each row given: for what holds of all of them. ``moved`` is
        sent at the end of every step, in its transaction, with record and move.
        """
        transitions = [guard(row) for row in transitions] if guard else transitions
        self.name, self.field, self.moved = name, field, moved
        self.transitions = tuple(transitions)
        self._step_model, self._record_field = step_model, record_field
        self._by_verb: dict[str, list[Transition]] = {}
        taken: set[tuple[str, str]] = set()
        for transition in self.transitions:
            for source in transition.sources:
                if (transition.verb, source) in taken:
                    raise ValueError(f"{name}: two rows for “{transition.verb}” from “{source}”")
                taken.add((transition.verb, source))
            self._by_verb.setdefault(transition.verb, []).append(transition)

    @cached_property
    def step_model(self) -> type[Step]:
        model = self._step_model
        return apps.get_model(model) if isinstance(model, str) else model

    @cached_property
    def record_field(self) -> str:
        """The step's foreign key to the record: the only one it adds to ``Step``'s own."""
        if self._record_field:
            return self._record_field
        own = {field.name for field in Step._meta.get_fields()}
        keys = [
            field.name
            for field in self.step_model._meta.get_fields()
            if field.many_to_one and field.concrete and field.name not in own
        ]
        if len(keys) != 1:
            raise TypeError(f"{self.name}: name the record_field of {self.step_model}: {keys}")
        return keys[0]

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(self._by_verb)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Every state the table knows, in the order of first mention."""
        seen: dict[str, None] = {}
        for transition in self.transitions:
            seen.update(dict.fromkeys(transition.sources))
            seen.update(dict.fromkeys(_targets(transition)))
        return tuple(seen)

    def transition(self, verb: str, state: str) -> Transition | None:
        """The row for ``verb`` from ``state``. Raises KeyError for a verb the table lacks."""
        for transition in self._by_verb[verb]:
            if state in transition.sources:
                return transition
        return None

    def state_of(self, record) -> str:
        return str(getattr(record, self.field))

    # --- asking

    def available(self, record, by) -> list[Transition]:
        """What ``by`` may do with the record now, in table order: the buttons of the page."""
        state = self.state_of(record)
        return [
            transition
            for transition in self.transitions
            if state in transition.sources and transition.refuses(record, by) is None
        ]

    def last_step_id(self, record) -> int | None:
        """For ``advance(after=…)``: put it into the page's form."""
        steps = self.step_model._default_manager.filter(**{self.record_field: record})
        return steps.order_by("-pk").values_list("pk", flat=True).first()

    # --- doing

    @transaction.atomic
    def advance(
        self,
        record,
        verb: str,
        *,
        by,
        reason: str = "",
        at: datetime | None = None,
        after: int | None = None,
        **data,
    ) -> Step:
        """Take ``record`` one step on; all of it in one transaction, or nothing.

        Locks the row and reads it again (``record`` shows it as it is then), checks state, person
        and needs, runs clock and effect, saves, writes the Step, tells. ``by=None`` is the system.
        ``after`` is the last step the person saw: when another came since, nothing happens, so a
        double click acts once even where the state stays the same.
        Raises WrongState, Stale, NotAllowed, Missing, or a refusal of the effect.
        """
        if verb not in self._by_verb:
            raise KeyError(f"{self.name}: no verb “{verb}”")
        model = type(record)
        record.refresh_from_db(from_queryset=model._base_manager.select_for_update(of=("self",)))
        state = self.state_of(record)
        transition = self.transition(verb, state)
        label = (transition or self._by_verb[verb][0]).text
        if transition is None:
            raise WrongState(
                verb=verb, label=label, state=state, state_label=self.state_label(record, state)
            )
        if after is not None and self.last_step_id(record) != after:
            raise Stale(verb=verb, label=label, state=state)
        refusal = transition.refuses(record, by)
        if refusal is not None:
            raise NotAllowed(verb=verb, label=label, reason=refusal)
        given = {**data, "reason": reason.strip()}
        missing = {
            name: name_label
            for name, name_label in transition.fields.items()
            if _is_empty(given.get(name))
        }
        if missing:
            raise Missing(missing)

        move = Move(
            transition=transition,
            by=by,
            at=at or timezone.now(),
            reason=reason.strip(),
            data=data,
            from_state=state,
            to_state=state,
        )
        return self._carry_out(record, move)

    @transaction.atomic
    def open(
        self,
        record,
        *,
        by,
        verb: str = "open",
        reason: str = "",
        at: datetime | None = None,
        clock: Callable[[Any, Move], str | None] | None = None,
        effect: Callable[[Any, Move], None] | None = None,
        tells: Callable[[Any, Move], None] | None = None,
        **data,
    ) -> Step:
        """Save a new record in the state it carries, and write the first step of its history."""
        transition = Transition(
            verb, (), self.state_of(record), anyone, clock=clock, effect=effect, tells=tells
        )
        state = self.state_of(record)
        move = Move(transition, by, at or timezone.now(), reason.strip(), data, "", state)
        record.save()
        return self._carry_out(record, move)

    def _carry_out(self, record, move: Move) -> Step:
        transition = move.transition
        if callable(transition.target):
            move.to_state = str(transition.target(record, move))
        elif transition.target is not None:
            move.to_state = transition.target
        setattr(record, self.field, move.to_state)
        if transition.effect:
            transition.effect(record, move)
        if transition.clock:
            words = transition.clock(record, move)
            move.notes += [words] if words else []
        record.save()
        move.step = self.step_model._default_manager.create(
            **{self.record_field: record},
            verb=move.verb,
            from_state=move.from_state,
            to_state=move.to_state,
            actor=move.by,
            at=move.at,
            reason=move.reason,
            clock_effect="；".join(move.notes)[:200],
            data={name: _plain(value) for name, value in move.data.items()},
        )
        if transition.tells:
            transition.tells(record, move)
        if self.moved is not None:
            self.moved.send(sender=type(record), record=record, move=move)
        return move.step

    # --- drawing

    def state_label(self, record_or_model, state: str) -> str:
        """The state's Chinese name, from the model field's choices."""
        choices = dict(record_or_model._meta.get_field(self.field).flatchoices)
        return str(choices.get(state, state))

    def diagram(self, model=None) -> str:
        """The table as a mermaid state diagram; ``model`` gives the states their Chinese names."""
        lines = ["stateDiagram-v2"]
        if model is not None:
            lines += [f"    {state} : {self.state_label(model, state)}" for state in self.states]
        reached = {end for row in self.transitions for end in _targets(row)}
        lines += [f"    [*] --> {state}" for state in self.states if state not in reached]
        for row in self.transitions:
            for source in row.sources:
                for target in _targets(row) or (source,):
                    lines.append(f"    {source} --> {target} : {row.text}")
        leaving = {source for row in self.transitions for source in row.sources}
        lines += [f"    {state} --> [*]" for state in self.states if state not in leaving]
        return "\n".join(lines) + "\n"


def matrix(workflow: Workflow, roles: Iterable[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Every role × state × verb of a workflow, for a parametrized test.

    The last item says whether the table has a row for that verb from that state; whether the
    role may is for the test to state.
    """
    roles = tuple(roles)
    for role in roles:
        for state in workflow.states:
            for verb in workflow.verbs:
                yield role, state, verb, workflow.transition(verb, state) is not None


def _targets(transition: Transition) -> tuple[str, ...]:
    if transition.targets:
        return tuple(str(state) for state in transition.targets)
    if transition.target is None or callable(transition.target):
        return ()
    return (transition.target,)


def _is_empty(value) -> bool:
    """0 and False are answers; None and emptiness are not."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (hasattr(value, "__len__") and len(value) == 0)


def _plain(value):
    """As the Step row keeps it: rows by key and name, files by name, the rest as JSON."""
    if isinstance(value, models.Model):
        return {"id": value.pk, "text": str(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, models.QuerySet | list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "read") and hasattr(value, "name"):
        return str(value.name)
    return value
