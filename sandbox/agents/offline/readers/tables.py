"""Columns as kubectl prints them: state words, ready counts, restarts, capacities. No Django here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from cases.calls import kind_of
from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.readers.events import event_of, read_events
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

HEADER = re.compile(
    r"^[A-Z%][A-Z()/%-]*(\((cores|bytes)\))?( [A-Z][A-Z()-]*)*(\s{2,}[A-Z%][A-Z()/ %-]*(\((cores|bytes)\)|on)?[A-Za-z ]*?)+\s*$|^NAME\s*$"
)
COLUMN = re.compile(r"[A-Z%][A-Z/%-]*(\((cores|bytes|[A-Z]+)\))?( [A-Z][A-Z()-]*)*")
FINE = re.compile(
    r"^(Running|Completed|Succeeded|Active|Bound|Available|Ready|Healthy|True|Complete|Deployed|deployed|<none>|)$"
)
STEM = re.compile(r"-?(pvc?|claim|volume|data|storage|disk)$")
CONTROL = re.compile(r"master|control-plane|infra")
PAIR = re.compile(r"^(\d+)/(\d+)$")
ADDRESS = re.compile(r"^\d{1,3}(\.\d{1,3}){3}$")
ABSENT = re.compile(
    r"^No resources found|^Error from server \(NotFound\): (?P<kind>[\w.]+) \"(?P<name>[^\"]+)\" not found", re.M
)
USAGE = re.compile(r"CPU\(cores\)")  # memory differs by nature: a store holds more than what asks it
FULL = 90.0  # percent in use from which a row is near its limit
HOG = "is many times that of all others"
MANIFOLD = 4.0  # times the next row's use
NEEDED = {"pods", "endpoints", "services", "deployments"}
USED = re.compile(r"([\w./-]+):\s*([\d.]+[a-zA-Z]*)/([\d.]+[a-zA-Z]*)")
UNITS = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 1e3, "M": 1e6, "G": 1e9}


def amount(text: str) -> float | None:
    """A Kubernetes quantity as a number; None where it is none."""
    match = re.match(r"^(-?[\d.]+)([a-zA-Z]*)$", text.strip())
    if not match or (match[2] and match[2] not in UNITS):
        return None
    try:
        return float(match[1]) * UNITS.get(match[2], 1.0)
    except ValueError:
        return None


def rows_of(lines: list[str]) -> list[tuple[dict[str, str], str, int]]:
    """Each row as (column -> cell, the line, its number), cut at the columns of the header above it."""
    found: list[tuple[dict[str, str], str, int]] = []
    columns: list[tuple[str, int, int]] = []
    for number, line in enumerate(lines):
        if HEADER.match(line):
            heads = [(match[0], match.start()) for match in COLUMN.finditer(line)]
            ends = [start for _, start in heads[1:]] + [100_000]
            columns = [(name, start, end) for (name, start), end in zip(heads, ends, strict=True)]
        elif columns and line.strip():
            cells = re.split(r"\s{2,}", line.strip())
            if len(cells) != len(columns):  # an empty cell: only the place under the header tells which
                cells = [line[start:end].strip() for _, start, end in columns]
            found.append((dict(zip((name for name, _, _ in columns), cells, strict=True)), line, number))
    return found


def read(text: str, question: Question, reading: Reading) -> bool:
    if absent := ABSENT.search(text):
        _read_absence(absent, text, question, reading)
        return True
    lines = text.splitlines()
    rows = rows_of(lines)
    events = [found for number, line in enumerate(lines) if (found := event_of(line, number))]
    if len(events) >= max(1, len([line for line in lines if line.strip()]) // 2):
        read_events(events, question, reading)
        return True
    if not rows:
        return False
    kind = kind_of(question.kind) or question.kind or _kind_of_columns(rows[0][0])
    before = len(reading.findings)
    for row, line, number in rows:
        _read_row(kind, row, line.strip(), f"line:{number + 1}", question, reading)
    _read_shared(kind, rows, reading)
    if len(reading.findings) == before:
        many = f"all {kind or 'rows'} in order" if len(rows) > 1 else f"{kind or 'row'} in order"
        name = component_of(rows[0][0].get("NAME", "")) if len(rows) == 1 else ""
        reading.find(Aspect.NORMAL, name, many, rows[0][1].strip(), kind=kind, strength=0.5)
    return True


def _read_absence(absent: re.Match[str], text: str, question: Question, reading: Reading) -> None:
    kind = kind_of(absent["kind"] or question.kind) or question.kind
    name = absent["name"] or question.component
    quote = absent[0].strip() if absent["name"] else text.strip().splitlines()[0]
    if absent["name"]:
        reading.find(Aspect.ABSENCE, component_of(name), f"{kind} <name> not found", quote, kind=kind, strength=2.0)
    elif kind in NEEDED:
        reading.find(Aspect.ABSENCE, component_of(name), f"no {kind} found", quote, kind=kind, strength=1.0)
    else:
        reading.find(Aspect.NORMAL, component_of(name), f"no {kind}", quote, kind=kind, strength=0.3)


def _kind_of_columns(row: dict[str, str]) -> str:
    columns = set(row)
    for kind, telling in (
        ("pods", {"RESTARTS"}),
        ("deployments", {"UP-TO-DATE"}),
        ("replicasets", {"DESIRED"}),
        ("services", {"CLUSTER-IP"}),
        ("endpoints", {"ENDPOINTS"}),
        ("nodes", {"ROLES", "VERSION"}),
        ("persistentvolumes", {"RECLAIM POLICY"}),
        ("persistentvolumeclaims", {"VOLUME"}),
    ):
        if telling <= columns:
            return kind
    return ""


def _read_row(kind: str, row: dict[str, str], line: str, where: str, question: Question, reading: Reading) -> None:
    name = row.get("NAME", "")
    if not name:
        return
    component = component_of(name, kind)
    namespace = row.get("NAMESPACE", "") or question.namespace
    node = row.get("NODE", "").replace("<none>", "")
    more = {"kind": kind, "quote": line, "locator": where, "object": name, "namespace": namespace, "node": node}
    reading.name(kind, name)
    if namespace and kind not in ("nodes", "namespaces", "persistentvolumes"):
        reading.homes[component] = namespace
    if node:
        reading.nodes[name] = reading.nodes[component] = node
    found = list(_complaints(kind, row))
    for aspect, value, strength in found:
        owner = namespace if aspect is Aspect.QUOTA else component
        reading.find(aspect, owner, f"{kind} {value}", **{**more, "strength": strength})
    if kind in ("pods", "deployments", "nodes"):
        (reading.ailing if found else reading.healthy).append(name if kind == "pods" else component)
    _read_facts(kind, row, component, reading)


def _complaints(kind: str, row: dict[str, str]) -> Iterator[tuple[Aspect, str, float]]:
    if pair := PAIR.match(row.get("READY", "")):
        ready, wanted = int(pair[1]), int(pair[2])
        if ready < wanted:
            created = row.get("UP-TO-DATE")
            more = ", none created" if created == "0" else ""
            yield Aspect.READINESS, f"ready {'none' if ready == 0 else 'some'} of wanted{more}", 1.5
        elif kind == "deployments" and wanted == 0:
            yield Aspect.READINESS, "scaled to zero replicas", 2.5
    if row.get("DESIRED", "").isdigit():
        desired, current, ready = (int(row.get(name, "0") or 0) for name in ("DESIRED", "CURRENT", "READY"))
        if current < desired:
            yield Aspect.READINESS, "current fewer than desired, pods are not created", 1.5
        elif ready < desired:
            yield Aspect.READINESS, "ready fewer than desired", 1.0
    for word in row.get("STATUS", "").split(","):
        if not FINE.match(word.strip()):
            usual = word.strip() == "SchedulingDisabled" and CONTROL.search(row.get("ROLES", ""))
            yield Aspect.STATE, f"status {word.strip()}", 0.3 if usual else 2.0
    restarts = re.match(r"\d+", row.get("RESTARTS", ""))
    if restarts and int(restarts[0]):
        again = "restarted" if int(restarts[0]) < 3 else "restarted again and again"
        yield Aspect.RESTART, again, 1 + math.log(int(restarts[0]))
    for column, value in row.items():
        if column.endswith("%") and (share := re.fullmatch(r"(\d+(?:\.\d+)?)%", value)) and float(share[1]) >= FULL:
            yield Aspect.SATURATION, f"{column.rstrip('%').lower()} near its limit", 2.5
    if row.get("ENDPOINTS") == "<none>":
        yield Aspect.READINESS, "no endpoints behind the service", 2.0
    for column in ("REQUEST", "LIMIT"):
        for what, used, hard in USED.findall(row.get(column, "")):
            full, limit = amount(used), amount(hard)
            if full is None or limit is None:
                continue
            share = full / limit if limit else 9.0
            level = "over" if share > 1 else "at" if share == 1 else "near" if share >= 0.9 else "below"
            yield Aspect.QUOTA, f"{what} {level} quota", {"over": 3.0, "at": 3.0, "near": 2.5, "below": 1.0}[level]


def _read_shared(kind: str, rows: list[tuple[dict[str, str], str, int]], reading: Reading) -> None:
    """What only the whole table says: one row that uses far more than the others, a state that all share, volumes that claims compete for."""
    for column in rows[0][0]:
        if USAGE.match(column):
            _read_hog(kind, column, rows, reading)
    if kind == "nodes" and len(rows) > 1 and all("SchedulingDisabled" in row.get("STATUS", "") for row, _, _ in rows):
        reading.find(
            Aspect.STATE, "", "every node is cordoned: SchedulingDisabled", rows[0][1].strip(), kind=kind, strength=2.0
        )
    if kind == "persistentvolumes":
        for row, line, number in rows:
            claim = row.get("CLAIM", "").rsplit("/", 1)[-1]
            stem = stem_of(row.get("NAME", ""))
            if row.get("STATUS") == "Bound" and claim and stem_of(claim) != stem:
                reading.find(
                    Aspect.CONFIG, stem, "volume is bound to the claim of another", line.strip(),
                    kind=kind, strength=2.5, locator=f"line:{number + 1}", object=row["NAME"],
                )  # fmt: skip


def _read_hog(kind: str, column: str, rows: list[tuple[dict[str, str], str, int]], reading: Reading) -> None:
    """One row that uses many times what any other does of the same column."""
    used = sorted(
        (
            (figure, number)
            for number, (row, _, _) in enumerate(rows)
            if (figure := amount(row.get(column, ""))) is not None
        ),
        reverse=True,
    )
    if len(used) < 4 or used[0][0] < MANIFOLD * used[1][0]:
        return
    row, line, number = rows[used[0][1]]
    name = row.get("NAME", "")
    noun = column.partition("(")[0].lower()
    reading.find(
        Aspect.SATURATION, component_of(name, kind), f"{kind} {noun} {HOG}", line.strip(),
        kind=kind, strength=2.5, locator=f"line:{number + 1}", object=name, node=row.get("NODE", ""),
    )  # fmt: skip


def stem_of(name: str) -> str:
    """A volume's or claim's name without the word that says what it is."""
    return STEM.sub("", component_of(name))


def _read_facts(kind: str, row: dict[str, str], component: str, reading: Reading) -> None:
    if kind == "services":
        reading.ports[component] = re.findall(r"(\d+)(?::\d+)?/", row.get("PORT(S)", ""))
        if ADDRESS.match(row.get("CLUSTER-IP", "")):
            reading.addresses[row["CLUSTER-IP"]] = component
    if kind == "pods" and ADDRESS.match(row.get("IP", "")):
        reading.addresses[row["IP"]] = component
    if kind == "endpoints":
        for address in re.findall(r"(\d{1,3}(?:\.\d{1,3}){3}):\d+", row.get("ENDPOINTS", "")):
            reading.addresses.setdefault(address, component)
    if kind == "services" and re.search(r"NodePort|LoadBalancer", row.get("TYPE", "")):
        reading.entries.append(re.sub(r"-(external|lb|public)$", "", component))
    if kind == "nodes" and CONTROL.search(row.get("ROLES", "")):
        reading.control.append(row["NAME"])
    if kind == "namespaces":
        reading.namespaces.append(row["NAME"])
