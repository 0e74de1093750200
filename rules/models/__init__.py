from rules.models.critique import Critique
from rules.models.patch import GateVerdict, Patch, PatchComment, PatchRevision
from rules.models.policy import GatePolicy
from rules.models.queue import QueueEntry
from rules.models.review import Review
from rules.models.version import KnowledgeVersion, RuleRecord

__all__ = [
    "Critique",
    "GatePolicy",
    "GateVerdict",
    "KnowledgeVersion",
    "Patch",
    "PatchComment",
    "PatchRevision",
    "QueueEntry",
    "Review",
    "RuleRecord",
]
