"""Knowledge as the sandbox keeps it: a value under its digest."""

from sandbox.knowledge.language import as_data, knowledge_from
from sandbox.knowledge.rule import Knowledge
from sandbox.models import KnowledgeValue


def stored(knowledge: Knowledge) -> KnowledgeValue:
    """The row that holds ``knowledge``, made on first use."""
    value, _ = KnowledgeValue.objects.get_or_create(
        digest=knowledge.digest, defaults={"rules": [as_data(rule) for rule in knowledge.rules]}
    )
    return value


def knowledge_of(value: KnowledgeValue) -> Knowledge:
    return knowledge_from(value.rules)
