"""What is typed is kept in the browser until the server says that it was saved; this says so, and only then.

A form that keeps a draft sends its mark along (``static/drafts.js``). An answer that leads on, to a person who is
signed in, without an error said, means saved: the mark goes back in a cookie, and the browser forgets that draft.
A dead server, an expired sign-in and a refusal give no such answer, so the words come back with the form.
"""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

COOKIE = "drafts-saved"
FIELD = "draft-mark"
_MARK = re.compile(r"[a-z0-9]{8,40}")
KEPT = 20  # marks at once, the newest


class SavedDrafts:
    """Middleware, within those of people and messages."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _asks_to_sign_in(response):
            if getattr(request, "htmx", False):  # a part of a page that was asked for gets no sign-in page in its place
                return HttpResponse("Your sign-in has expired.", status=401, content_type="text/plain")
            if request.method == "POST" and (page := _page_of(request)):
                return redirect_to_login(page)
        mark = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if _MARK.fullmatch(mark) and _saved(request, response):
            marks = [one for one in request.COOKIES.get(COOKIE, "").split(".") if _MARK.fullmatch(one)]
            response.set_cookie(COOKIE, ".".join([*marks, mark][-KEPT:]), samesite="Lax", max_age=86400)
        return response


def _asks_to_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].partition("?")[0] == resolve_url(settings.LOGIN_URL)


def _page_of(request: HttpRequest) -> str:
    """The page that a form was sent from, which shows what was typed again; "" where it is none of ours."""
    try:
        came = urlsplit(request.META.get("HTTP_REFERER", ""))
    except ValueError:  # no address at all
        return ""
    return came._replace(scheme="", netloc="", fragment="").geturl() if came.netloc == request.get_host() else ""


def _saved(request: HttpRequest, response: HttpResponse) -> bool:
    if not (300 <= response.status_code < 400 and request.user.is_authenticated):
        return False
    said = messages.get_messages(request)
    refused = any(message.level >= messages.ERROR for message in said)
    said.used = False  # they were only looked at: the next page shows them
    return not refused
