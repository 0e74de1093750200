"""One thing spoiled in a right diagnosis, as a careless hand would: a function for each kind. No Django here.

Each function takes a base and its source of chance and returns the spoiled diagnosis with a word on what was done,
or None where the transcript gives no room for the kind. Nothing else in the diagnosis changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from cases.diagnosis import Claim, Diagnosis, Link, Ref
from cases.transcript import Step

from .bases import Base
from .figures import NUMBER, far_from, shown, value_of
from .writing import with_claim

_WORD = re.compile(r"[A-Za-z]{4,}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ADDED = re.compile(r" \([^()]*\)$")  # a figure that was written up; it would be another defect at another time
_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Spoiled:
    diagnosis: Diagnosis
    how: str  # the variant of the kind
    what: str  # what stands where, for who reads the report


Planter = Callable[[Base, Random, Sequence[Base]], Spoiled | None]


def _squeezed(text: str) -> str:
    return " ".join(text.split()).lower()


def _output(base: Base, step: int) -> str:
    return base.transcript.steps[step].observation.output


def _numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))]


def _shuffled(items, drawn: Random) -> list:
    items = list(items)
    drawn.shuffle(items)
    return items


def _quoting(base: Base) -> list[Claim]:
    return [claim for claim in base.transcript.diagnosis.claims if any(ref.quote for ref in claim.refs)]


def _root(base: Base) -> Claim | None:
    """The claim that carries the first root cause."""
    diagnosis = base.transcript.diagnosis
    wanted = diagnosis.root_causes[0].claim if diagnosis.root_causes else ""
    return next((claim for claim in diagnosis.claims if claim.id == wanted), None)


# wrong number


def wrong_number(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """A figure of a claim's text or predicate that is clearly not what its quote shows."""
    for claim in _shuffled(_quoting(base), drawn):
        for plant in _shuffled((_number_in_text, _number_in_predicate), drawn):
            if spoiled := plant(base, claim, drawn):
                return spoiled
    return None


def _number_in_text(base: Base, claim: Claim, drawn: Random) -> Spoiled | None:
    seen = _numbers(" ".join(ref.quote for ref in claim.refs))
    whole = " ".join(_output(base, ref.step) for ref in claim.refs)
    for match in _shuffled(NUMBER.finditer(claim.text), drawn):
        rest = claim.text[match.end() :]
        scale = 1e6 if rest.startswith(" million") else 1
        value = value_of(match.group()) * scale
        if not any(abs(value - one) <= 0.05 * max(one, 1e-9) for one in seen):
            continue
        other = far_from(match.group(), [one / scale for one in seen], drawn)
        if other is None or value_of(other) * scale in _numbers(whole):
            continue
        text = claim.text[: match.start()] + other + rest
        return Spoiled(
            with_claim(base.transcript.diagnosis, replace(claim, text=text)),
            "text",
            f"{claim.id}: {match.group()} -> {other} in {text!r}",
        )
    return None


def _number_in_predicate(base: Base, claim: Claim, drawn: Random) -> Spoiled | None:
    predicate = claim.predicate
    if predicate is None or predicate.name not in ("eq", "gt", "lt"):
        return None
    ref, metric = claim.refs[0], predicate.arguments["metric"]
    figures = shown(_output(base, ref.step), base.transcript.steps[ref.step].arguments)
    seen = [float(figure.value) for figure in figures if figure.metric == metric]
    if not seen or min(seen) <= 0:
        return None
    wrong = {"eq": max(seen) * drawn.choice((1.7, 3)), "gt": max(seen) * 2, "lt": min(seen) * 0.4}[predicate.name]
    arguments = predicate.arguments | {"value": round(wrong, 4)}
    return Spoiled(
        with_claim(base.transcript.diagnosis, replace(claim, predicate=replace(predicate, arguments=arguments))),
        "predicate",
        f"{claim.id}: {predicate.name} {predicate.arguments} -> {arguments}",
    )


# wrong quote


def wrong_quote(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """A quote that its step never returned: a number or a word altered, a line of elsewhere, the wrong step."""
    for plant in _shuffled((_altered_number, _swapped_word, _foreign_line, _misplaced), drawn):
        for claim in _shuffled(_quoting(base), drawn):
            at = drawn.choice([number for number, ref in enumerate(claim.refs) if ref.quote])
            ref = claim.refs[at]
            other = plant(base, claim, ref, drawn, others)
            if other is None or _squeezed(other.quote) in _squeezed(_output(base, other.step)):
                continue
            refs = (*claim.refs[:at], other, *claim.refs[at + 1 :])
            return Spoiled(
                with_claim(base.transcript.diagnosis, replace(claim, refs=refs)),
                plant.__name__.strip("_"),
                f"{claim.id}: step {ref.step} {ref.quote!r} -> step {other.step} {other.quote!r}",
            )
    return None


def _altered_number(base: Base, claim: Claim, ref: Ref, drawn: Random, others: Sequence[Base]) -> Ref | None:
    for match in _shuffled(NUMBER.finditer(ref.quote), drawn):
        if other := far_from(match.group(), [], drawn):
            return replace(ref, quote=ref.quote[: match.start()] + other + ref.quote[match.end() :])
    return None


def _swapped_word(base: Base, claim: Claim, ref: Ref, drawn: Random, others: Sequence[Base]) -> Ref | None:
    words = list(_WORD.finditer(ref.quote))
    pool = sorted({word for step in base.transcript.steps for word in _WORD.findall(step.observation.output)})
    if not words or len(pool) < 2:
        return None
    match = drawn.choice(words)
    other = drawn.choice([word for word in pool if word.lower() != match.group().lower()])
    return replace(ref, quote=ref.quote[: match.start()] + other + ref.quote[match.end() :])


def _foreign_line(base: Base, claim: Claim, ref: Ref, drawn: Random, others: Sequence[Base]) -> Ref | None:
    """What the same tool said in another case."""
    tool = base.transcript.steps[ref.step].tool
    for other in _shuffled(others, drawn)[:30]:
        for step in other.transcript.steps:
            lines = [line.strip() for line in step.observation.output.splitlines() if len(line.strip()) > 15]
            if step.tool == tool and lines and other.name != base.name:
                return replace(ref, quote=drawn.choice(lines))
    return None


def _misplaced(base: Base, claim: Claim, ref: Ref, drawn: Random, others: Sequence[Base]) -> Ref | None:
    """A true quote under the wrong step, one that had been made by then."""
    limit = claim.made_at_step if claim.made_at_step is not None else len(base.transcript.steps)
    steps = [
        step.index
        for step in base.transcript.steps[:limit]
        if _squeezed(ref.quote) not in _squeezed(step.observation.output) and len(ref.quote) > 8
    ]
    return replace(ref, step=drawn.choice(steps)) if steps else None


# hindsight


def hindsight_ref(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """A claim that rests on a step taken after it was made."""
    for plant in _shuffled((_made_early, _leaning_on_later), drawn):
        for claim in _shuffled(_quoting(base), drawn):
            spoiled = plant(base, claim, drawn)
            if spoiled is not None:
                return Spoiled(
                    with_claim(base.transcript.diagnosis, spoiled),
                    plant.__name__.strip("_"),
                    f"{claim.id}: made at {claim.made_at_step} -> {spoiled.made_at_step}, refs {spoiled.refs}",
                )
    return None


def _made_early(base: Base, claim: Claim, drawn: Random) -> Claim | None:
    latest = max(ref.step for ref in claim.refs)
    return replace(claim, made_at_step=drawn.randint(1, latest)) if latest >= 1 else None


def _leaning_on_later(base: Base, claim: Claim, drawn: Random) -> Claim | None:
    made = claim.made_at_step
    if made is None:
        made = max(ref.step for ref in claim.refs) + 1
    later = [
        (step, line)
        for step in base.transcript.steps[made:]
        for line in step.observation.output.splitlines()
        if len(line.strip()) > 12
    ]
    if not later:
        return None
    step, line = drawn.choice(later)
    return replace(claim, refs=(*claim.refs, Ref(step.index, line.strip())), made_at_step=made)


# the chain


def reversed_edge(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """Cause and effect of one link change places."""
    diagnosis = base.transcript.diagnosis
    if not diagnosis.chain or _root(base) is None:
        return None
    at = drawn.randrange(len(diagnosis.chain))
    link = diagnosis.chain[at]
    other = replace(link, cause=link.effect, effect=link.cause)
    chain = (*diagnosis.chain[:at], other, *diagnosis.chain[at + 1 :])
    return Spoiled(
        replace(diagnosis, chain=chain),
        f"of {len(chain)}",
        f"{link.cause} -> {link.effect} reversed in {_drawn(chain)}",
    )


def missing_link(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """One link is gone, and with it the way from the root cause to the symptom."""
    diagnosis = base.transcript.diagnosis
    root = _root(base)
    if root is None:
        return None
    for at in _shuffled(range(len(diagnosis.chain)), drawn):
        chain = (*diagnosis.chain[:at], *diagnosis.chain[at + 1 :])
        if _breaks(base, root, diagnosis.chain, chain):
            link = diagnosis.chain[at]
            return Spoiled(
                replace(diagnosis, chain=chain),
                f"of {len(chain) + 1}",
                f"{link.cause} -> {link.effect} left out of {_drawn(diagnosis.chain)}",
            )
    return None


def _drawn(chain: Sequence[Link]) -> str:
    return ", ".join(f"{link.cause}->{link.effect}" for link in chain)


def _reached(root: Claim, chain: Sequence[Link]) -> set[str]:
    reached = {root.id}
    for _ in chain:
        reached |= {link.effect for link in chain if link.cause in reached}
    return reached


def _ends(chain: Sequence[Link]) -> set[str]:
    return {link.effect for link in chain} - {link.cause for link in chain}


def _breaks(base: Base, root: Claim, before: Sequence[Link], after: Sequence[Link]) -> bool:
    """The end that is lost is the symptom: the only end, or the only one that speaks of what the alert names."""
    ends = _ends(before)
    lost = ends - _reached(root, after)
    if lost == ends:
        return True
    claims = {claim.id: claim for claim in base.transcript.diagnosis.claims}
    speaking = {end for end in ends if base.scope and base.scope in _words(claims[end])}
    return bool(speaking) and speaking <= lost


def _words(claim: Claim) -> str:
    return " ".join([claim.text, *(ref.quote for ref in claim.refs)])


# time


def time_inversion(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """The cause is said to begin after its effect was there, or the effect is cited from before the cause began.

    The second finds room less often, so it is tried first.
    """
    return _early_effect(base, drawn) or _late_onset(base, drawn)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _FORM)
    except ValueError:
        return None


def _late_onset(base: Base, drawn: Random) -> Spoiled | None:
    effect, diagnosis = _moment(base.effect_at), base.transcript.diagnosis
    if effect is None or _root(base) is None:
        return None
    first, *more = diagnosis.root_causes
    onset = (effect + timedelta(minutes=drawn.randint(3, 25))).strftime(_FORM)
    return Spoiled(
        replace(diagnosis, root_causes=(replace(first, onset=onset), *more)),
        "late onset",
        f"onset {first.onset or 'unsaid'} -> {onset}, alert since {base.effect_at}",
    )


def _early_effect(base: Base, drawn: Random) -> Spoiled | None:
    """A claim down the chain cites a true reading of minutes before the stated onset."""
    diagnosis, root = base.transcript.diagnosis, _root(base)
    onset = _moment(diagnosis.root_causes[0].onset) if diagnosis.root_causes else None
    if onset is None or root is None:
        return None
    reached = _reached(root, diagnosis.chain) - {root.id}
    for claim in _shuffled(diagnosis.claims, drawn):
        plain = _ADDED.sub("", claim.text)
        if claim.id not in reached or NUMBER.search(plain) or len(claim.refs) != 1:
            continue
        ref = claim.refs[0]
        if not _STAMP.match(ref.quote):
            continue
        early = [
            line
            for line in _output(base, ref.step).splitlines()
            if _STAMP.match(line) and _moment(line[:20]) <= onset - timedelta(minutes=3)
        ]
        if early:
            line = drawn.choice(early)
            return Spoiled(
                with_claim(diagnosis, replace(claim, text=plain, predicate=None, refs=(replace(ref, quote=line),))),
                "early effect",
                f"{claim.id} cites {line!r}, onset {diagnosis.root_causes[0].onset}",
            )
    return None


# support


def unsupported_cause(base: Base, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """The root cause's claim cites nothing, or what was seen of something else, or names something never looked at."""
    root = _root(base)
    if root is None or not root.refs:
        return None
    for plant in _shuffled((_nothing_cited, _other_cited, _other_named), drawn):
        if spoiled := plant(base, root, drawn, others):
            return spoiled
    return None


def _nothing_cited(base: Base, root: Claim, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    claim = replace(root, refs=(), predicate=None)
    return Spoiled(with_claim(base.transcript.diagnosis, claim), "nothing cited", f"{root.id} cites nothing")


def _mentions(text: str, names) -> bool:
    text = text.lower()
    return any(name and name.lower() in text for name in names)


def _other_cited(base: Base, root: Claim, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """True words of a step about another component stand where the evidence should be."""
    at_fault = _accused(base)
    elsewhere = {name for name in _names_of_system(base, others) if not _mentions(name, at_fault)}
    lines = [
        (step, line.strip())
        for step in base.transcript.steps[: root.made_at_step or len(base.transcript.steps)]
        if not _mentions(_asked(step), at_fault)
        for line in step.observation.output.splitlines()
        if _mentions(line, elsewhere) and not _mentions(line, at_fault)
    ]
    if not lines:
        return None
    step, line = drawn.choice(lines)
    claim = replace(root, refs=(Ref(step.index, line),), predicate=None)
    return Spoiled(
        with_claim(base.transcript.diagnosis, claim),
        "another component cited",
        f"{root.id} {root.text!r} cites {step.tool} {step.arguments}: {line!r}",
    )


def _other_named(base: Base, root: Claim, drawn: Random, others: Sequence[Base]) -> Spoiled | None:
    """Another component of the same system is accused on the evidence of this one."""
    diagnosis = base.transcript.diagnosis
    first, *more = diagnosis.root_causes
    seen = " ".join(
        [*(ref.quote for ref in root.refs), *(_asked(base.transcript.steps[ref.step]) for ref in root.refs)]
    )
    names = sorted(_names_of_system(base, others) - base.components)
    names = [name for name in names if not _mentions(seen, [name]) and not _mentions(name, base.components)]
    if not names or first.component not in root.text:
        return None
    name = drawn.choice(names)
    claim = replace(root, text=root.text.replace(first.component, name))
    mechanism = first.mechanism.replace(first.component, name)
    causes = (replace(first, component=name, mechanism=mechanism), *more)
    return Spoiled(
        replace(with_claim(diagnosis, claim), root_causes=causes),
        "another component named",
        f"{root.id} {claim.text!r} cites {seen!r}",
    )


def _accused(base: Base) -> set[str]:
    """The names at fault, and what the root cause's claim itself speaks of."""
    return set(base.components) | {word for word in _names(_root(base).text)}


def _names(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+", text)}


def _asked(step: Step) -> str:
    return " ".join([step.tool, *(str(value) for value in step.arguments.values())])


def _names_of_system(base: Base, others: Sequence[Base]) -> set[str]:
    system = base.transcript.task.system
    return {
        name
        for other in others
        if other.transcript.task.system == system and other.source == base.source
        for name in (other.scope, *(cause.component for cause in other.transcript.diagnosis.root_causes))
    } - {""}


KINDS: dict[str, Planter] = {
    "time_inversion": time_inversion,
    "unsupported_cause": unsupported_cause,
    "missing_link": missing_link,
    "reversed_edge": reversed_edge,
    "wrong_number": wrong_number,
    "hindsight_ref": hindsight_ref,
    "wrong_quote": wrong_quote,
}
