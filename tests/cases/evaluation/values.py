"""One small incident as values: a shop whose cart service runs out of memory."""

from cases.diagnosis import (
    Answer,
    Cause,
    Claim,
    ClaimKind,
    Conclusion,
    Diagnosis,
    Link,
    Mitigation,
    Predicate,
    Ref,
    Rejected,
    RootCause,
)
from cases.transcript import Level, Observation, Step, Task, ToolSchema, Transcript

PODS = """NAME                     READY   STATUS             RESTARTS   AGE
basket-6f966d9cc9-scwgm  0/1     CrashLoopBackOff   15         42m
web-579b9bff58-t2dbm     1/1     Running            0          3d
"""
LAST_STATE = "State: Waiting\nLast State: Terminated\n  Reason: OOMKilled\n  Exit Code: 137\nLimits:\n  memory: 64Mi\n"
LOGS = "10:02:11 ERROR web: call to basket failed: connection refused, latency 1503.7 ms\n"
TOOLS = (
    ToolSchema(
        "Resources",
        "Lists resources",
        {
            "type": "object",
            "properties": {
                "kind": {"type": "string"},
                "name": {"type": "string"},
                "namespace": {"type": "string"},
                "limit": {"type": "integer"},
            },
            "required": ["kind"],
        },
    ),
    ToolSchema("Logs", "Reads logs", {"type": "object", "properties": {"service": {"type": "string"}}}),
)
TASK = Task("The shop is unreachable for many users. Namespace: shop.", tools=TOOLS, system="shop")
ANSWER = Answer(causes=(Cause("app/basket", "oom_killed"),), category="runtime")


def step(tool="Resources", arguments=None, output=PODS, *, index=0, level=Level.R0, **observed) -> Step:
    return Step(index, tool, arguments or {}, Observation(output, level=level, **observed))


def steps(*made: Step) -> tuple[Step, ...]:
    return tuple(Step(at, one.tool, one.arguments, one.observation, one.thought, one.at) for at, one in enumerate(made))


STEPS = steps(
    step(arguments={"kind": "pods", "namespace": "shop"}),
    step(arguments={"kind": "pod", "name": "basket-6f966d9cc9-scwgm", "namespace": "shop"}, output=LAST_STATE),
    step("Logs", {"service": "web"}, LOGS),
)

ROOT = Claim(
    "c1",
    ClaimKind.INFERENCE,
    "basket is killed for want of memory",
    (Ref(1, "Reason: OOMKilled"),),
    Predicate("contains", {"pattern": "OOMKilled"}),
    made_at_step=3,
)
CRASH = Claim("c2", ClaimKind.OBSERVATION, "basket crashed 15 times", (Ref(0, "CrashLoopBackOff   15"),))
SYMPTOM = Claim("c3", ClaimKind.OBSERVATION, "web cannot reach basket: unreachable", (Ref(2, "connection refused"),))


def diagnosis(**changes) -> Diagnosis:
    said = {
        "conclusion": Conclusion.ROOT_CAUSE,
        "root_causes": (RootCause("basket", "OOMKilled", claim="c1", confidence=0.9),),
        "chain": (Link("c1", "c2"), Link("c2", "c3")),
        "claims": (ROOT, CRASH, SYMPTOM),
        "rejected": (Rejected("a node is down", (Ref(0, "web-579b9bff58-t2dbm     1/1     Running"),)),),
        "mitigations": (Mitigation("raise the memory limit", "c1"),),
    }
    return Diagnosis(**said | changes)


def transcript(concluded: Diagnosis | None = diagnosis(), *, made=STEPS, **changes) -> Transcript:
    said = {"task": TASK, "steps": made, "diagnosis": concluded, "stop_reason": "concluded", "engine": "offline"}
    return Transcript(**said | changes)
