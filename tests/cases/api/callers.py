"""An agent as it speaks to the API in tests."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from cases import intake, tokens
from cases.diagnosis import Answer, Cause
from cases.models import Case, System
from cases.transcript import Task, ToolSchema

LOGS = ToolSchema("get_logs", "Read logs.", {"type": "object", "properties": {"pod": {"type": "string"}}})
CANARY = "canary-3f9a"


class Caller:
    """Sends JSON with a token; ``system`` None makes a token for every system."""

    def __init__(self, system: str | None = "shop", *, name: str = "watcher"):
        self.by, _ = User.objects.get_or_create(username="admin")
        self.system = intake.system_named(system) if system else None
        self.text, self.token = tokens.issue(name, self.system, self.by)
        self.client = Client(headers={"authorization": f"Bearer {self.text}"})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=headers)

    def post(self, path: str, body: Any) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/api/v1/{path}", raw, content_type="application/json")

    def session(self, **asked: Any) -> Any:
        return self.post("sessions", {"prompt": "Checkout is slow.", **asked}).json()


def case_of(system: System, path: str = "one") -> Case:
    """A case whose every answer field holds the canary."""
    answer = Answer(
        causes=(Cause(f"{CANARY}-component", f"{CANARY}-class"),),
        expected=(f"{CANARY} expected",),
        must_mention=(CANARY,),
        must_not_mention=(f"not {CANARY}",),
        aliases={f"{CANARY}-a": [f"{CANARY}-b"]},
        category=f"{CANARY}-category",
        title=f"{CANARY} title",
        notes=f"{CANARY} notes",
        frame={"scope": f"{CANARY} frame"},
    )
    task = Task("Checkout is slow.", {"alert": {"labels": {"app": "shop"}}}, (LOGS,), ("missing_index", "traffic"))
    opened = intake.open_case(
        system=system, name=f"{CANARY} name", task=task, answer=answer, origin="tests", origin_path=path
    )
    return opened.case


def error_of(response: Any) -> tuple[int, str, str]:
    """Status, code and field; the shape itself is checked on the way."""
    error = response.json()["error"]
    assert set(error) == {"code", "message", "field", "remedy"}
    assert error["message"] and error["remedy"]
    return response.status_code, error["code"], error["field"]
