from cases.transcript import Observation, Step, Transcript
from sandbox.following import following
from tests.factories import TASK


def transcript(*calls):
    steps = tuple(Step(at, tool, arguments, Observation("")) for at, (tool, arguments) in enumerate(calls))
    return Transcript(task=TASK, steps=steps)


def test_calls_are_matched_whatever_their_order_and_a_call_made_twice_counts_twice():
    logs, pods = ("get_logs", {"service": "till"}), ("list_resources", {"kind": "pod"})
    expert = transcript(logs, pods, logs, ("get_logs", {"service": "ledger"}))
    agent = transcript(("list_resources", {"kind": "pods"}), ("get_logs", {"service": "mill"}), logs)
    found = following(expert, agent)
    assert [[step.index for step in steps] for steps in (found.matched, found.skipped, found.extra)] == [
        [0, 1],
        [2, 3],
        [1],
    ]
