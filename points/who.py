"""Who may do what with a claim, a batch or a deduction: the ``who`` columns of the tables.

Each answers True, False, or a sentence that says why this person must stand aside. What somebody
holds and where they live is read once per request and kept on the instance, as rights are.
"""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.compiled import compiled
from orgs.models import Appointment, Household, Residence
from orgs.posts import WITHOUT_PLACE
from points.models import DeductionState, GuardianConsent, PanelMember

CERTIFY, DECIDE, ANSWER = "points.certify_claim", "points.decide_claims", "points.answer_appeal"
BOOKS, VIEW = "points.view_books", "points.view_claims"
REPORT, ESTABLISH, DECIDE_DEDUCTION = (
    "points.report_deduction",
    "points.establish_deduction",
    "points.decide_deduction",
)


# --- what somebody is ----------------------------------------------------------------------------


def posts_of(person) -> list[tuple[str, str]]:
    """(position, path of the place) of every post held today. One query, kept on the instance."""
    if not hasattr(person, "_point_posts"):
        rows = (
            Appointment.objects.in_force()
            .filter(person=person)
            .exclude(organization__kind__in=WITHOUT_PLACE)
            .values_list("position", "area__path", "organization__area__path")
        )
        person._point_posts = [(position, own or body) for position, own, body in rows]
    return person._point_posts


def holds(person, positions, path: str) -> bool:
    """One of ``positions`` over the place at ``path``, today."""
    return any(
        position in positions and path.startswith(place) for position, place in posts_of(person)
    )


def posts_on(people, positions, day: date) -> dict[int, list[tuple[str, str]]]:
    """Person → (position, path) of those of ``positions`` they held on a day. One query."""
    found: dict[int, list[tuple[str, str]]] = {}
    if not positions:
        return found
    rows = (
        Appointment.objects.in_force(day)
        .filter(person__in=people, position__in=positions)
        .exclude(organization__kind__in=WITHOUT_PLACE)
        .values_list("person_id", "position", "area__path", "organization__area__path")
    )
    for person, position, own, body in rows:
        found.setdefault(person, []).append((position, own or body))
    return found


def homes_of(person) -> list[tuple[int, date, date | None]]:
    """(household, first day, first day no more) of every verified residence. Kept as above."""
    if not hasattr(person, "_point_homes"):
        person._point_homes = _homes(person=person.pk)
    return person._point_homes


def homes(person):
    return Residence.objects.filter(person=person, state=Residence.State.VERIFIED)


@compiled
def _homes(*, person):
    return homes(person).values_list("household_id", "starts_on", "ends_on")


def keep_homes(person, rows) -> None:
    """They came along with something else, their days as JSON writes them."""
    person._point_homes = [
        (household, date.fromisoformat(starts), date.fromisoformat(ends) if ends else None)
        for household, starts, ends in rows
    ]


def lives_there(person, household_id: int | None, since: date) -> bool:
    """Verified in that household on any day from ``since`` to today; as the database looks."""
    today = timezone.localdate()
    return household_id is not None and any(
        home == household_id and starts <= today and (ends is None or ends > since)
        for home, starts, ends in homes_of(person)
    )


def may_be_minor(person, on: date) -> bool:
    """Only the year of birth is known: under 18, or perhaps still."""
    return person.birth_year is not None and on.year - person.birth_year <= 18


def consent_for(person, household: Household | None) -> GuardianConsent | None:
    return GuardianConsent.objects.given().filter(minor=person, household=household).first()


# --- claims --------------------------------------------------------------------------------------


def aside(claim, person) -> str:
    """Why ``person`` may not judge ``claim``; empty when nothing stands against it."""
    if person.pk == claim.person_id or person.pk == claim.partner_id:
        return _("这是您本人的积分，请由他人办理")
    if person.pk == claim.claimant_id:
        return _("这是您申报的，请由他人办理")
    if lives_there(person, claim.household_id, claim.happened_on):
        return _("这是您家里人的积分，请由他人办理")
    return ""


def certifies(claim, person):
    if person is None or not holds(person, claim.rule_version.certifiers, claim.area_path):
        return False
    return aside(claim, person) or True


def is_claimant(claim, person):
    return person is not None and person.pk == claim.claimant_id


def speaks_for_beneficiary(claim, person):
    """The beneficiary, or the guardian of a minor; once."""
    if person is None:
        return False
    if person.pk != claim.person_id:
        consent = GuardianConsent.objects.given().filter(minor=claim.person_id, guardian=person)
        if not consent.exists():
            return False
    return _("每项积分只能申诉一次") if claim.has_appealed else True


def answers_appeal(claim, person):
    if person is None or not access.rights_of(person).may(ANSWER, area_path=claim.area_path):
        return False
    if why := aside(claim, person):
        return why
    if person.pk in {claim.certifier_id, claim.approver_id, claim.refused_by_id}:
        return _("您参与过这项积分的认证或审批，请由他人答复")
    return True


def decides(claim, person):
    path = claim.community.path
    if person is None or not access.rights_of(person).may(DECIDE, area_path=path):
        return False
    if person.pk == claim.certifier_id:
        return _("这是您认证的，请由他人审批")
    return aside(claim, person) or True


def confirms_reversal(claim, person):
    """Another than who asked for it last, as long as nobody has answered that."""
    if person is None:
        return False
    rights = access.rights_of(person)
    if not (
        rights.may(DECIDE, area_path=claim.community.path)
        or rights.may(ANSWER, area_path=claim.area_path)
    ):
        return False
    last = claim.steps.order_by("-pk").first()
    if last is None or last.verb != "ask_reversal":
        return False
    if last.actor_id == person.pk:
        return _("这是您申请的，请由他人复核")
    return aside(claim, person) or True


# --- batches -------------------------------------------------------------------------------------


def over_batch(batch, person):
    return person is not None and access.rights_of(person).may(DECIDE, area_path=batch.area_path)


def collects(batch, person):
    return person is None or over_batch(batch, person)


def seats_of(person) -> dict[int, PanelMember]:
    """Community → the person's seat in its points group today. Kept on the instance."""
    if not hasattr(person, "_point_seats"):
        seats = PanelMember.objects.in_force().filter(person=person)
        person._point_seats = {seat.area_id: seat for seat in seats}
    return person._point_seats


def signs(batch, person):
    if person is None or batch.area_id not in seats_of(person):
        return False
    if batch.signatures.filter(person=person, is_void=False).exists():
        return _("您已经签署过这一批")
    return True


# --- deductions ----------------------------------------------------------------------------------


def _stands_aside(deduction, person) -> str:
    taken = {
        deduction.person_id,
        deduction.reporter_id,
        deduction.establisher_id,
        deduction.decider_id,
    }
    if person.pk in taken:
        return _("报告、认定、决定、复核须由不同的人办理，且不能是当事人")
    if lives_there(person, deduction.household_id, deduction.happened_on):
        return _("这是您家里人的事，请由他人办理")
    return ""


def _over_deduction(right: str):
    def who(deduction, person):
        if person is None or not access.rights_of(person).may(right, area_path=deduction.area_path):
            return False
        return _stands_aside(deduction, person) or True

    return who


establishes = _over_deduction(ESTABLISH)
judges = _over_deduction(ANSWER)


def decides_deduction(deduction, person):
    """Over the whole community, not a grid's branch."""
    path = deduction.community.path
    if person is None or not access.rights_of(person).may(DECIDE_DEDUCTION, area_path=path):
        return False
    return _stands_aside(deduction, person) or True


def hears(deduction, person):
    """Who may write down what the one concerned says: staff, but not who reported it."""
    if person is None:
        return False
    rights = access.rights_of(person)
    if not (
        rights.may(ESTABLISH, area_path=deduction.area_path)
        or rights.may(DECIDE_DEDUCTION, area_path=deduction.community.path)
    ):
        return False
    if person.pk in {deduction.person_id, deduction.reporter_id}:
        return _("口头意见由当事人和报告人以外的人听取、录入")
    if lives_there(person, deduction.household_id, deduction.happened_on):
        return _("这是您家里人的事，请由他人办理")
    return True


def drops(deduction, person):
    """Before there is a fact whoever may establish one, afterwards whoever decides."""
    if deduction.state == DeductionState.REPORTED and establishes(deduction, person) is True:
        return True
    return decides_deduction(deduction, person)


def is_party(deduction, person):
    return person is not None and person.pk == deduction.person_id


def answers(deduction, person):
    """The one concerned; the system when their term is over."""
    return person is None or is_party(deduction, person)
