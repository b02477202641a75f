"""What the residents' voices need at their beginning and at their end.

``ready``: rights, kinds of messages, receivers. ``forget``: nothing tells any more who spoke.
"""

import pgtrigger
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inbox.outbox import register_kind
from orgs.positions import Position as P
from orgs.positions import register


def ready() -> None:
    from grids import following, proposals
    from grids.signals import moved

    register(
        "grids.moderate_comments",
        P.SOCIAL_WORKER,
        P.COMMITTEE_DIRECTOR,
        P.PARTY_SECRETARY,
        P.SUBDISTRICT_OPERATOR,
    )
    register("grids.decide_topic", P.PARTY_SECRETARY, P.COMMITTEE_DIRECTOR)

    register_kind("grids.followed_progress", _("我关注的事项有进展"))
    register_kind("grids.followed_answer", _("我关注的事项有结果"))
    register_kind("grids.issue_comment", _("与我有关的事项有新评论"))
    register_kind("grids.own_comment", _("我的评论的处理情况"))

    moved.connect(following.tell_followers, dispatch_uid="grids.following")
    moved.connect(proposals.watch, dispatch_uid="grids.proposals")


@transaction.atomic
def forget(issue) -> None:
    """Part of de-identifying ``issue``: who followed, urged and commented goes.

    Comments that everybody could read stay, without author; others lose their words as well.
    """
    from grids.models import Comment, Moderation

    issue.follows.all().delete()
    with pgtrigger.ignore(
        "grids.Urge:append_only", "grids.Comment:words_stay", "grids.Moderation:append_only"
    ):
        issue.urges.update(person=None, text="")
        issue.comments.update(author=None)
        issue.comments.exclude(state=Comment.State.VISIBLE).update(text="")
        Moderation.objects.filter(comment__issue=issue, action=Moderation.Action.OBJECT).update(
            by=None, text=""
        )
