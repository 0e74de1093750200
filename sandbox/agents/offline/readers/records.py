"""JSON of any form: alerts, objects, events, log entries, metrics, walked to what stands out. No Django here."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from sandbox.agents.offline.names import component_of, template, words_of
from sandbox.agents.offline.readers import logs
from sandbox.agents.offline.readers.database import STATEMENT, read_statements
from sandbox.agents.offline.readers.events import Event, read_event
from sandbox.agents.offline.readers.phrases import aspect_of, change_in, value_of
from sandbox.agents.offline.readers.rows import number, read_rows, read_series
from sandbox.agents.offline.readers.tables import CONTROL
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

OWNER = (
    "service",
    "service_name",
    "component",
    "app",
    "pod",
    "pod_name",
    "workload",
    "workload_name",
    "deployment",
    "name",
    "node",
    "node_name",
    "instance",
    "host",
    "resource",
    "target",
)
STATE = re.compile(r"^(status|state|phase|health|overall_state|condition)$", re.I)
BAD_STATE = re.compile(
    r"fail|error|pending|crash|backoff|not ?ready|unhealthy|degraded|down|critical|outofsync|missing|unknown|terminat|evict|lost|alarm|firing|alert$|abnormal|inactive|dead", re.I
)  # fmt: skip
GOOD_STATE = re.compile(
    r"^(ok|active|running|ready|healthy|up|normal|success|succeeded|bound|resolved|info|true|available|enabled)$", re.I
)
PRESSURE = re.compile(r"pressure|unavailable|failure", re.I)
PHRASES = re.compile(
    r"^(evidence|description|summary|message|reason|details?|anomal(y|ies)|finding|symptoms?|annotations|title|cause)$",
    re.I,
)
DEEPEST = 12


def read(text: str, question: Question, reading: Reading) -> bool:
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return False
    try:
        data = json.loads(stripped)
    except (ValueError, RecursionError):
        return False
    before = len(reading.findings)
    Walk(text, reading).visit(data, question, "$", 0)
    if len(reading.findings) == before:
        quote = next((line.strip() for line in stripped.splitlines() if len(line.strip()) > 2), stripped[:80])
        reading.find(
            Aspect.NORMAL,
            question.about,
            "nothing stands out",
            quote[:200],
            kind="record",
            strength=0.3,
        )
    return True


class Walk:
    """One pass over one JSON text; quotes are the text's own lines."""

    def __init__(self, text: str, reading: Reading):
        self.text, self.reading = text, reading
        self.lines = text.splitlines()
        self.alert = ""  # the name of the alert whose words are read

    def quote(self, said: Any, key: str = "") -> str:
        """The text's own rendering of a value, so that a quote is verbatim."""
        coded = json.dumps(said, ensure_ascii=False)
        for form in (coded, json.dumps(said), str(said)):
            body = form.strip('"')
            if body and body in self.text:
                if len(body) < 12:
                    return next(
                        (line.strip() for line in self.lines if body in line and (not key or key in line)), body
                    )[:400]
                return body[:400]
        return self.lines[0].strip() if self.lines else ""

    def visit(self, data: Any, question: Question, where: str, depth: int) -> None:
        if depth > DEEPEST:
            return
        if isinstance(data, list):
            self.visit_list(data, question, where, depth)
        elif isinstance(data, dict):
            self.visit_object(data, question, where, depth)

    def visit_list(self, data: list[Any], question: Question, where: str, depth: int) -> None:
        texts = [one for one in data if isinstance(one, str)]
        if texts and len(texts) == len(data):
            if (
                any(aspect_of(one) for one in texts)
                and all(len(one) < 600 for one in texts)
                and "log" not in where.lower()
                and where != "$"
            ):
                for number_, one in enumerate(texts):
                    self.phrase(one, question, f"{where}[{number_}]")
            elif sum(" " in one for one in texts) > len(texts) / 2:
                logs.read_lines([(one, 1) for one in texts], question, self.reading)
            return
        if pairs := _series(data):
            name = where.rsplit(".", 1)[-1]
            read_series(name, pairs, self.quote(data[-1]), question.about, self.reading)
            return
        entries = [_log_entry(one) for one in data if isinstance(one, dict)]
        if entries and len(entries) == len(data) and all(entry is not None for entry in entries) and len(entries) > 0:
            self.log_entries(data, entries, question)
            return
        statements = [
            (
                one,
                self.quote(next(value for value in one.values() if isinstance(value, str) and STATEMENT.search(value))),
            )
            for one in data
            if isinstance(one, dict)
            and any(isinstance(value, str) and STATEMENT.search(value) for value in one.values())
        ]
        if statements:
            read_statements(statements, question, self.reading)
        for number_, one in enumerate(data):
            self.visit(one, question, f"{where}[{number_}]", depth + 1)

    def log_entries(self, data: list[dict[str, Any]], entries: list[Any], question: Question) -> None:
        by_owner: dict[str, list[tuple[str, int]]] = {}
        for one, (message, count) in zip(data, entries, strict=True):
            by_owner.setdefault(_owner(one) or question.component, []).append((message, count))
        for owner, lines in by_owner.items():
            before = len(self.reading.findings)
            logs.read_lines(
                lines, Question(question.tool, owner, question.kind, question.namespace, question.node), self.reading
            )
            self._requote(before)

    def _requote(self, before: int) -> None:
        """Log lines out of JSON stand there escaped: quote them as they stand."""
        for at in range(before, len(self.reading.findings)):
            finding = self.reading.findings[at]
            if finding.quote not in self.text:
                self.reading.findings[at] = replace(finding, quote=_escaped(finding.quote, self.text))

    def visit_object(self, data: dict[str, Any], question: Question, where: str, depth: int) -> None:
        owner = _owner(data)
        here = Question(
            question.tool,
            owner or question.component,
            str(data.get("kind") or data.get("type") or question.kind),
            str(data.get("namespace") or question.namespace),
            question.node,
        )
        if "allocatable_resources" in data or "taints" in data or "capacity" in data:
            here = replace(here, kind="node")
            if CONTROL.search(f"{data.get('labels')} {data.get('roles')}"):
                self.reading.control.append(owner)
        if owner:
            self.reading.name({"node": "nodes", "pod": "pods"}.get(here.kind.lower(), "components"), owner)
        if isinstance(labels := data.get("labels"), dict):
            self.alert = " ".join(words_of(str(labels.get("alertname") or "")))
        if data.get("reason") and data.get("message") and isinstance(data["message"], str):
            self.event(data, here)
            return
        figures = {key: value for key, value in data.items() if number(value) is not None}
        if len(figures) >= 2:
            read_rows(
                [({**({"component": owner} if owner else {}), **figures}, self._row_quote(figures))], here, self.reading
            )
        for key, value in data.items():
            if isinstance(value, str):
                self.text_value(key, value, here, f"{where}.{key}")
            elif (
                isinstance(value, dict)
                and key.lower().endswith("conditions")
                and all(isinstance(one, str) for one in value.values())
            ):
                self.conditions(value, here)
            elif isinstance(value, dict | list):
                self.visit(
                    value, here if key not in ("labels", "commonLabels") else question, f"{where}.{key}", depth + 1
                )

    def _row_quote(self, figures: dict[str, Any]) -> str:
        key = next(iter(figures))
        return next((line.strip() for line in self.lines if f'"{key}"' in line), self.lines[0].strip())[:400]

    def text_value(self, key: str, value: str, here: Question, where: str) -> None:
        if STATE.match(key) and BAD_STATE.search(value) and not GOOD_STATE.match(value) and len(value) < 60:
            self.reading.find(
                Aspect.STATE, component_of(here.component, here.kind), f"{here.kind or 'object'} {key} {template(value)}", self.quote(value, key),
                kind=here.kind, strength=1.0, locator=f"json:{where}", object=here.component, namespace=here.namespace,
            )  # fmt: skip
        elif PHRASES.match(key) and len(value) < 2000 and (aspect_of(value) or aspect_of(self.alert)):
            self.phrase(value, here, where)
        elif re.search(r"log|output|stderr|sample", key) and len(value) > 40:
            before = len(self.reading.findings)
            logs.read_lines([(line, 1) for line in value.splitlines()], here, self.reading)
            self._requote(before)

    def conditions(self, conditions: dict[str, str], here: Question) -> None:
        more = {"kind": here.kind, "strength": 2.5, "object": here.component}
        owner = component_of(here.component, here.kind)
        if conditions and set(conditions.values()) == {"Unknown"}:
            value = "every condition is Unknown: the node posts no status"
            self.reading.find(Aspect.STATE, owner, value, self.quote(next(iter(conditions))), **more)
            return
        for name, status in conditions.items():
            if status in ("True", "False", "Unknown") and status != ("False" if PRESSURE.search(name) else "True"):
                value = f"{here.kind or 'object'} condition {name} is {status}"
                self.reading.find(Aspect.STATE, owner, value, self.quote(name), **more)

    def phrase(self, said: str, here: Question, where: str) -> None:
        aspect = aspect_of(said) or aspect_of(self.alert)
        if aspect is None:
            return
        strength, direction = change_in(said)
        self.reading.find(
            aspect, component_of(here.component, here.kind), value_of(said), self.quote(said), kind=here.kind.lower(),
            strength=strength, direction=direction, locator=f"json:{where}", object=here.component, namespace=here.namespace,
        )  # fmt: skip

    def event(self, data: dict[str, Any], here: Question) -> None:
        target = data.get("involved_object") or data.get("involvedObject") or data.get("object") or ""
        if isinstance(target, dict):
            target = f"{str(target.get('kind', '')).lower()}/{target.get('name', '')}"
        event = Event(
            warning=str(data.get("type", "Warning")).lower() != "normal",
            reason=str(data["reason"]),
            object=str(target).lower() if target else here.component,
            message=str(data["message"]),
            quote=self.quote(data["message"]),
            locator="",
        )
        read_event(event, here, self.reading)


def _owner(data: dict[str, Any]) -> str:
    for key in OWNER:
        value = data.get(key)
        if isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9][\w./-]{0,100}", value):
            return value
    for key in ("metric", "labels", "metadata", "subject"):
        if isinstance(data.get(key), dict):
            return _owner(data[key])
    return ""


def _log_entry(data: dict[str, Any]) -> tuple[str, int] | None:
    for key in ("sample", "pattern", "message", "msg", "line", "log"):
        if isinstance(data.get(key), str) and "reason" not in data:
            level = str(data.get("level") or data.get("severity") or data.get("status") or "")
            count = data.get("count")
            return f"{level} {data[key]}".strip() if level else data[key], count if isinstance(
                count, int
            ) and count > 0 else 1
    return None


def _series(data: list[Any]) -> list[float]:
    if len(data) < 6:
        return []
    if all(isinstance(one, list) and len(one) == 2 for one in data):
        values = [number(one[1]) for one in data]
        return [value for value in values if value is not None] if all(value is not None for value in values) else []
    return []


def _escaped(said: str, text: str) -> str:
    """The form in which a string of a JSON text stands there, cut to what is found verbatim."""
    for form in (json.dumps(said, ensure_ascii=False)[1:-1], json.dumps(said)[1:-1]):
        if form in text:
            return form
        if form[:60] in text:
            start = text.index(form[:60])
            return text[start : start + len(form)].split("\n")[0]
    words = re.sub(r"^\w+ ", "", said)
    form = json.dumps(words, ensure_ascii=False)[1:-1]
    return form if form in text else form[:40] if form[:40] in text else text.strip().splitlines()[0].strip()
