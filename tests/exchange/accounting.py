"""More people for the books of the exchange: two supervisors and a committee's director."""

from orgs import posts
from orgs.models import Organization, OrganizationKind
from orgs.positions import Position
from tests import cast


def staffed(window):
    """许 and 何 supervise 梧桐里, 吕 directs its committee, 马 sits in it."""
    if hasattr(window, "xu"):
        return window
    supervision = Organization.objects.create(
        kind=OrganizationKind.SUPERVISION_COMMITTEE,
        name="梧桐里社区居务监督委员会",
        area=window.community,
        founded_on=cast.LONG_AGO,
    )
    rows = (
        ("xu", "许监督", "10000000091", supervision, Position.SUPERVISOR),
        ("he", "何监督", "10000000092", supervision, Position.SUPERVISOR),
        ("lv", "吕主任", "10000000093", window.committee, Position.COMMITTEE_DIRECTOR),
        ("ma", "马委员", "10000000094", window.committee, Position.COMMITTEE_MEMBER),
    )
    for role, name, phone, body, position in rows:
        someone = cast.person(name, phone)
        posts.appoint(someone, body, position, starts_on=cast.LONG_AGO, reason="测试任命")
        setattr(window, role, someone)
    return window
