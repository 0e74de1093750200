"""From a failed session and a better one to the smallest rules that flip the outcome, with the proof. No Django here.

Candidates come from how the two sessions differ: checks to require, readings to imply, symptoms to
set aside. Replay decides, not opinion: what is proposed is a 1-minimal set that makes the failed case
pass, on the widest rung that stays silent on every near miss.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cases.diagnosis import Answer, Cause
from cases.evaluation.components import same_class
from cases.transcript import Transcript
from rules.critic.alignment import Alignment, align
from rules.critic.asking import Ask, asks
from rules.critic.flipping import Flip, FlipTable, Passes, Replay, minimal
from rules.critic.ladder import Rung, choose, ladder
from rules.critic.neighbours import Library, Neighbour, edges_in, matches, seen_in
from rules.critic.refining import search
from rules.critic.triggers import Trigger, items_of, kinship
from rules.critic.wording import because_of, key_difference, name_for, read, taken_in, title_of
from rules.generalisation import Trials, no_variants, spoils
from rules.patching import apply
from sandbox.knowledge.evidence import Evidence
from sandbox.knowledge.language import as_data, lint, text_of
from sandbox.knowledge.rule import EvidenceTest, Implies, Knowledge, Rule, SymptomOf

__all__ = ["Neighbour", "NoProposal", "Proposal", "accepted", "propose"]

TRIED = 6  # triggers, best first
SPOILS = "flips the case, and takes the right answer away where another is"
WEIGHTS = (3.0, 6.0, 9.0)  # log-odds: the least that flips is taken


@dataclass(frozen=True)
class NoProposal:
    """Nothing was found that flips the outcome; ``reason`` says why, for people."""

    reason: str
    flip_table: tuple[Flip, ...] = ()


@dataclass(frozen=True)
class Proposal:
    rules: tuple[Rule, ...]
    title: str
    key_difference: str
    flip_table: tuple[Flip, ...]
    ladder: tuple[Rung, ...]
    chosen: int  # index into the ladder
    why: str
    alignment: Alignment

    def as_evidence(self) -> dict[str, Any]:
        """Plain data for the page: every value is text, number, list or dict."""
        return {
            "key_difference": self.key_difference,
            "differences": [asdict(difference) for difference in self.alignment.differences],
            "pairings": [asdict(pairing) for pairing in self.alignment.pairings],
            "flip_table": [asdict(flip) for flip in self.flip_table],
            "ladder": [rung.as_dict() for rung in self.ladder],
            "chosen": self.chosen,
            "why": self.why,
            "rules": [{"text": text_of(rule), "data": as_data(rule)} for rule in self.rules],
        }


def propose(
    failed: Transcript,
    better: Transcript,
    *,
    answer: Answer,
    base: Knowledge,
    replay: Replay,
    passes: Passes,
    neighbours: Sequence[Neighbour] = (),
    known_names: Collection[str] = (),
    variants: Trials = no_variants,
) -> Proposal | NoProposal:
    """The smallest change of ``base`` that makes the failed case pass, or why there is none.

    ``replay`` runs the case under a rule set, ``variants`` its other guises; ``passes`` judges a run. What takes the
    right answer away in a guise that has another is not proposed. Deterministic: the same inputs give the same
    proposal. No side effects beyond the replays.
    """
    if not answer.causes:
        return NoProposal("The case has no structured answer, so nothing can be told right from wrong")
    cause = answer.causes[0]
    table = FlipTable(base, replay, passes)
    passed, now = table.run((), "the base alone")
    if passed:
        return NoProposal("The agent passes under the base: there is nothing to learn here", tuple(table.rows))
    alignment = align(failed, better)
    seen, shown = seen_in(now), seen_in(better)
    seed = Neighbour("this case", cause.fault_class, now, False, cause.component, (better,), accepted=accepted(answer))
    names = {*known_names, *(item.component for item in (*seen, *shown) if item.component)}
    library = Library(
        [n for n in neighbours if same_class(n.fault_class, cause.fault_class)],
        [n for n in neighbours if not same_class(n.fault_class, cause.fault_class)],
        names=names,
        vocabulary=failed.task.fault_classes,
        edges=_edges((now, better, *(run for one in neighbours for run in (one.transcript, *one.others)))),
    )
    triggers = search(seed, items_of(seen, shown), library)
    if not triggers:
        return NoProposal(_unread(cause, library), tuple(table.rows))
    spoilt = ""
    for trigger in triggers[:TRIED]:
        draft = _Draft(trigger, cause, base, library, table, now, frozenset(names), variants)
        checks = asks(trigger.steps, now, better, seen=seen, shown=shown, seed=seed, library=library)
        if checks is None:
            continue
        for weight in WEIGHTS:
            rules = draft.rules(checks, weight)
            if table.flips(rules, f"{read(trigger)}, weight {weight:g}"):
                found = draft.proposal(rules, weight, seed, alignment, (*shown, *seen))
                if not (where := draft.spoils(found)):
                    return found
                spoilt = f"{found.title} {SPOILS}: {where}"
                break  # more weight spoils no less
    return NoProposal(spoilt or _in_vain(triggers, table, cause), tuple(table.rows))


@dataclass(frozen=True)
class _Draft:
    """One trigger on its way to a proposal."""

    trigger: Trigger
    cause: Cause
    base: Knowledge
    library: Library
    table: FlipTable
    now: Transcript
    names: frozenset[str]
    variants: Trials

    def rules(self, checks: Sequence[Ask], weight: float) -> tuple[Rule, ...]:
        """What makes the agent look, then how to read it, then what to set aside."""
        taken = taken_in(self.base)
        made: list[Rule] = []
        for ask in checks:
            name = name_for("check", _noun(ask), ask.trigger.tests[0], taken | {rule.name for rule in made})
            because = f"what tells {self.cause.fault_class} apart is seen there, and it was not looked at"
            made.append(Rule(name, ask.trigger.tests, (*ask.before, ask.call), because, ask.trigger.unless))
        made.append(self.reading(self.trigger, weight))
        if (symptom := self._symptom()) is not None:
            made.append(symptom)
        return tuple(made)

    def reading(self, trigger: Trigger, weight: float) -> Rule:
        taken = taken_in(self.base)
        name = name_for("read", self.cause.fault_class, self._telling(), taken)
        because = because_of(trigger, len(self.library.siblings), len(self.library.others))
        operator = Implies(self.cause.fault_class, weight, trigger.at)
        return Rule(name, trigger.tests, (operator,), because, trigger.unless)

    def spoils(self, found: Proposal) -> str:
        """The variants that its rules take a right answer away from, in words; "" for none."""
        ladder = found.ladder
        tried = ladder[found.chosen].variants if ladder else self.variants(apply(self.base, add=found.rules))
        return spoils(tried)

    def _telling(self) -> EvidenceTest:
        """The test that speaks most of the class: what a rule is named after."""
        vocabulary, own = self.library.vocabulary, self.cause.fault_class
        return max(self.trigger.tests, key=lambda test: kinship(test.pattern, own, vocabulary))

    def _symptom(self) -> Rule | None:
        """Where the failed run took a symptom for the cause: the same evidence lowers that class."""
        diagnosis = self.now.diagnosis
        wrong = diagnosis.root_causes[0].fault_class if diagnosis and diagnosis.root_causes else ""
        if not wrong or same_class(wrong, self.cause.fault_class):
            return None
        name = name_for("not", wrong, self._telling(), taken_in(self.base))
        because = f"where this is seen, {wrong} is what {self.cause.fault_class} looks like from outside"
        return Rule(name, self.trigger.tests, (SymptomOf(wrong),), because, self.trigger.unless)

    def proposal(
        self, rules: Sequence[Rule], weight: float, seed: Neighbour, alignment: Alignment, shown: Sequence[Evidence]
    ) -> Proposal:
        kept = minimal(self.table, rules)
        original = self.reading(self.trigger, weight)
        rest = tuple(rule for rule in kept if rule.name != original.name)
        rungs: tuple[Rung, ...] = ()
        chosen = 0
        if len(rest) < len(kept):
            bound = next(item for item in shown if matches(self.trigger.tests[0], item))
            rungs = ladder(
                self.trigger,
                bound,
                seed,
                self.library,
                problems=lambda option: lint(self.reading(option, weight), known_names=self.names),
                flips=lambda option: self.table.flips((*rest, self.reading(option, weight)), "a rung of the ladder"),
                variants=lambda option: self.variants(apply(self.base, add=(*rest, self.reading(option, weight)))),
            )
            chosen, rungs = choose(rungs, self.trigger)
            kept = (*rest, self.reading(rungs[chosen].trigger, weight))
        asked = [index for index in self.trigger.steps if index in alignment.skipped]
        return Proposal(
            rules=kept,
            title=title_of(kept, rungs[chosen].trigger if rungs else self.trigger),
            key_difference=key_difference(alignment, asked),
            flip_table=tuple(self.table.rows),
            ladder=rungs,
            chosen=chosen,
            why=_why(kept, rungs, chosen, self.table),
            alignment=alignment,
        )


def accepted(answer: Answer) -> tuple[str, ...]:
    """Components beside the first cause's that the answer accepts for the same fault."""
    first, *others = answer.causes
    return tuple(one.component for one in others if one.component and same_class(one.fault_class, first.fault_class))


def _edges(sessions: Iterable[Transcript | None]) -> set[tuple[str, str]]:
    return {edge for session in sessions if session is not None for edge in edges_in(session)}


def _noun(ask: Ask) -> str:
    """What a call asks for, in a word or two: the kind where it takes one, else the tool."""
    kinds = [value for value in ask.call.arguments.values() if isinstance(value, str) and not value.startswith("$")]
    return " ".join([*kinds[:1], ask.call.tool]) if kinds else ask.call.tool


def _why(rules: Sequence[Rule], rungs: Sequence[Rung], chosen: int, table: FlipTable) -> str:
    which = "this rule flips the case"
    if len(rules) > 1:
        which = f"these {len(rules)} rules flip the case and none can be left out"
    flips = f"{len(table.rows)} replays on the knowledge it was drafted on show that {which}"
    if not rungs:
        return f"{flips}."
    rung = rungs[chosen]
    return (
        f"{flips}. Of {len(rungs)} widths, {rung.width!r} was chosen: it holds on {rung.siblings} of {rung.of} siblings"
        f" and fires on {len(rung.near_misses)} near misses{_of_variants(rung)}."
    )


def _of_variants(rung: Rung) -> str:
    if not rung.variants:
        return ""
    return f"; under it {len(rung.broken)} of {len(rung.variants)} variants of the case are broken"


def _unread(cause: Cause, library: Library) -> str:
    shared = " and holds on a sibling as well" if library.siblings else ""
    return f"Nothing that was seen points to {cause.component or 'the fault'} in words that name no component{shared}"


def _in_vain(triggers: Sequence[Trigger], table: FlipTable, cause: Cause) -> str:
    last = table.rows[-1]
    if len(table.rows) == 1:
        return f"What tells {cause.fault_class} is seen only by calls that name this case: no general check leads there"
    return (
        f"{len(table.rows) - 1} rule sets were replayed, and none made the case pass:"
        f" with the last one the agent concluded {last.concluded}"
    )
