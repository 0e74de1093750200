"""Where agents fetch the current knowledge."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.agents import AgentView
from rules import versions
from sandbox.knowledge.language import as_data, text_of

MARKDOWN = "text/markdown"


class MarkdownRenderer(BaseRenderer):
    """The rules as a model reads them; an error in words."""

    media_type, format, charset = MARKDOWN, "md", "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> str:
        if data is None:  # not modified
            return ""
        if "error" in data:
            return f"{data['error']['message']} {data['error']['remedy']}\n"
        rules = "\n\n".join(f"## {rule['name']}\n\n```\n{rule['text'].strip()}\n```" for rule in data["rules"])
        return f"# Knowledge, version {data['number']}\n\nDigest {data['digest']}.\n\n{rules or 'No rules yet.'}\n"


class CurrentKnowledge(AgentView):
    renderer_classes = [JSONRenderer, MarkdownRenderer]

    def get(self, request: Request) -> Response:
        """The head version. Its ETag is its digest, so asking again costs nothing until it changes."""
        version = versions.head()
        markdown = request.accepted_media_type.startswith(MARKDOWN)
        tag = f'"{version.value_id}{".md" if markdown else ""}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
        if _held(request.headers.get("If-None-Match", ""), tag):
            return Response(status=304, headers=headers)
        rules = sorted(versions.knowledge(version).rules, key=lambda rule: rule.name)
        body = {
            "number": version.number,
            "digest": version.value_id,
            "at": version.at,
            "rules": [{"name": rule.name, "text": text_of(rule), "rule": as_data(rule)} for rule in rules],
        }
        return Response(body, headers=headers)


def _held(tags: str, tag: str) -> bool:
    """Whether the client's If-None-Match names ``tag``; weak comparison, as the standard has it (RFC 9110, 13.1.2)."""
    return any(held.strip().removeprefix("W/") in (tag, "*") for held in tags.split(","))


class Nothing(AgentView):
    """Any other address: an error in the API's own shape, for those who are signed in."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404("There is nothing at this address.")
