"""Who speaks to the API: an agent with its token. It is nobody's user and has no role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from cases import tokens
from cases.api.body import BoundedJSON
from cases.api.errors import LengthRequired, respond
from cases.models import AgentToken

SMALL, LARGE = 2**20, 16 * 2**20  # bytes of a body


@dataclass(frozen=True)
class Agent:
    """Stands where Django expects a user."""

    token: AgentToken
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> str:
        return f"token-{self.token.pk}"


class BearerToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Agent, AgentToken] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.token_of(text.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown or was revoked.")
        return Agent(token), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="CloudMate"'


class PerToken(SimpleRateThrottle):
    scope = "agent"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return f"throttle-agent-{request.auth.prefix}" if request.auth else None


class AgentView(APIView):
    """What every address of the API shares; ``request.auth`` is the AgentToken."""

    authentication_classes = [BearerToken]
    permission_classes = [IsAuthenticated]
    throttle_classes = [PerToken]
    parser_classes = [BoundedJSON]
    renderer_classes = [JSONRenderer]
    http_method_names = ["get", "head", "post"]
    body_limit = SMALL

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequired("The body comes without its length.")  # it would be taken for an empty one

    def get_exception_handler(self):
        return respond
