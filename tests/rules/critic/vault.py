"""A failure that the offline critic cannot mend: the fault is at a callee that shows nothing itself."""

from cases.diagnosis import Answer, Cause, Conclusion, Diagnosis, RootCause
from cases.evaluation.registry import evaluate
from cases.transcript import Step, Task, ToolSchema, Transcript
from sandbox.agents.loop import run
from sandbox.agents.registry import agent_named
from sandbox.environment.base import Recording
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.rule import EMPTY

LOGS = ToolSchema(
    "get_logs",
    "The last log lines of a service.",
    {"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]},
)
TOPOLOGY = ToolSchema("get_topology", "Which service calls which.")
CLASSES = ("connection_pool_too_small", "stale_lease", "missing_index")
TASK = Task("Checkout is slow: latency of till is up.", tools=(LOGS, TOPOLOGY), fault_classes=CLASSES, system="market")
ANSWER = Answer(causes=(Cause("vault", "stale_lease"),), category="database", title="stale lease at vault")
EXHAUSTED = "2026-01-05T10:00:0{n}Z ERROR connection pool exhausted: 40 of 40 in use"
RECORDINGS = (
    Recording("get_topology", {}, "gate -> till\ntill -> ledger\nledger -> vault\n", order=0),
    Recording("get_logs", {"service": "till"}, "2026-01-05T10:00:01Z ERROR ledger timed out after 3000 ms\n", order=1),
    Recording("get_logs", {"service": "ledger"}, "\n".join(EXHAUSTED.format(n=n) for n in range(5)) + "\n", order=2),
    Recording("get_logs", {"service": "vault"}, "2026-01-05T10:00:00Z INFO all quiet\n", order=3),
    Recording("get_logs", {"service": "gate"}, "2026-01-05T10:00:00Z INFO all quiet\n", order=4),
)
GOOD = """RULE a-full-pool-hides-a-stale-lease
WHEN evidence(log, "pool exhausted")
THEN IMPLY stale_lease WEIGHT 9 AT callee AND SYMPTOM OF connection_pool_too_small WEIGHT 4
BECAUSE "connections wait for whoever holds the lease"
"""
SOURCE = ReplaySource(TASK.tools, RECORDINGS)


def replay(knowledge=EMPTY) -> Transcript:
    return run(agent_named("offline"), TASK, SOURCE.open(), knowledge=knowledge)


def passes(transcript: Transcript) -> bool:
    return evaluate(transcript, ANSWER).verdict == "success"


def better() -> Transcript:
    """An expert's session: every recording looked at, the right conclusion."""
    environment = SOURCE.open()
    steps = tuple(
        Step(index, taken.tool, taken.arguments, environment.call(taken.tool, taken.arguments))
        for index, taken in enumerate(RECORDINGS)
    )
    diagnosis = Diagnosis(Conclusion.ROOT_CAUSE, root_causes=(RootCause("vault", "stale_lease"),))
    return Transcript(TASK, steps, diagnosis, "concluded", "expert")
