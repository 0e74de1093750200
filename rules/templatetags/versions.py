"""Knowledge as people know it: by the number of its version. ``{% load versions %}``."""

from django import template
from django.db.models import QuerySet
from django.utils.html import format_html

from cloudmate import prepared
from cloudmate.addresses import address
from rules.models import KnowledgeVersion

SHORT = 12  # characters of a digest, as everywhere
register = template.Library()


@register.simple_tag(takes_context=True)
def knowledge(context, digest, linked=True):
    """The newest version with this digest; "none" without one; the digest where it is no version's: a patch was tried.

    All versions are asked for once a page, however many digests it shows.
    """
    if not digest:
        return "none"
    number = _numbers(context["request"]).get(digest)
    if number is None:
        return format_html('<code title="tried for a patch, no version">{}</code>', digest[:SHORT])
    if not linked:
        return f"v{number}"
    return format_html('<a href="{}">v{}</a>', address("rules:version", number), number)


def _numbers(request) -> dict[str, int]:
    if not hasattr(request, "knowledge_numbers"):
        request.knowledge_numbers = dict(prepared.rows(_versions))
    return request.knowledge_numbers


def _versions() -> QuerySet:
    return KnowledgeVersion.objects.order_by("number").values_list("value", "number")
