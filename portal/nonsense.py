"""Requests that no page of ours sends, answered before a view or a store sees them."""

from portal import errors


class NoNul:
    """A zero byte in an address, its query or a cookie: PostgreSQL takes none, so it is a 400.

    Forms refuse it beside the field themselves.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        query = request.META.get("QUERY_STRING", "")
        parts = (request.path_info, query, *request.COOKIES.values())
        if "%00" in query or any("\0" in part for part in parts):
            return errors.bad_request(request)
        return self.get_response(request)
