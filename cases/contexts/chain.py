"""The evidence chain: claims hanging on what was seen, with every break named."""

import re
from collections import defaultdict
from dataclasses import dataclass

from cases.contexts.drawing import Arc, Picture, draw
from cases.contexts.steps import at_step
from cases.diagnosis import Claim, ClaimKind, Diagnosis, Link
from cases.evaluation.grounding import NO_EVIDENCE, carrier
from cases.evaluation.quotes import stands_in
from cases.models import Evaluation
from cases.transcript import Transcript


@dataclass(frozen=True)
class Thread:
    """One citation: a claim hangs by it on a step's return. ``broken`` says why it does not hold; "" where it does."""

    step: int
    tool: str
    quote: str
    locator: str
    broken: str = ""

    @property
    def number(self) -> int:
        return self.step + 1

    @property
    def href(self) -> str:
        return at_step(self.step)


@dataclass(frozen=True)
class Hanging:
    """One claim with its threads. ``value`` is 1 borne out, .5 in part, 0 not at all; None where nobody has checked."""

    claim: Claim
    threads: tuple[Thread, ...]
    value: float | None
    findings: tuple[str, ...]
    is_root: bool
    leads_to: tuple[Link, ...]  # links to claims other than the next one
    linked: str = ""  # how it leads to the claim right of it: causes, masks, amplifies; "" where it does not
    link_broken: bool = False
    height: int = 0  # px from the top of the picture to its dot
    said_links: tuple[Arc, ...] = ()  # the links that begin here, as drawn

    @property
    def hue(self) -> str:
        return {None: "idle", 1.0: "ok", 0.0: "bad"}.get(self.value, "warn")

    @property
    def words(self) -> str:
        if self.claim.kind is ClaimKind.MITIGATION and self.value is None:
            return "proposed"
        return {None: "not checked", 1.0: "borne out", 0.0: "not borne out"}.get(self.value, "borne out in part")


@dataclass(frozen=True)
class Chain:
    hanging: tuple[Hanging, ...]
    breaks: tuple[str, ...]  # of the whole: no chain, a cycle, no root cause
    threads: int = 0
    held: int = 0
    picture: Picture | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every break in words, of the whole first, each once."""
        loose = (
            f"Claim {one.claim.id} is not borne out" for one in self.hanging if one.value == 0 and not one.findings
        )
        return tuple(dict.fromkeys([*self.breaks, *(text for one in self.hanging for text in one.findings), *loose]))

    @property
    def broken_count(self) -> int:
        return len(self.named)


ABOUT_THE_ANSWER = frozenset({"wrong_cause"})  # right or wrong is the other track: no break of what hangs on what
_OF_LINK = re.compile(r"Link (\d+): ")


def ordered(diagnosis: Diagnosis) -> list[Claim]:
    """Causes before effects, beginning at the root cause; claims outside the chain after those in it."""
    effects = defaultdict(list)
    causes = defaultdict(int)
    for link in diagnosis.chain:
        effects[link.cause].append(link.effect)
        causes[link.effect] += 1
    by_id = {claim.id: claim for claim in diagnosis.claims}
    root = carrier(diagnosis)
    linked = {end for link in diagnosis.chain for end in (link.cause, link.effect)}
    starts = ([root.id] if root else []) + [
        claim.id for claim in diagnosis.claims if claim.id in linked and not causes[claim.id]
    ]
    found: list[str] = []

    def walk(name: str) -> None:
        if name in by_id and name not in found:
            found.append(name)
            for effect in effects[name]:
                walk(effect)

    for name in [*starts, *(claim.id for claim in diagnosis.claims if claim.id in linked)]:
        walk(name)
    return [by_id[name] for name in found] + [claim for claim in diagnosis.claims if claim.id not in found]


def chain_of(transcript: Transcript, evaluation: Evaluation | None) -> Chain | None:
    """None where there is no conclusion to hang anything on."""
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return None
    values = {claim: value for claim, value, _ in (evaluation.metrics.get("supports", []) if evaluation else [])}
    findings = evaluation.findings if evaluation else []
    said = defaultdict(list)
    for finding in findings:
        if finding.get("claim") and finding["code"] not in ABOUT_THE_ANSWER:
            said[finding["claim"]].append(finding)
    root = carrier(diagnosis)
    claims = ordered(diagnosis)
    picture = draw([claim.id for claim in claims], diagnosis.chain, _broken_links(findings))
    arcs = defaultdict(list)
    for arc in picture.arcs:
        arcs[arc.link.cause].append(arc)
    hanging = []
    for claim, following, height in zip(claims, [*claims[1:], None], picture.nodes, strict=True):
        links = [link for link in diagnosis.chain if link.cause == claim.id]
        onward = next((link for link in links if following and link.effect == following.id), None)
        hanging.append(
            Hanging(
                claim,
                tuple(_thread(ref, transcript) for ref in claim.refs),
                values.get(claim.id),
                tuple(dict.fromkeys(finding["text"] for finding in said[claim.id])),
                is_root=root is not None and claim.id == root.id,
                leads_to=tuple(link for link in links if link is not onward),
                linked=str(onward.relation) if onward else "",
                link_broken=any(arc.broken for arc in arcs[claim.id] if arc.link is onward),
                height=height,
                said_links=tuple(arcs[claim.id]),
            )
        )
    whole = (
        "no_chain",
        "no_claims",
        "chain_without_root",
        "root_cause_without_claim",
        "contradiction",
        "no_rival_tested",
        "rival_not_told_apart",
        "rival_left_open",
    )
    breaks = tuple(
        dict.fromkeys(finding["text"] for finding in findings if not finding.get("claim") and finding["code"] in whole)
    )
    threads = [thread for one in hanging for thread in one.threads]
    return Chain(tuple(hanging), breaks, len(threads), sum(not thread.broken for thread in threads), picture)


def _broken_links(findings: list[dict]) -> dict[int, str]:
    """Number of the link -> the break in words."""
    named = ((_OF_LINK.match(finding["text"]), finding["text"]) for finding in findings)
    return {int(match[1]): text for match, text in named if match}


def _thread(ref, transcript: Transcript) -> Thread:
    if ref.step >= len(transcript.steps):
        return Thread(ref.step, "", ref.quote, ref.locator, "there is no such step")
    step = transcript.steps[ref.step]
    if step.observation.level in NO_EVIDENCE:
        broken = f"this call was a {step.observation.level}: it says nothing"
    elif not ref.quote:
        broken = "no passage is named"
    elif not stands_in(ref.quote, step.observation.output):
        broken = "the return does not say this"
    else:
        broken = ""
    return Thread(ref.step, step.tool, ref.quote, ref.locator, broken)
