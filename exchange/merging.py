"""Two communities become one: the outlets of the one that goes earn for the other from now on.

Orders and gifts stay with the books they were paid from; what is promised there is still handed
over, cancelled and settled there, and ``points.merging`` carries what came free.
"""

from django.utils.translation import gettext as _

from exchange.models import Item, Outlet
from orgs.areas import CannotMerge
from orgs.models import Area, AreaLevel


def on_merging(sender, area: Area, into: Area, **_more) -> None:
    """Receiver of ``orgs.signals.merging``. Raises CannotMerge for two catalogues."""
    if area.level == AreaLevel.SUBDISTRICT:
        here = Item.objects.filter(area=area)
        if here.exists() and Item.objects.filter(area=into).exists():
            text = _("%(name)s和%(into)s各有兑换目录和结算，不能合并")
            raise CannotMerge(text % {"name": area.name, "into": into.name})
    Outlet.objects.filter(books=area).update(books=into)
