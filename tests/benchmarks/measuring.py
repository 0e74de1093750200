"""What the learning benchmarks measure of one case under one knowledge, and how they compare old with new."""

import statistics
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

FIRST = 3  # the expert's next call counts among so many of the agent's


@dataclass(frozen=True)
class Measured:
    """One case under one knowledge. ``exact`` None: there is nothing to measure against."""

    exact: bool | None
    same_class: bool | None
    calls: int
    conclusion: str
    rules: tuple[str, ...]  # learned rules that changed a call or the conclusion
    inconclusive: bool = False
    ms: float = 0.0  # of the run itself, where all of it was made
    known: object = None  # the run, for those under other rules


def run(case, source, task, knowledge, known=None) -> Measured:
    """One run of the offline agent on a stored case, given what is ``known`` of it under other knowledge."""
    from cases.evaluation.components import same_class
    from cases.evaluation.registry import evaluate
    from sandbox import runs

    start = time.perf_counter()
    transcript = runs.replay(source, task, knowledge=knowledge, known=known)
    took = (time.perf_counter() - start) * 1000
    answer = case.current.parsed_answer()
    result = evaluate(transcript, answer)
    causes = transcript.diagnosis.root_causes if transcript.diagnosis else ()
    leading = causes[0] if causes else None
    wanted = answer.causes[0].fault_class if answer and answer.causes else ""
    uses = [use for step in transcript.steps for use in step.rules] + list(transcript.concluding_rules)
    conclusion = str(transcript.diagnosis.conclusion) if transcript.diagnosis else "none"
    return Measured(
        exact=result.correct,
        same_class=(same_class(leading.fault_class, wanted) if leading else False) if wanted else None,
        calls=len(transcript.steps),
        conclusion=f"{leading.fault_class} at {leading.component}" if leading else conclusion,
        rules=tuple(dict.fromkeys(use.rule for use in uses if use.how == "fired")),
        inconclusive=conclusion == "inconclusive",
        ms=took,
        known=runs.Known(transcript, knowledge),
    )


def measured(cases: dict, *knowledge, before: dict[str, Measured] | None = None) -> list[dict[str, Measured]]:
    """The cases under each knowledge, each case opened once; runs go on from those of ``before``."""
    from cases import recording
    from sandbox import capture, runs

    found: list[dict[str, Measured]] = [{} for _ in knowledge]
    for name, case in cases.items():
        source = capture.source_of(runs.snapshot_of(case.current))
        task = recording.task_of(case.current)
        for results, value in zip(found, knowledge, strict=True):
            results[name] = run(case, source, task, value, before[name].known if before else None)
    return found


def compared(names, before, after) -> dict:
    """Old beside new, each share with its n; of the changed conclusions, how many for the worse."""
    changed = [name for name in names if after[name].rules and before[name].conclusion != after[name].conclusion]
    worse = [name for name in changed if before[name].exact is True and after[name].exact is not True]

    def both(of) -> dict:
        return {"old": of(before), "new": of(after)}

    return {
        "n": len(names),
        "exact": both(lambda results: share(names, results, "exact")),
        "class": both(lambda results: share(names, results, "same_class")),
        "inconclusive": both(lambda results: sum(results[name].inconclusive for name in names)),
        "median_calls": both(lambda results: statistics.median([results[name].calls for name in names] or [0])),
        "median_ms_untaught": round(statistics.median([before[name].ms for name in names] or [0]), 1),
        "rule_fired": sum(bool(after[name].rules) for name in names),
        "no_rule_fired": sum(not after[name].rules for name in names),
        "conclusion_changed_by_a_rule": len(changed),
        "changed_for_the_worse": len(worse),
        "worse": [
            {"case": name, "old": before[name].conclusion, "new": after[name].conclusion, "rules": after[name].rules}
            for name in worse
        ],
        "lost": lost(names, before, after),
    }


def share(names: Sequence[str], results: dict[str, Measured], part: str) -> dict[str, int]:
    """How many pass, of those that can be measured."""
    settled = [value for name in names if (value := getattr(results[name], part)) is not None]
    return {"passed": sum(settled), "n": len(settled)}


def lost(names, before, after) -> int:
    """Cases that passed and do not any more."""
    return sum(before[name].exact is True and after[name].exact is not True for name in names)


def next_actions(cases, knowledge) -> dict:
    """Of the experts' calls, how many are among the agent's next ones, given what the expert had seen so far.

    An expert's first session of each case; a call that repeats an earlier one is left out.
    """
    from cases import recording
    from cases.calls import canonical
    from cases.models import Session
    from sandbox.agents.offline.agent import OfflineAgent
    from sandbox.environment.base import Inventory

    hits = n = 0
    for case in cases:
        session = case.sessions.filter(actor=Session.Actor.EXPERT).order_by("pk").first()
        if session is None:
            continue
        transcript = recording.transcript_of(session)
        task = transcript.task
        mind = OfflineAgent().start(task, knowledge=knowledge, inventory=Inventory())
        seen: set[str] = set()
        for step in transcript.steps:
            wanted = canonical(step.tool, step.arguments, task.tool(step.tool)).key
            if wanted in seen:
                continue
            proposals = mind.proposals(transcript.steps[: step.index], FIRST)
            hits += wanted in {canonical(call.tool, call.arguments, task.tool(call.tool)).key for call in proposals}
            n += 1
            seen.add(wanted)
    return {"among_first": FIRST, "hits": hits, "n": n}


@contextmanager
def critic_timed():
    """The seconds that each critique takes, flip table and all, while this is open."""
    from rules import critiques

    took: list[float] = []
    execute = critiques.execute

    def timed(*args, **more):
        start = time.perf_counter()
        try:
            return execute(*args, **more)
        finally:
            took.append(time.perf_counter() - start)

    critiques.execute = timed
    try:
        yield took
    finally:
        critiques.execute = execute
