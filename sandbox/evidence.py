"""What is known of a session's case beside the session: the topology recorded with its snapshot."""

from __future__ import annotations

from functools import lru_cache, partial

from cases.models import Session
from cases.recording import task_of
from cases.transcript import Observation, Step, Transcript
from sandbox import capture
from sandbox.environment.world.base import WorldError
from sandbox.models import Snapshot
from sandbox.topology import Edge, Topology, edges_of, seen_in, tells

MOST = 400  # recordings read for one snapshot's edges


def evidence_for(session: Session, transcript: Transcript) -> Topology:
    """The evaluation's evidence source for a session: what it saw, and what its snapshot holds."""
    if not session.snapshot_digest:
        return seen_in(transcript)
    snapshot = Snapshot.objects.filter(case=session.case_id, digest=session.snapshot_digest).first()
    return of_snapshot(snapshot, transcript) if snapshot else seen_in(transcript)


def of_snapshot(snapshot: Snapshot, transcript: Transcript) -> Topology:
    """A transcript's evidence source where its snapshot is at hand; a world's topology is taken to be whole."""
    edges = world_edges(snapshot.digest)
    return seen_in(
        transcript,
        beside=edges or recorded_edges(snapshot.digest),
        whole=bool(edges),
        source=partial(capture.source_of, snapshot),
    )


@lru_cache(maxsize=256)
def world_edges(digest: str) -> frozenset[Edge]:
    """The topology table of a snapshot's world, of all its time; empty where there is none."""
    row = Snapshot.objects.filter(digest=digest).select_related("case__current").order_by("pk")[0]
    if not any(table["name"] == "topology" for table in (row.world or {}).get("tables", ())):
        return frozenset()
    world = capture.source_of(row).world
    try:
        found = world.store.rows(
            "SELECT DISTINCT source, target FROM topology", now=world.spec.end or world.spec.starts
        )
    except WorldError:
        return frozenset()  # a table that cannot be read tells nothing
    return frozenset((source, target) for source, target in found.rows)


@lru_cache(maxsize=256)
def recorded_edges(digest: str) -> frozenset[Edge]:
    """What a snapshot's recordings show, of the tools that speak of who calls whom."""
    row = Snapshot.objects.filter(digest=digest).select_related("case__current").order_by("pk")[0]
    task = task_of(row.case.current)
    recordings = row.recordings.filter(tool__in=[tool.name for tool in task.tools if tells(tool)])
    taken = recordings.select_related("raw").order_by("order")[:MOST]
    return edges_of(
        task,
        (
            Step(index, found.tool, found.arguments, Observation(found.raw.text, found.is_error))
            for index, found in enumerate(taken)
        ),
    )
