"""Rules as a model writes them: what it is told, and what of its reply can be tried. No Django here.

Its reply is only ever data: rules count once the grammar reads them and every static check of the
gate holds; whether they help is for the replay to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cases.transcript import Task, Transcript
from cloudmate.llm.ask import Asked, ask
from cloudmate.llm.base import LLM
from cloudmate.llm.prompts import Prompt, as_data
from rules.critic.alignment import Alignment
from rules.critic.flipping import concluded
from rules.critic.neighbours import seen_in
from rules.critic.wording import slug, taken_in
from rules.gate import static_findings
from rules.patching import apply
from sandbox.knowledge.evidence import Aspect
from sandbox.knowledge.language import RuleSyntaxError, parse, text_of
from sandbox.knowledge.retrieval import FAINT
from sandbox.knowledge.rule import PLACES, SYMPTOMS, Advise, Knowledge, Rule
from sandbox.retelling import cut, retold

PROMPT = Prompt.beside(__file__, "../prompts/critic.md")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rules"],
    "properties": {
        "rules": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {"type": "string", "minLength": 1, "maxLength": 2000},
        },
        "why": {"type": "string", "maxLength": 600},
        "advice": {"type": "string", "maxLength": 400},
    },
}
MOST_RULES = 4
HEAVIEST = 9.0  # log-odds that one rule may say: what the offline critic goes to
MOST_EVIDENCE = 70  # statements of one session that are listed
RETURNS = 10_000  # characters of one session's returns
LONGEST_LINE = 300


@dataclass(frozen=True)
class Written:
    """What can be tried of a reply; ``problems`` say, in words, what cannot and why. Advice is taken out of the rules."""

    rules: tuple[Rule, ...]
    advice: tuple[str, ...]
    problems: tuple[str, ...]
    record: dict[str, Any]  # of what was asked: model, digests, usage, the model's own words


def write(
    llm: LLM,
    failed: Transcript,
    better: Transcript,
    alignment: Alignment,
    *,
    fault_class: str,
    base: Knowledge,
    known_names: Collection[str],
    reason: str,
) -> Written:
    """Ask for rules; where some cannot be read or are not clean, ask once more with what is wrong.

    Never raises for what a model or its endpoint does: then there are no rules, and a problem in words.
    """
    material = "\n\n".join(_material(failed, better, alignment, base))
    replies: list[Asked] = []
    best = Written((), (), (), {})
    for problem in ("", "again"):
        prompt = PROMPT.fill(
            aspects=", ".join(Aspect),
            symptoms=", ".join(SYMPTOMS),
            places=", ".join(PLACES),
            heaviest=f"{HEAVIEST:g}",
            fault_class=as_data("fault class", fault_class),
            material=material,
            reason=as_data("reason", reason),
            problem=_again(replies[-1], best.problems) if problem else "",
        )
        asked = ask(llm, prompt=prompt, schema=SCHEMA, seed=0)
        replies.append(asked)
        if asked.value is None:
            best = replace(best, problems=(*best.problems, asked.unscored_reason))
            break
        read = _read(asked.value, base, known_names)
        best = read if read.rules or not best.rules else replace(best, problems=(*best.problems, *read.problems))
        if not read.problems:
            break
    return replace(best, record=_record(llm, replies))


def unclean(rule: Rule, base: Knowledge, known_names: Collection[str]) -> list[str]:
    """What keeps a rule from being tried, in words: what the gate would refuse unseen, and what would outweigh all."""
    if any(abs(getattr(operator, "weight", 1.0)) > HEAVIEST for operator in rule.then):
        return [f"a weight is beyond {HEAVIEST:g}"]
    findings = static_findings(base, apply(base, add=[rule]), known_names=tuple(known_names))
    return [f"{finding.check}: {finding.text}" for finding in findings if finding.rule == rule.name]


def _read(value: dict[str, Any], base: Knowledge, known_names: Collection[str]) -> Written:
    rules: list[Rule] = []
    advice = [value.get("advice", "").strip()]
    problems: list[str] = []
    taken = taken_in(base)
    for number, text in enumerate(value["rules"], 1):
        try:
            parsed = parse(text)
        except RuleSyntaxError as problem:
            problems.append(f"rule {number}: {problem}")
            continue
        if not parsed:
            problems.append(f"rule {number}: there is no rule in it")
        for rule in parsed:
            advice += [operator.text.strip() for operator in rule.then if isinstance(operator, Advise)]
            then = tuple(operator for operator in rule.then if not isinstance(operator, Advise))
            named = replace(rule, name=_fresh(rule.name, taken), then=then)
            found = unclean(named, base, known_names) if then else ["it is only advice, which no replay can try"]
            problems += [f"rule {number}: {words}" for words in found]
            if not found:
                rules.append(named)
                taken.add(named.name)
    if len(rules) > MOST_RULES:
        problems.append(f"{len(rules)} rules are too many: write {MOST_RULES} at most")
    return Written(tuple(rules[:MOST_RULES]), tuple(dict.fromkeys(filter(None, advice))), tuple(problems), {})


def _fresh(name: str, taken: Collection[str]) -> str:
    """A name of its own: a model cannot replace a rule that is there."""
    stem = slug(name)[:90].strip("-")
    stem = stem if stem[:1].isalpha() else f"rule-{stem}".strip("-")
    number, fresh = 2, stem
    while fresh in taken:
        fresh, number = f"{stem}-{number}", number + 1
    return fresh


def _again(asked: Asked, problems: Sequence[str]) -> str:
    wrong = as_data("what is wrong with it", "\n".join(problems)[:4000])
    return (
        f"\nYour last reply cannot be used as it is:\n{as_data('your last reply', asked.raw_reply[:8000])}\n{wrong}\n"
    )


def _material(failed: Transcript, better: Transcript, alignment: Alignment, base: Knowledge) -> Iterator[str]:
    skipped = set(alignment.skipped)
    yield as_data("what was asked", cut(failed.task.prompt, 4000))
    yield as_data("tools", "\n".join(_tools(failed.task)))
    yield as_data("fault classes", cut(", ".join(failed.task.fault_classes), 4000) or "free")
    yield as_data("the two sessions, call by call", "\n".join(_lines(alignment)))
    yield as_data("the failed session concluded", _conclusion(failed))
    yield as_data("the better session concluded", _conclusion(better))
    for title, transcript in (("failed", failed), ("better", better)):
        yield as_data(f"statements read off the {title} session", "\n".join(_statements(transcript)))
    yield retold(failed.steps, title="failed session, step", whole=RETURNS)
    only = [step for step in better.steps if step.index in skipped]
    yield retold(only, title="better session, step", whole=RETURNS)
    if base.rules:
        yield as_data("rules that are there already", cut("\n".join(map(text_of, base.rules)), 8000))


def _tools(task: Task) -> Iterator[str]:
    for tool in task.tools:
        names = ", ".join(tool.parameters.get("properties", {}))
        yield cut(f"{tool.name}({names}): {tool.description}", LONGEST_LINE)


def _lines(alignment: Alignment) -> Iterator[str]:
    words = {"matched": "both", "skipped": "only the better", "extra": "only the failed"}
    for pairing in alignment.pairings:
        at = [("failed", pairing.failed), ("better", pairing.better)]
        steps = ", ".join(f"{name} step {index + 1}" for name, index in at if index is not None)
        yield f"{words[pairing.kind]} ({steps}): {cut(pairing.call, LONGEST_LINE)}"


def _conclusion(transcript: Transcript) -> str:
    claims = transcript.diagnosis.claims if transcript.diagnosis else ()
    lines = [concluded(transcript)]
    for claim in claims:
        cited = ", ".join(f"step {ref.step + 1}: {ref.quote}" for ref in claim.refs)
        lines.append(f"- {cut(claim.text, LONGEST_LINE)} ({cut(cited, LONGEST_LINE)})")
    return cut("\n".join(lines), 6000)


def _statements(transcript: Transcript) -> Iterator[str]:
    seen = [item for item in seen_in(transcript) if item.strength >= FAINT or item.aspect is Aspect.NORMAL]
    # what is ill first: what is healthy matters to exceptions only
    seen.sort(key=lambda item: item.aspect is Aspect.NORMAL)
    told = list(
        dict.fromkeys(
            f"step {item.step + 1}: {item.aspect}, kind {item.kind or 'none'}, tool {item.tool},"
            f" component {item.component or 'none'}: {cut(item.value, LONGEST_LINE)}"
            for item in seen
        )
    )
    yield from told[:MOST_EVIDENCE]
    if len(told) > MOST_EVIDENCE:
        yield f"[{len(told) - MOST_EVIDENCE} of {len(told)} statements are left out here]"


def _record(llm: LLM, replies: Sequence[Asked]) -> dict[str, Any]:
    said = next((asked.value for asked in reversed(replies) if asked.value is not None), {})
    return {
        "engine": f"llm:{llm.model}"[:120],
        "model": replies[-1].model,
        "prompt": PROMPT.digest,
        "replies": [hashlib.sha256(asked.raw_reply.encode(errors="replace")).hexdigest() for asked in replies],
        "usage": {
            "prompt": sum(asked.usage.prompt for asked in replies),
            "completion": sum(asked.usage.completion for asked in replies),
        },
        "says": said.get("why", ""),
    }
