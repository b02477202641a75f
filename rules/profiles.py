"""Rule profiles: which thresholds hold where and when, and comparing shares without floats."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Subquery
from django.db.models.functions import Left, Length
from django.utils import timezone
from django.utils.translation import gettext as _

from rules.models import RuleProfile
from rules.refusals import Refused

__all__ = [
    "AlreadyEnded",
    "NoProfile",
    "RuleProfile",
    "StillNeeded",
    "TooEarly",
    "add",
    "in_force",
    "meets",
    "params_in_force",
    "share",
    "strictly_more",
    "supersede",
    "verify",
    "withdraw",
]


class NoProfile(Refused):
    def __init__(self, codes: Iterable[str], place: str, on: date):
        self.codes, self.place, self.on = tuple(codes), place, on
        text = _("%(day)s 在该地区没有施行中的规则 %(code)s")
        super().__init__(text % {"day": on.isoformat(), "code": "、".join(self.codes)})


class TooEarly(Refused):
    def __init__(self, first: date):
        self.first = first
        super().__init__(_("新规则最早只能从 %(day)s 起施行") % {"day": first.isoformat()})


class AlreadyEnded(Refused):
    def __init__(self):
        super().__init__(_("这条规则已有失效日期，请从最新一条起换新"))


class StillNeeded(Refused):
    def __init__(self):
        super().__init__(_("这条规则已被采用，只能换新，不能撤回"))


def in_force(*codes: str, place: str = "", on: date | None = None) -> RuleProfile:
    """The profile of ``codes`` that holds in ``place`` (an area code) on a day; one query.

    The longest matching place wins, then the latest ``effective_from``. Several codes are
    alternatives that replaced each other: ``in_force("RC-2018", "RC-2026", on=day)``.
    Raises NoProfile.
    """
    on = on or timezone.localdate()
    found = (
        RuleProfile.objects.filter(code__in=codes)
        .on(on)
        .covering(place)
        .order_by(Length("place").desc(), "-effective_from")
        .first()
    )
    if found is None:
        raise NoProfile(codes, place, on)
    return found


def params_in_force(code: str, *, around, on) -> Subquery:
    """What ``in_force`` finds, inside another query: its params, or NULL where nothing holds.

    ``around``: an expression for the area code; ``on`` may be one for the day.
    """
    found = RuleProfile.objects.filter(code=code).on(on)
    found = found.filter(place=Left(around, Length("place")))
    return Subquery(found.order_by(Length("place").desc(), "-effective_from").values("params")[:1])


# --- shares --------------------------------------------------------------------------------------


def _fraction(pair) -> Fraction:
    numerator, denominator = pair
    return Fraction(numerator, denominator)


def share(part, whole, at_least) -> bool:
    """Is ``part`` of ``whole`` at least the share? 以上 includes the number itself (CC 1259).

    ``at_least`` is an integer pair as profiles keep it: ``[2, 3]``. ``part`` and ``whole`` are
    exact (int, Decimal or Fraction; a float is refused). Of nothing, no share is reached.
    """
    return _exact(whole) > 0 and _exact(part) >= _fraction(at_least) * _exact(whole)


def strictly_more(part, whole, than) -> bool:
    """Is ``part`` of ``whole`` more than the share? 过半数 is strict: exactly half is not."""
    return _exact(whole) > 0 and _exact(part) > _fraction(than) * _exact(whole)


def meets(part, whole, rule: Mapping) -> bool:
    """Compare as the profile says: ``{"share": [2, 3], "inclusive": true}``."""
    compare = share if rule["inclusive"] else strictly_more
    return compare(part, whole, rule["share"])


def _exact(number) -> Fraction:
    if isinstance(number, float):
        raise TypeError("shares are compared with exact numbers, never floats")
    return Fraction(number)


# --- verbs ---------------------------------------------------------------------------------------


@transaction.atomic
def add(*, by, reason: str, **fields) -> RuleProfile:
    """Write a new profile. Raises ValidationError (an overlap in time among others)."""
    return _save(RuleProfile(**fields), by=by, reason=reason)


def _save(profile: RuleProfile, *, by, reason: str) -> RuleProfile:
    """Check and save; writers of the same code queue up, so the check sees the other's row.

    Without the queue two simultaneous inserts may deadlock on the exclusion constraint, which
    stays as the last word (an import by hand, another program).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"rules:{profile.code}"]
        )
    profile.full_clean()
    with _because(reason, by):
        profile.save()
    return profile


@transaction.atomic
def supersede(
    profile: RuleProfile, *, effective_from: date, by, reason: str, **changes
) -> RuleProfile:
    """End ``profile`` the day before ``effective_from`` and start its successor with ``changes``.

    What was opened under the old one keeps its frozen copy. A profile already used can only be
    replaced from today on. Raises AlreadyEnded, TooEarly or ValidationError; then nothing is
    written.
    """
    profile.refresh_from_db(from_queryset=RuleProfile.objects.select_for_update())
    if profile.effective_to is not None:
        raise AlreadyEnded
    first = profile.effective_from + timedelta(days=1)
    if profile.is_used:
        first = max(first, timezone.localdate())
    if effective_from < first:
        raise TooEarly(first)
    with _because(reason, by):
        profile.effective_to = effective_from
        profile.save(update_fields=["effective_to"])
    kept = {
        name: getattr(profile, name) for name in ("code", "title", "legal_basis", "place", "params")
    }
    successor = RuleProfile(**{**kept, **changes}, effective_from=effective_from)
    try:
        if lost := sorted(set(profile.params) - set(successor.params)):
            # Code reads these by name: a successor may add, never drop.
            text = _("缺少参数：%(names)s") % {"names": "、".join(lost)}
            raise ValidationError({"params": text})
        return _save(successor, by=by, reason=reason)
    except ValidationError:
        profile.effective_to = None
        raise


@transaction.atomic
def withdraw(profile: RuleProfile, *, by, reason: str) -> None:
    """Delete a profile that nothing was opened under; its predecessor is open-ended again.

    Raises StillNeeded.
    """
    profile.refresh_from_db(from_queryset=RuleProfile.objects.select_for_update())
    if profile.is_used:
        raise StillNeeded
    with _because(reason, by):
        before = RuleProfile.objects.select_for_update().filter(
            code=profile.code, place=profile.place, effective_to=profile.effective_from
        )
        until = profile.effective_to
        profile.delete()
        for predecessor in before:
            predecessor.effective_to = until
            predecessor.save(update_fields=["effective_to"])


@transaction.atomic
def verify(profile: RuleProfile, *, by, reason: str, on: date | None = None) -> RuleProfile:
    """Record that ``by`` compared the numbers with the text of the law."""
    profile.refresh_from_db(from_queryset=RuleProfile.objects.select_for_update())
    with _because(reason, by):
        profile.verified_by, profile.verified_on = by, on or timezone.localdate()
        profile.save(update_fields=["verified_by", "verified_on"])
    return profile


def _because(reason: str, by):
    """The same keys as ``orgs.history.because``, which this floor cannot import."""
    return pghistory.context(reason=str(reason), person=getattr(by, "pk", None))
