"""What somebody keeps to find again, and wants to hear of when it is back."""

from django.db import transaction

from exchange.models import Favourite, Item


def keep(item: Item, person, *, is_kept: bool) -> None:
    """☆ and ★. Letting go ends waiting for it too. Twice is once."""
    if is_kept:
        Favourite.objects.get_or_create(person=person, item=item)
    else:
        Favourite.objects.filter(person=person, item=item).delete()


@transaction.atomic
def wait(item: Item, person, *, is_waiting: bool) -> None:
    """到货提醒: told once when an outlet has some again. Whoever waits keeps it as well."""
    if is_waiting:
        keep(item, person, is_kept=True)
    Favourite.objects.filter(person=person, item=item).update(wants_news=is_waiting)
