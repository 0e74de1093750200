"""A case as a case-bundle/1 file, whole: with its tools, its structured answer and its sessions. No Django here."""

from __future__ import annotations

from typing import Any

from sandbox.bundle import CaseBundle
from sandbox.importers.worlds import world_data

FORMAT = "case-bundle/1"


def bundle_data(bundle: CaseBundle) -> dict[str, Any]:
    """JSON data of one case; what the format itself has no field for stands beside it (tools, sessions, structured)."""
    repository, path = bundle.identity
    task, answer = bundle.task, bundle.answer
    return {
        "format": FORMAT,
        "id": path.replace("/", "_"),
        "name": bundle.name,
        "system": bundle.system,
        "catalogue": "",
        "source": {"source_repo": repository, "source_path": path, **bundle.source},
        "synthetic": bundle.synthetic,
        "tags": list(bundle.tags),
        "prompt": task.prompt,
        "context": task.context,
        "tools": [tool.as_function()["function"] for tool in task.tools],
        "fault_classes": list(task.fault_classes),
        "recordings": [
            {
                "tool": each.tool,
                "arguments": each.arguments,
                "output": each.output,
                "is_error": each.is_error,
                "match": each.match,
                "derived": each.derived,
                "latency_ms": each.latency_ms,
            }
            for each in bundle.recordings
        ],
        "answer": {
            "title": answer.title,
            "expected": list(answer.expected),
            "category": answer.category,
            "tags": list(bundle.tags),
            "structured": answer.as_dict(),
        },
        "sessions": [
            {
                "name": session.name,
                "actor": session.actor,
                "engine": session.engine,
                "calls": [{"tool": call.tool, "arguments": call.arguments, "why": call.why} for call in session.calls],
                "diagnosis": session.diagnosis.as_dict() if session.diagnosis else None,
            }
            for session in bundle.sessions
        ],
        **({"world": world_data(bundle.world)} if bundle.world else {}),
    }
