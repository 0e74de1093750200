"""What tests read out of a case: a tool's answer, a series, a replayed session."""

from cases.transcript import Step, Transcript
from sandbox.bundle import CaseBundle
from sandbox.environment.replay import ReplaySource


def answer(bundle: CaseBundle, tool: str, **arguments) -> str:
    """What the case's recordings answer; a miss fails the test."""
    observation = ReplaySource(bundle.task.tools, bundle.recordings).open().call(tool, arguments)
    assert observation.level in ("r0", "r1"), f"{tool} {arguments}: {observation.output}"
    return observation.output


def series(bundle: CaseBundle, service: str, metric: str) -> list[float]:
    rows = answer(bundle, "get_metrics", service=service, metric=metric).splitlines()[2:]
    return [float(row.split(",")[1]) for row in rows]


def expert_transcript(bundle: CaseBundle) -> Transcript:
    """The expert's session replayed from the recordings."""
    session, environment = bundle.sessions[0], ReplaySource(bundle.task.tools, bundle.recordings).open()
    steps = tuple(
        Step(index, call.tool, call.arguments, environment.call(call.tool, call.arguments), call.why)
        for index, call in enumerate(session.calls)
    )
    return Transcript(bundle.task, steps, session.diagnosis, "concluded", "expert")
