from datetime import date
from functools import partial

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from grids import handling, numbers
from grids.models import Issue
from orgs.models import Area
from tests.grids import loop

DAY = date(2026, 11, 24)


@pytest.mark.django_db
def test_numbers_count_per_subdistrict_and_day(street):
    numbers.name_series(street.street, "QT")
    with transaction.atomic():
        series = numbers.lock_series(street.grid)
        taken = [numbers.take(series, day) for day in (DAY, DAY, date(2026, 11, 25))]
    assert taken == ["QT2611240001", "QT2611240002", "QT2611250001"]


@pytest.mark.django_db
def test_a_failed_posting_gives_its_number_back(street):
    numbers.name_series(street.street, "QT")
    with transaction.atomic():
        numbers.take(numbers.lock_series(street.grid), DAY)
        transaction.set_rollback(True)
    with transaction.atomic():
        assert numbers.take(numbers.lock_series(street.grid2), DAY) == "QT2611240001"


@pytest.mark.django_db
def test_a_subdistrict_without_letters_counts_under_its_code(street):
    issue = loop.post(street)
    assert issue.number == f"03005{timezone.localdate():%y%m%d}0001"


@pytest.mark.django_db
def test_two_subdistricts_never_share_letters(street):
    numbers.name_series(street.street, "QT")
    other = Area.objects.add_child(
        street.district, {"level": "subdistrict", "code": "990203006", "name": "另一街道"}
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        numbers.name_series(other, "QT")


@pytest.mark.django_db(transaction=True)
def test_two_post_at_once(street, together):
    people = (street.wang, street.qian, street.newcomer, street.li)
    posts = [partial(loop.post, street, reporter=person) for person in people]
    issues = together(*posts)
    assert all(isinstance(issue, Issue) for issue in issues), issues
    assert sorted(issue.number[-4:] for issue in issues) == ["0001", "0002", "0003", "0004"]


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_is_one_issue(street, together):
    key = "7b0c6f0e-6f5c-4b8e-9b0f-3a6f4f0f2a11"
    category = loop.category()

    def send():
        return handling.post(
            reporter=street.wang, category=category, area=street.grid, text=loop.WORDS, key=key
        )

    first, second = together(send, send)
    assert first.pk == second.pk
    assert Issue.objects.count() == 1
    assert loop.post(street).number.endswith("0002")
