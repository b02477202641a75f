"""三方联动: residents' committee, owners' body and property company of a compound, tied together
under the lead of its Party branch."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import access
from orgs.areas import lock_structure
from orgs.history import because
from orgs.models import Area, AreaLevel, Linkage, Organization, OrganizationKind, Person

K = OrganizationKind
RIGHT = "orgs.manage_organizations"

# role → kinds that may take it, and whether somebody has to
ROLES = {
    "party_branch": (
        {K.GRID_BRANCH, K.COMMUNITY_BRANCH, K.GENERAL_BRANCH, K.COMMUNITY_COMMITTEE},
        True,
    ),
    "residents_committee": ({K.RESIDENTS_COMMITTEE}, True),
    "owners_body": ({K.OWNERS_COMMITTEE, K.MANAGEMENT_COMMISSION}, False),
    "property_company": ({K.PROPERTY_COMPANY}, False),
}
ROLE_LABELS = {
    "party_branch": gettext_lazy("党支部"),
    "residents_committee": gettext_lazy("居委会"),
    "owners_body": gettext_lazy("业委会或物管会"),
    "property_company": gettext_lazy("物业服务企业"),
}


class LinkageRefused(Exception):
    """Why a linkage stays as it is; its text may be shown."""


class WrongBody(LinkageRefused):
    pass


class NameTaken(LinkageRefused):
    field = "name"

    def __init__(self, name: str):
        super().__init__(_("社区内已有同名小区“%(name)s”") % {"name": name})


class NotEntitled(LinkageRefused):
    def __init__(self):
        super().__init__(_("您没有调整这一小区三方联动的权限"))


class ReasonMissing(LinkageRefused):
    def __init__(self):
        super().__init__(_("请写明调整依据"))


@transaction.atomic
def tie(
    name: str,
    community: Area,
    *,
    grids: Iterable[Area],
    party_branch: Organization,
    residents_committee: Organization,
    owners_body: Organization | None = None,
    property_company: Organization | None = None,
    note: str = "",
    by: Person | None = None,
    reason: str,
) -> Linkage:
    """Tie the bodies of one compound together."""
    lock_structure()
    linkage = Linkage(
        name=name.strip(),
        community=community,
        party_branch=party_branch,
        residents_committee=residents_committee,
        owners_body=owners_body,
        property_company=property_company,
        note=note.strip(),
    )
    return _write(linkage, list(grids), by, reason)


@transaction.atomic
def change(
    linkage: Linkage,
    *,
    grids: Iterable[Area] | None = None,
    by: Person | None = None,
    reason: str,
    **roles,
) -> Linkage:
    """Replace bodies, grids, name or note; who stood there before stays in the history."""
    if unknown := set(roles) - {*ROLES, "name", "note"}:
        raise TypeError(f"no such part of a linkage: {', '.join(sorted(unknown))}")
    lock_structure()  # before the row: closing a body takes the two in this order too
    linkage = Linkage.objects.select_for_update(of=["self"]).get(pk=linkage.pk)
    for role, body in roles.items():
        setattr(linkage, role, body)
    kept = list(linkage.grids.all()) if grids is None else list(grids)
    return _write(linkage, kept, by, reason)


def of_grid(grid: Area) -> Linkage | None:
    """The linkage whose compound the grid belongs to."""
    rows = Linkage.objects.select_related(*ROLES, "community")
    return rows.filter(grids=grid).order_by("pk").first()


def _closed(linkage: Linkage) -> set[int]:
    """Which of its bodies have closed by now, whatever the rows in hand say."""
    pks = [getattr(linkage, f"{role}_id") for role in ROLES]
    bodies = Organization.objects.filter(pk__in=pks).exclude(closed_on=None)
    return set(bodies.values_list("pk", flat=True))


def _write(linkage: Linkage, grids: list[Area], by: Person | None, reason: str) -> Linkage:
    if not reason.strip():
        raise ReasonMissing
    community = linkage.community
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=community.path):
        raise NotEntitled
    if not linkage.name:
        raise WrongBody(_("请填写小区名称"))
    if community.level != AreaLevel.COMMUNITY:
        raise WrongBody(_("三方联动须建在社区"))
    if not grids:
        raise WrongBody(_("请选择小区所在网格"))
    for grid in grids:
        if grid.level != AreaLevel.GRID or not grid.path.startswith(community.path):
            text = _("%(grid)s不是%(community)s的网格")
            raise WrongBody(text % {"grid": grid.name, "community": community.name})
    closed = _closed(linkage)
    for role, (kinds, needed) in ROLES.items():
        body = getattr(linkage, role)
        if body is None:
            if needed:
                raise WrongBody(_("请选择%(role)s") % {"role": ROLE_LABELS[role]})
            continue
        if body.kind not in kinds or body.pk in closed:
            text = _("%(body)s（%(kind)s）不能作为三方联动的%(role)s")
            raise WrongBody(
                text
                % {
                    "body": body.name,
                    "kind": body.get_kind_display(),
                    "role": ROLE_LABELS[role],
                }
            )
    with because(reason, by=by):
        try:
            with transaction.atomic():
                linkage.save()
        except IntegrityError as error:
            raise NameTaken(linkage.name) from error
        linkage.grids.set(grids)
    return linkage
