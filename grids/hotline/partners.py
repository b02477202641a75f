"""Making a partner and changing it; each with the person that stands for its callers."""

import pghistory
from django.db import transaction
from django.utils.translation import gettext as _

from grids.models import Partner
from orgs.models import Area, Person


@transaction.atomic
def found(*, code: str, name: str, area: Area, by: Person, **fields) -> Partner:
    """A new partner, without a key yet (``signatures.rotate``)."""
    account = Person(name=_("%(name)s来电人") % {"name": name}, is_active=False)
    account.set_unusable_password()
    account.save()
    with pghistory.context(person=by.pk, reason=_("建立对接")):
        return Partner.objects.create(code=code, name=name, area=area, account=account, **fields)


@transaction.atomic
def amend(partner: Partner, *, by: Person, **fields) -> Partner:
    """Change what may change; the code may not, because it stands in the partner's own settings."""
    for name, value in fields.items():
        setattr(partner, name, value)
    with pghistory.context(person=by.pk, reason=_("修改对接设置")):
        partner.save(update_fields=[*fields])
        if "name" in fields:
            Person.objects.filter(pk=partner.account_id).update(
                name=_("%(name)s来电人") % {"name": partner.name}
            )
    return partner
