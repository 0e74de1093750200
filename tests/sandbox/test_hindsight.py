import pytest

from cases.diagnosis import Conclusion, Diagnosis, RootCause
from cases.transcript import Observation, Step, Task, Transcript
from sandbox.hindsight import Foreseen, hindsight

TRANSCRIPT = Transcript(
    task=Task(prompt="Checkout of shop-1 is slow."),
    steps=(
        Step(0, "get_logs", {"service": "till"}, Observation("till-0 WARN took 4012 ms\n")),
        Step(1, "get_logs", {"service": "ledger"}, Observation("Seq Scan on entries_2026, ledger\n")),
        Step(2, "get_slow_queries", {}, Observation("till-0 4012 ms query q-77\n")),
    ),
    diagnosis=Diagnosis(Conclusion.ROOT_CAUSE, root_causes=(RootCause("ledger", "missing_index"),)),
)


@pytest.mark.parametrize(
    ("text", "index", "found"),
    [
        ("till-0 took 4012 ms, who is slow?", 1, ()),
        ("shop-1 is slow: what does it log?", 0, ()),
        ("entries_2026 is scanned", 1, (Foreseen("entries_2026", 1),)),
        ("is it q-77 of entries_2026?", 1, (Foreseen("q-77", 2), Foreseen("entries_2026", 1))),
        ("the ledger must be it", 0, (Foreseen("ledger", 1),)),
        ("the ledger is what till waits for", 1, ()),
        ("a pool of 500 is my rule of thumb", 1, ()),
        ("it took 4012 ms", 0, (Foreseen("4012", 0),)),
    ],
)
def test_what_was_first_seen_later_is_hindsight(text, index, found):
    assert hindsight(text, TRANSCRIPT, index) == found
