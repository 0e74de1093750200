"""Which snapshots are good enough to gate: each is measured once, when it comes, and says what it cannot answer."""

import logging

from django.db.models import QuerySet

from cases import recording
from cases.models import Case, Session, Step
from sandbox import capture, worlds
from sandbox.agents.registry import agent_named
from sandbox.explorers import held_back, survey
from sandbox.models import Snapshot

log = logging.getLogger(__name__)
ENGINE = "offline"  # who explores: it costs no model and gives the same figures again


def gating() -> QuerySet[Case]:
    """Confirmed cases whose newest snapshot may gate. One that nobody measured yet gates until it is."""
    return Case.objects.confirmed().exclude(pk__in=Snapshot.objects.held_back().values("case"))


def not_gating() -> QuerySet[Snapshot]:
    """The newest snapshots of confirmed cases that do not gate, by case; ``held_back`` says why."""
    held = Snapshot.objects.held_back().filter(case__in=Case.objects.confirmed())
    return held.select_related("case").only("held_back", "case__name").order_by("case__name")


def due() -> QuerySet[Snapshot]:
    """Newest snapshots that nobody measured yet."""
    return Snapshot.objects.unmeasured().filter(case__current__isnull=False)


def admit(limit: int = 2) -> int:
    """Measure up to ``limit`` snapshots that are due; return how many. About a second each."""
    return len([measure(snapshot) for snapshot in due().select_related("case__current").order_by("pk")[:limit]])


def measure(snapshot: Snapshot) -> Snapshot:
    """Store what 32 explorers and the experts' paths found of a snapshot, its world's fidelity, and whether it may gate.

    The same snapshot gives the same figures, so two workers at once do no harm. One that cannot be measured is
    held back, with the reason.
    """
    try:
        task = recording.task_of(snapshot.case.current)
        found = survey(capture.source_of(snapshot), task, agent_named(ENGINE), paths=_reference_paths(snapshot))
        faithful = worlds.fidelity_of(snapshot, capture.recordings_of(snapshot), task.tools)
        snapshot.admission = found.as_dict() | {"fidelity": faithful.as_dict() if faithful else None}
        snapshot.held_back = held_back(found, world=bool(snapshot.world))
    except Exception as problem:  # whatever a recording makes an explorer do, the library goes on without it
        log.exception("snapshot %s could not be measured", snapshot.pk)
        snapshot.admission = {"error": type(problem).__name__}
        snapshot.held_back = f"its coverage could not be measured: {type(problem).__name__}"
    snapshot.save(update_fields=["admission", "held_back"])
    capture.tell(snapshot)
    return snapshot


def _reference_paths(snapshot: Snapshot) -> list[list[tuple[str, dict]]]:
    """What experts asked on the way to the answer, session by session."""
    sessions = snapshot.case.sessions.finished().filter(actor=Session.Actor.EXPERT, origin=Session.Origin.RECORDED)
    paths: dict[int, list[tuple[str, dict]]] = {}
    steps = Step.objects.filter(session__in=sessions).order_by("session", "index")
    for session, tool, arguments in steps.values_list("session", "tool", "arguments"):
        paths.setdefault(session, []).append((tool, arguments))
    return list(paths.values())
