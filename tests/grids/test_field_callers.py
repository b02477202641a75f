"""People without an account: kept encrypted, found by digest, forgotten whole."""

import pytest
from django.db import IntegrityError, connection, transaction

from grids.models import Caller

pytestmark = pytest.mark.django_db


def test_a_callers_phone_is_never_stored_in_the_clear_and_still_found():
    caller = Caller(name="路过的王先生")
    caller.phone = "10000000099"
    caller.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM grids_caller c")
        (stored,) = cursor.fetchone()
    assert "10000000099" not in stored
    assert Caller.objects.with_phone(" 10000000099 ").get() == caller
    assert (caller.phone, caller.phone_masked, caller.name_masked) == (
        "10000000099",
        "100****0099",
        "路*",
    )
    assert "王" not in str(caller)


def test_nobody_is_promised_a_short_message_without_a_phone():
    with pytest.raises(IntegrityError), transaction.atomic():
        Caller.objects.create(name="无名", wants_sms=True)


def test_an_erased_caller_leaves_neither_name_nor_phone():
    caller = Caller(name="路过的王先生", wants_sms=True)
    caller.phone = "10000000099"
    caller.save()
    caller.erase()
    caller.refresh_from_db()
    assert (caller.name, caller.phone, caller.phone_digest, caller.wants_sms) == ("", "", "", False)
    assert not Caller.objects.with_phone("10000000099").exists()
