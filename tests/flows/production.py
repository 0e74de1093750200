"""An incident outside CloudMate: an agent that troubleshoots it and posts what it does, as a team's own agent would."""

from dataclasses import asdict, replace

from rest_framework.test import APIClient

from cases import tokens
from cases.recording import tool_as_data
from sandbox.agents import loop
from sandbox.agents.base import Budget
from sandbox.agents.registry import agent_named
from sandbox.bundle import CaseBundle
from sandbox.environment.base import Inventory
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.language import knowledge_from

BUDGET = Budget(steps=20)


class Production:
    """The real system behind ``bundle``, and an agent on it that speaks to CloudMate with a token."""

    def __init__(self, bundle: CaseBundle, *, system, admin):
        self.bundle = bundle
        self.client = APIClient()
        text, _token = tokens.issue("on-call agent", system, admin)
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")

    def alert(self) -> int:
        """The alert fires; the id of the case it opens."""
        alert = {**self.bundle.task.context["alert"], "status": "firing"}
        answer = self.client.post("/api/v1/alerts", {"alerts": [alert]}, format="json")
        assert answer.status_code == 200, answer.content
        return answer.json()["cases"][0]["id"]

    def knowledge(self):
        """What CloudMate serves now, as the agent reads it."""
        answer = self.client.get("/api/v1/knowledge")
        assert answer.status_code == 200, answer.content
        data = answer.json()
        assert answer["ETag"].strip('"') == data["digest"]
        again = self.client.get("/api/v1/knowledge", HTTP_IF_NONE_MATCH=answer["ETag"])
        assert again.status_code == 304
        return knowledge_from([rule["rule"] for rule in data["rules"]])

    def troubleshoot(self, case: int, *, name: str) -> int:
        """Fetch knowledge, work on the incident, post each step as it happens; the session's id."""
        known = self.knowledge()
        task = self.client.get(f"/api/v1/cases/{case}/task").json()
        body = {
            "case": case,
            "external_id": name,
            "engine": "offline",
            "knowledge": known.digest,
            "tools": [tool_as_data(tool) for tool in self.bundle.task.tools],
        }
        session = self._post("/api/v1/sessions", body)["id"]

        def post(step):
            self._post(
                f"/api/v1/sessions/{session}/steps",
                {
                    "index": step.index,
                    "tool": step.tool,
                    "arguments": step.arguments,
                    "output": step.observation.output,
                    "is_error": step.observation.is_error,
                    "thought": step.thought,
                },
            )

        seen = replace(
            self.bundle.task, prompt=task["prompt"], context=task["context"], fault_classes=tuple(task["fault_classes"])
        )
        world = ReplaySource(self.bundle.task.tools, self.bundle.recordings, inventory=Inventory()).open()
        transcript = loop.run(agent_named("offline"), seen, world, knowledge=known, budget=BUDGET, on_step=post)
        concluded = asdict(transcript.diagnosis) if transcript.diagnosis else None
        self._post(
            f"/api/v1/sessions/{session}/finish", {"diagnosis": concluded, "stop_reason": transcript.stop_reason}
        )
        return session

    def _post(self, path, body):
        answer = self.client.post(path, body, format="json")
        assert answer.status_code in (200, 201), answer.content
        return answer.json()
