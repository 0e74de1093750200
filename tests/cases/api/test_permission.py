"""An agent may do what the API offers and nothing else; without a token it may do nothing."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from cases import tokens
from tests.cases.api.callers import Caller, case_of, error_of

pytestmark = pytest.mark.django_db

MAY = {
    ("POST", "api/v1/alerts"),
    ("POST", "api/v1/sessions"),
    ("GET", "api/v1/sessions/<int:pk>"),
    ("POST", "api/v1/sessions/<int:pk>/steps"),
    ("POST", "api/v1/sessions/<int:pk>/finish"),
    ("GET", "api/v1/cases/<int:pk>/task"),
    ("GET", "api/v1/knowledge"),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(resolver=None, before=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def address(route: str, pk: int) -> str:
    route = re.sub(r"<(int|\w+):(\w+)>|<(\w+)>", lambda part: str(pk) if part[1] in ("int", None) else "x", route)
    return "/" + route.strip("^$")


def test_every_address_is_closed_without_a_token():
    for method, route in MAY:
        response = Client().generic(method, address(route, 1))
        assert error_of(response) == (401, "not_authenticated", "")
        assert response["WWW-Authenticate"] == 'Bearer realm="CloudMate"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer cm_wrong", "Bearer \x7f", "Basic eDp5", "Token cm_x"])
def test_wrong_token_is_refused(header):
    response = Client(headers={"authorization": header}).get("/api/v1/knowledge")
    assert response.status_code == 401


def test_revoked_token_is_refused():
    agent = Caller()
    tokens.revoke(agent.token)
    assert error_of(agent.get("knowledge")) == (401, "authentication_failed", "")


def test_agent_may_do_what_is_listed_and_nothing_else():
    agent = Caller()
    pk = case_of(agent.system).pk
    session = agent.post("sessions", {"case": pk}).json()["id"]
    allowed = set()
    for route in routes():
        for method in METHODS:
            at = session if "sessions" in route else pk
            response = agent.client.generic(method, address(route, at), b"{}", content_type="application/json")
            if route.startswith("api/v1/"):
                if response.status_code not in (404, 405):
                    allowed.add((method, route))
                error_of(response) if response.status_code >= 400 else None
            elif not route.startswith("accounts/"):
                refused = response.status_code in (403, 404, 405) or (
                    response.status_code == 302 and "/accounts/login/" in response["Location"]
                )
                assert refused, f"{method} {route} answered an agent {response.status_code}"
    assert allowed == MAY


def test_unknown_address_of_the_api_answers_in_its_shape():
    agent = Caller()
    for path in ("", "nothing", "sessions/x"):
        assert error_of(agent.get(path)) == (404, "not_found", "")
    assert error_of(Client().get("/api/v1/nothing")) == (401, "not_authenticated", "")
