"""A model as critic: it writes the rules, and the same replays, near misses and ladder decide as for the offline one. No Django here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from cases.diagnosis import Answer
from cases.evaluation.components import same_class
from cases.transcript import Transcript
from cloudmate.llm.base import LLM
from rules.critic.alignment import align
from rules.critic.drafting import Written, unclean, write
from rules.critic.flipping import FlipTable, Passes, Replay, minimal
from rules.critic.ladder import Rung
from rules.critic.neighbours import Library, Neighbour, seen_in
from rules.critic.propose import SPOILS, NoProposal, Proposal, accepted
from rules.critic.refining import refine
from rules.critic.triggers import ANYWHERE, Trigger, items_of, measured
from rules.critic.wording import key_difference, title_of
from rules.generalisation import Trials, no_variants, spoils
from rules.patching import apply
from sandbox.knowledge.rule import (
    Advise,
    EvidenceTest,
    Exclude,
    Implies,
    Knowledge,
    Prefer,
    Require,
    Rule,
    SymptomOf,
)

PLACED = ("evidence", "node", "namespace")  # places that evidence itself names
READINGS = (Implies, SymptomOf, Exclude)


@dataclass(frozen=True)
class Attempt:
    """What came of asking a model. ``record`` says which, what it cost, and what of its reply was set aside."""

    outcome: Proposal | NoProposal
    engine: str
    record: dict[str, Any] = field(default_factory=dict)


def propose(
    llm: LLM,
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
    reason: str = "",
) -> Attempt:
    """What a model writes that makes the failed case pass, cut to what the flip needs; or why there is nothing.

    ``answer`` has at least one cause; ``reason`` is why the offline critic found no rule. One request,
    two where the first reply cannot be used; never raises for what a model or its endpoint does.
    """
    cause = answer.causes[0]
    seen, shown = seen_in(failed), seen_in(better)
    names = {*known_names, *(item.component for item in (*seen, *shown) if item.component)}
    alignment = align(failed, better)
    written = write(
        llm,
        failed,
        better,
        alignment,
        fault_class=cause.fault_class,
        base=base,
        known_names=names,
        reason=reason,
    )
    trial = _Trial(
        FlipTable(base, replay, passes),
        Neighbour("this case", cause.fault_class, failed, False, cause.component, (better,), accepted=accepted(answer)),
        Library(
            [n for n in neighbours if same_class(n.fault_class, cause.fault_class)],
            [n for n in neighbours if not same_class(n.fault_class, cause.fault_class)],
            names=names,
            vocabulary=failed.task.fault_classes,
        ),
        variants,
    )
    kept = trial.kept(written)
    record = {**written.record, "set_aside": list(written.problems)}
    engine = record["engine"]
    if isinstance(kept, NoProposal):
        return Attempt(replace(kept, reason=f"{reason[:140]}. {engine}: {kept.reason}"), engine, record)
    if where := spoils(variants(apply(base, add=kept))):
        lost = NoProposal(f"{reason[:140]}. {engine}: what it wrote {SPOILS}: {where}", tuple(trial.table.rows))
        return Attempt(lost, engine, record)
    rules, told = _advised(kept, written.advice, base, names)
    tools = {operator.tool for rule in rules for operator in rule.then if isinstance(operator, Require | Prefer)}
    asked = [index for index in alignment.skipped if better.steps[index].tool in tools]
    proposal = Proposal(
        rules=rules,
        title=title_of(rules, trial.rungs[trial.chosen].trigger if trial.rungs else None),
        key_difference=key_difference(alignment, asked),
        flip_table=tuple(trial.table.rows),
        ladder=tuple(trial.rungs),
        chosen=trial.chosen,
        why=(
            f"A model ({llm.model}) wrote {len(written.rules)} rules. {len(trial.table.rows)} replays show that what is"
            f" kept of them flips the case, and that no part of it can be left out."
        ),
        alignment=alignment,
    )
    return Attempt(proposal, engine, {**record, "advice": told})


@dataclass
class _Trial:
    """A model's rules before the same judges as any: replay, siblings and near misses."""

    table: FlipTable
    seed: Neighbour
    library: Library
    variants: Trials = no_variants
    rungs: list[Rung] = field(default_factory=list)
    chosen: int = 0

    def kept(self, written: Written) -> tuple[Rule, ...] | NoProposal:
        """The 1-minimal part of the rules that flips the case and stays off other classes as far as can be."""
        if not written.rules:
            return NoProposal(f"the model wrote no rule that can be tried: {'; '.join(written.problems)}")
        self.table.run((), "the base alone")
        winning = next((some for some in _subsets(written.rules) if self._flips(some)), None)
        if winning is None:
            last = self.table.rows[-1].concluded
            return NoProposal(
                f"{len(written.rules)} rules of the model were replayed, and none made the case pass:"
                f" the agent concluded {last}",
                tuple(self.table.rows),
            )
        rules = _joined(winning, minimal(self.table, [part for rule in winning for part in _parts(rule)]))
        for index, rule in enumerate(rules):
            judged = self._judged(rule, rules[:index], rules[index + 1 :])
            if isinstance(judged, NoProposal):
                return judged
            rules = (*rules[:index], judged, *rules[index + 1 :])
        return rules

    def _flips(self, rules: Sequence[Rule]) -> bool:
        return self.table.flips([part for rule in rules for part in _parts(rule)], "as the model wrote them")

    def _judged(self, rule: Rule, before: Sequence[Rule], after: Sequence[Rule]) -> Rule | NoProposal:
        """A rule that reads evidence, narrowed until it is silent on near misses, as far as the case still flips."""
        trigger = _trigger(rule)
        if trigger is None or not any(isinstance(operator, READINGS) for operator in rule.then):
            return rule
        best = measured(trigger, self.seed, self.library)
        self._note(f"{rule.name}, as the model wrote it", best, (*before, rule, *after), flips=True)
        if best.near_misses:
            _, run = self.table.run((*before, rule, *after), "what is kept of them")
            # narrowed on what the agent itself sees with these rules: nothing else can hold when they fire
            finer = refine(best, self.seed, items_of(seen_in(run), ()), self.library, worth=lambda option: option.rank)
            if len(finer.near_misses) < len(best.near_misses):
                narrowed = _with(rule, finer)
                flips = self.table.flips((*before, narrowed, *after), f"{rule.name}, narrowed")
                self._note(f"{rule.name}, narrowed", finer, (*before, narrowed, *after), flips=flips)
                if flips:
                    rule, best = narrowed, finer
        if best.harmed:
            return NoProposal(f"the model's rule {rule.name} touches again what an earlier proposal broke")
        if self.library.siblings and not best.siblings and best.at in (*PLACED, ANYWHERE):
            return NoProposal(
                f"the model's rule {rule.name} holds on none of {len(self.library.siblings)} siblings:"
                f" it describes its case"
            )
        at = next(index for index, rung in enumerate(self.rungs) if rung.trigger is best)
        misses = len(best.near_misses)
        words = "chosen: silent on every near miss" if not misses else f"chosen: fires on {misses} near misses"
        self.rungs[at] = replace(self.rungs[at], verdict=words)
        self.chosen = at
        return rule

    def _note(self, width: str, trigger: Trigger, rules: Sequence[Rule], *, flips: bool) -> None:
        self.rungs.append(
            Rung(
                width,
                trigger,
                trigger.siblings,
                len(self.library.siblings),
                trigger.near_misses,
                (),
                flips,
                "wider than it need be" if flips else "does not flip the case",
                self.variants(apply(self.table.base, add=rules)) if flips else (),
            )
        )


def _subsets(rules: Sequence[Rule]) -> Iterator[tuple[Rule, ...]]:
    """All of them, then fewer: one bad rule does not spoil the others."""
    for size in range(len(rules), 0, -1):
        yield from combinations(rules, size)


def _parts(rule: Rule) -> list[Rule]:
    """One rule for each operator, so that each has to be needed; together they do what the rule does."""
    return [replace(rule, name=f"{rule.name}--{number}", then=(one,)) for number, one in enumerate(rule.then, 1)]


def _joined(rules: Sequence[Rule], parts: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules again, each with the operators that are left of it."""
    left: dict[str, list[Any]] = {}
    for part in parts:
        left.setdefault(part.name.rpartition("--")[0], []).extend(part.then)
    return tuple(replace(rule, then=tuple(left[rule.name])) for rule in rules if rule.name in left)


def _trigger(rule: Rule) -> Trigger | None:
    """What of a rule's conditions evidence decides: it fires wherever the rule does, and perhaps elsewhere."""
    tests = sorted((test for test in rule.when if isinstance(test, EvidenceTest)), key=lambda test: test.negated)
    if not tests or tests[0].negated:
        return None
    at = next((operator.at for operator in rule.then if isinstance(operator, Implies)), ANYWHERE)
    return Trigger(tuple(tests), at, tuple(test for test in rule.unless if isinstance(test, EvidenceTest)))


def _with(rule: Rule, trigger: Trigger) -> Rule:
    others = [[test for test in tests if not isinstance(test, EvidenceTest)] for tests in (rule.when, rule.unless)]
    return replace(rule, when=(*others[0], *trigger.tests), unless=(*others[1], *trigger.unless))


def _advised(
    rules: tuple[Rule, ...], advice: Sequence[str], base: Knowledge, names: Collection[str]
) -> tuple[tuple[Rule, ...], str]:
    """Advice beside the first rule where it is clean, and in words what it is: no replay speaks for it."""
    if not advice:
        return rules, ""
    first = replace(rules[0], then=(*rules[0].then, *map(Advise, advice)))
    if found := unclean(first, base, names):
        return rules, f"Left out: {found[0]}"
    return (first, *rules[1:]), "For models only: not executable offline, so no replay speaks for it"
