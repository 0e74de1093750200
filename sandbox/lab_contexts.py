"""What the lab's pages show: the room of a live incident, its debrief, and who has worked on which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.access import EXPERT, LEAD, has_role
from cases.contexts.board import board_of
from cases.contexts.steps import shown_steps
from cases.models import Session
from sandbox import incidents
from sandbox.console import written
from sandbox.lab import case, debrief, live
from sandbox.lab.actions.registry import REMEDIES
from sandbox.lab.incident import Incident
from sandbox.lab.live import LONGEST
from sandbox.lab.views.firings import Firing, firings
from sandbox.lab.views.overview import alerts
from sandbox.models import LiveIncident

SEEN_EVERY = {1: 10, 5: 5, 20: 3}  # pace -> seconds between two looks at the alerts
HISTORY = 50
HIGH = 160  # px of the chart of what users felt


@dataclass(frozen=True)
class Tile:
    """A component as its alerts tell of it; nothing else is known of it here."""

    name: str
    role: str
    firing: tuple[Firing, ...]

    @property
    def state(self) -> str:
        severities = {each.alert.severity for each in self.firing}
        return "critical" if "critical" in severities else "warning" if severities else ""


@dataclass(frozen=True)
class Told:
    """A line of the history."""

    row: LiveIncident
    verdict: str
    minutes: int | None  # from the call to the conclusion
    took_actions: int


def lab(user, *, team: bool, form) -> dict[str, Any]:
    team = team and has_role(user, LEAD)
    rows = LiveIncident.objects.told() if team else LiveIncident.objects.told().of(user)
    rows = list(rows[:HISTORY])
    return {
        "form": form,
        "systems": [(name, _described(system)) for name, system in case.systems().items()],
        "history": [_told(row) for row in rows if row.session.state == Session.State.FINISHED],
        "open": [row for row in rows if row.session.state == Session.State.RECORDING],
        "team": team,
        "may_start": has_role(user, EXPERT, LEAD),
        "may_see_team": has_role(user, LEAD),
    }


def _described(system) -> str:
    stores = [system.database.name, system.cache.name, system.queue.name]
    return f"{len(system.services)} services, {len(stores)} stores, {len(system.nodes)} nodes"


def _told(row: LiveIncident) -> Told:
    evaluations = sorted(row.session.evaluations.all(), key=lambda each: each.pk)
    verdict = evaluations[-1].verdict if evaluations else ""
    return Told(row, verdict, _minutes_taken(row), len(row.actions.all()))


def _minutes_taken(row: LiveIncident) -> int | None:
    if row.session.diagnosis is None:
        return None
    return max(0, int(incidents.minutes_at(row, row.session.finished_at)) - row.began)


def room(row: LiveIncident, user, *, now: datetime) -> dict[str, Any]:
    """The live parts: clock, alerts, components, what was done."""
    minutes = incidents.minutes_at(row, now)
    happened = incidents.seen(row, now)
    fired = firings(happened)
    current = [each for each in fired if each.until is None]
    wrote = live.complaint(happened)
    return {
        "incident": row,
        "session": row.session,
        "case": row.session.case,
        "mine": row.session.by_id == user.pk,
        "minute": minutes,
        "now_at": happened.at(minutes),
        "began_at": happened.at(row.began),
        "elapsed": int(minutes) - row.began,
        "over": minutes >= LONGEST,
        "poll": SEEN_EVERY[row.pace] if row.since and minutes < LONGEST else 0,
        "paces": LiveIncident.Pace.choices,
        "alerts": [
            (each, happened.at(each.fired), each.until and happened.at(each.until))
            for each in sorted(fired[::-1], key=lambda one: one.until is not None)
        ],
        "calm_at": fired and not current and happened.at(max(each.until for each in fired)),
        "firing": len(current),
        "complaint": None if wrote is None else (happened.at(wrote), happened.at(happened.onset + 1)),
        "tiers": _tiers(happened, current),
        "actions": [
            (each, happened.at(each.minute), written(each.tool, each.arguments), each.step.raw.text)
            for each in row.actions.select_related("step__raw").order_by("-pk")
        ],
    }


def workspace(row: LiveIncident, user, *, now: datetime) -> dict[str, Any]:
    """The room with the timeline and the notes of its session."""
    steps = shown_steps(row.session, limit=1000)
    return room(row, user, now=now) | {
        "steps": steps,
        "board": board_of(row.session),
        "may_record": row.session.by_id == user.pk,
        "remedies": [(name, each.tool.description) for name, each in REMEDIES.items()],
    }


def _tiers(happened: Incident, current: list[Firing]) -> list[tuple[str, list[Tile]]]:
    """The components by where they stand, with what fires on each."""
    system = happened.system

    def tile(name: str, role: str) -> Tile:
        return Tile(name, role, tuple(each for each in current if each.alert.component == name))

    entries = {route.target for route in system.routes}
    inner = [one for one in system.services if one.name != system.edge]
    return [
        ("Edge", [tile(system.edge, system.service(system.edge).role)]),
        ("Entry services", [tile(one.name, one.role) for one in inner if one.name in entries]),
        ("Inner services", [tile(one.name, one.role) for one in inner if one.name not in entries]),
        (
            "Stores",
            [
                tile(system.database.name, "postgresql"),
                tile(system.cache.name, "redis"),
                tile(system.queue.name, "rabbitmq"),
            ],
        ),
        ("Outside", [tile(one.name, "provider") for one in system.externals]),
        ("Nodes", [tile(one.name, "node") for one in system.nodes]),
    ]


def debriefing(row: LiveIncident, user) -> dict[str, Any]:
    """What it was, what was done, and how an expert goes about it."""
    plot, actions = incidents.plot_of(row), incidents.actions_of(row)
    end = int(incidents.minutes_at(row, row.session.finished_at))
    happened = live.at(plot, end, actions)
    untouched = live.at(plot, end)
    steps = list(row.session.steps.order_by("index"))
    taken, extra = debrief.beside(plot, [(step.tool, step.arguments) for step in steps])
    version = row.session.case.current
    evaluation = row.session.evaluations.filter(version=version).prefetch_related("scores").order_by("-pk").first()
    calm = debrief.calm_since(happened, row.began)
    called = live.first_page(plot)
    return {
        "incident": row,
        "session": row.session,
        "case": row.session.case,
        "mine": row.session.by_id == user.pk,
        "evaluation": evaluation if version.answer else None,
        "effect": happened.effect,
        "fault": happened.fault,
        "said": [(cause.get("component", ""), cause.get("fault_class", "")) for cause in _root_causes(row)],
        "onset_at": happened.at(happened.onset),
        "called_at": happened.at(called),
        "began_at": happened.at(row.began),
        "ended_at": happened.at(end),
        "taken_minutes": _minutes_taken(row),
        "calm_at": None if calm is None else happened.at(calm),
        "calm_after": None if calm is None else calm - called,
        "still_firing": alerts(happened),
        "done": [
            (each, happened.at(each.action.minute), written(each.action.tool, dict(each.action.arguments)))
            for each in debrief.done(plot, actions)
        ],
        "taken": taken,
        "taken_count": sum(each.step is not None for each in taken),
        "extra": [(step.index, written(step.tool, step.arguments)) for step in steps if step.index in extra],
        "expert": debrief.expert_way(plot)[1],
        "chart": _chart(happened, untouched if actions else None, [each.minute for each in actions]),
        "may_propose": has_role(user, EXPERT, LEAD),
    }


def _root_causes(row: LiveIncident) -> list[dict[str, Any]]:
    return (row.session.diagnosis or {}).get("root_causes") or []


def _chart(happened: Incident, untouched: Incident | None, acted: list[int]) -> dict[str, Any]:
    """Requests that failed at the edge: as it went, and as it would have gone by itself."""
    here = debrief.felt(happened)
    there = debrief.felt(untouched) if untouched else ()
    top = max((each.failed for each in (*here, *there)), default=0.0)
    scale = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if top <= step), 1.0)

    def across(minute: float) -> str:
        """In percent of the chart's width, which is that of the page."""
        return f"{100 * minute / happened.count:.2f}"

    def steps(points) -> str:
        """Each value held for its minute: a slope would begin before what caused it."""
        heights = [(each.minute, round(HIGH * (1 - each.failed / scale), 1)) for each in points]
        return " ".join(f"{minute},{y} {minute + 1},{y}" for minute, y in heights)

    return {
        "high": HIGH,
        "middle": HIGH // 2,
        "scale": f"{scale:.0%}",
        "half": f"{scale / 2:.1%}".replace(".0%", "%"),
        "here": steps(here),
        "there": steps(there),
        "onset": across(happened.onset),
        "acted": [across(minute) for minute in acted if minute < happened.count],
        "first": happened.at(0),
        "last": happened.now,
        "end": happened.at(happened.count),
        "minutes": happened.count,
        "table": [
            (happened.at(one.minute), one.failed, one.p95_ms, there[one.minute].failed if there else None)
            for one in here
        ],
    }
