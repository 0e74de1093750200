"""Every error of the API in one shape: {"error": {"code", "message", "field", "remedy"}}."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

REMEDIES = {
    "not_authenticated": "Send the header Authorization: Bearer cm_... with a token an admin has issued.",
    "authentication_failed": "Ask an admin for a new token.",
    "not_found": "Check the address and the id; a token reaches its own system only.",
    "method_not_allowed": "Use the method the documentation names for this address.",
    "not_acceptable": "Ask for application/json.",
    "unsupported_media_type": "Send JSON with the header Content-Type: application/json.",
    "throttled": "Wait as long as the header Retry-After says.",
    "too_large": "Send less at once: fewer steps, or a shorter return.",
    "length_required": "Send the header Content-Length; a body in chunks is not read.",
    "parse_error": "Send valid JSON.",
    "conflict": "Read what is there before you send again.",
    "permission_denied": "Agents may post alerts, sessions and steps, and fetch tasks and knowledge.",
    "invalid": "Correct the field named and send again.",
}

PATH = re.compile(r"[a-z_]+(\[\d+\]|\.\w+)*")


class Invalid(exceptions.APIException):
    """A body that is not in its form. ``field`` is its path, such as steps[0].tool."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.field = field


class Conflict(exceptions.APIException):
    """It contradicts what is stored already."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class LengthRequired(exceptions.APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"


def invalid(message: str) -> Invalid:
    """From a message whose first word is the path of its field, as those of intake and diagnosis are."""
    first = message.split(maxsplit=1)[0].rstrip(":")
    return Invalid(message, field=first if PATH.fullmatch(first) else "")


def respond(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: None lets an unexpected error through to the log."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or None)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    if not isinstance(error, exceptions.APIException):
        return None
    code, field, message = _said(error)
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)
    remedy = REMEDIES.get(code) or REMEDIES["invalid"]
    body = {"error": {"code": code, "message": message, "field": field, "remedy": remedy}}
    return Response(body, status=error.status_code, headers=headers)


def _said(error: exceptions.APIException) -> tuple[str, str, str]:
    if isinstance(error, exceptions.ValidationError):
        field, detail = _first(error.detail, "")
        return "invalid", field, f"{field}: {detail}" if field else str(detail)
    code = error.detail.code if isinstance(error.detail, exceptions.ErrorDetail) else error.default_code
    return str(code), getattr(error, "field", ""), str(error.detail)


def _first(detail: Any, path: str) -> tuple[str, Any]:
    """The first error of a serializer's tree, with its path."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        if name == "non_field_errors":
            return _first(inner, path)
        step = f"[{name}]" if isinstance(name, int) else f".{name}" if path else str(name)
        return _first(inner, path + step)
    if isinstance(detail, list):
        number = next((number for number, item in enumerate(detail) if item), 0)
        inner = detail[number]
        return _first(inner, f"{path}[{number}]") if isinstance(inner, dict) else _first(inner, path)
    return path, detail
