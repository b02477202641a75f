"""Who may do what with an issue: the ``who`` column of the table in ``grids.flow``.

Each answers True, False, or a sentence that says why this person must stand aside.
"""

from dataclasses import replace

from django.utils.translation import gettext as _

from grids import dispatch
from orgs import access


def over_place(right: str):
    def who(issue, person):
        return person is not None and access.rights_of(person).may(right, area_path=issue.area_path)

    return who


def at_level(issue, person):
    return person is not None and access.rights_of(person).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    )


def in_lead(issue, person) -> bool:
    return (
        person is not None
        and issue.lead_id is not None
        and issue.lead_id in access.rights_of(person).organization_ids("grids.handle_issue")
    )


def lead_member(issue, person):
    if not in_lead(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事承办")
    return True


def is_handler(issue, person):
    return in_lead(issue, person) and person.pk == issue.handler_id


def colleague(issue, person):
    return lead_member(issue, person) if not is_handler(issue, person) else False


def other_than_handler(issue, person):
    if not over_place("grids.verify_issue")(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事核验")
    if person.pk == issue.handler_id:
        return _("承办人不能核验自己的办理结果，请由他人核验")
    took_part = issue.steps.filter(
        verb__in=["sign", "take_over", "report"], actor=person, at__gte=issue.dispatched_at
    )
    if issue.dispatched_at and took_part.exists():
        return _("您参与过这件事项的办理，请由他人核验")
    return True


def anybody_on_it(issue, person):
    """Handler, lead and workers over the place may add a note."""
    return in_lead(issue, person) or over_place("grids.file_issue")(issue, person)


def is_reporter(issue, person):
    return person is not None and person.pk == issue.reporter_id


# --- standing aside ------------------------------------------------------------------------------

# What somebody does as the reporter, who may well be a worker that had to stand aside.
BY_REPORTER = frozenset({"submit", "object", "rate", "reopen"})


def is_recused(issue, person) -> bool:
    return getattr(person, "pk", None) in issue.recused_ids


def unless_recused(row):
    """The row of the table, closed to those who stand aside (``grids.recusal``)."""

    def who(issue, person):
        answer = row.who(issue, person)
        if answer is not False and is_recused(issue, person) and row.verb not in BY_REPORTER:
            return _("您已回避这件事项，不能再办理")
        return answer

    return replace(row, who=who)
