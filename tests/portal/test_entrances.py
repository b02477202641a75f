"""Every address says who may enter, and nothing is reachable that does not."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

WORDS = ("public", "signed_in", "allowed:")


def every_view(patterns, prefix=""):
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from every_view(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry.callback


def test_every_view_says_who_may_enter():
    views = list(every_view(get_resolver("portal.urls").url_patterns))
    assert len(views) > 20
    silent = [
        address
        for address, view in views
        if not str(getattr(view, "who_may_enter", "")).startswith(WORDS)
    ]
    assert silent == []


def test_a_silent_view_would_be_found():
    from django.urls import path

    def silent(request): ...

    found = list(every_view([path("silent/", silent)]))
    assert [getattr(view, "who_may_enter", None) for _address, view in found] == [None]


def test_rights_named_by_views_are_carried_by_some_position():
    from orgs import positions

    for address, view in every_view(get_resolver("portal.urls").url_patterns):
        who = getattr(view, "who_may_enter", "")
        if who.startswith("allowed:"):
            for permission in who.removeprefix("allowed:").split(","):
                assert permission in positions.known_rights(), f"{address}: {permission}"


def test_whoever_carries_a_right_signs_in_as_staff():
    from orgs import positions

    holders = {post for post in positions.Position if positions.rights_of_position(post)}
    assert holders <= positions.STAFF


@pytest.mark.django_db
def test_rights_carried_by_positions_exist_as_permissions():
    from django.contrib.auth.models import Permission

    from orgs import positions

    known = {
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert positions.known_rights() <= known


@pytest.mark.django_db
def test_a_visitor_reads_nothing_that_needs_signing_in(client):
    for address, view in every_view(get_resolver("portal.urls").url_patterns):
        if view.who_may_enter == "public" or "<" in address:
            continue
        answer = client.get("/" + address.replace("^", "").replace("$", ""))
        assert answer.status_code in {302, 405}, address
        if answer.status_code == 302:
            assert answer.url.startswith("/accounts/login/"), address
