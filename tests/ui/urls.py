"""The portal's addresses and a few that go wrong on purpose."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import include, path

from orgs.access import public
from portal import errors

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.page_not_found"
handler500 = "portal.errors.server_error"


@public
def boom(request):
    raise RuntimeError("on purpose")


@public
def closed(request):
    raise PermissionDenied


@public
def closed_with_reason(request):
    raise PermissionDenied("本届任期已经结束。")


@public
def refused(request):
    return errors.unprocessable(request, "这件事已经办结，不能再派单。")


@public
def form(request):
    return HttpResponse("saved")


urlpatterns = [
    path("", include("portal.urls")),
    path("boom/", boom),
    path("closed/", closed),
    path("closed-with-reason/", closed_with_reason),
    path("refused/", refused),
    path("form/", form),
]
