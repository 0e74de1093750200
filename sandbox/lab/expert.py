"""An expert's session on a lab incident: the calls of the class's looks, and a diagnosis quoting their answers. No Django here."""

from __future__ import annotations

import itertools
import re
from typing import Any

from cases.diagnosis import (
    Claim,
    ClaimKind,
    Conclusion,
    Diagnosis,
    Link,
    Mitigation,
    MitigationKind,
    Ref,
    Rejected,
    RootCause,
)
from sandbox.bundle import RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.lab.expertise.base import Look
from sandbox.lab.expertise.registry import EXPERTISE
from sandbox.lab.incident import Incident
from sandbox.lab.views.overview import Alert

LONGEST_QUOTE = 400  # characters


class UnseenEvidence(ValueError):
    """A look found no answer, or its pattern is not in the answer: the expertise and the model disagree."""


def names_of(incident: Incident, alert: Alert | None) -> dict[str, str]:
    """What the {names} of looks stand for in this incident."""
    effect, system = incident.effect, incident.system
    symptom = alert.component if alert and system.has_service(alert.component) else system.edge
    return {
        "component": effect.component,
        "suspect": effect.suspect or (effect.component if system.has_service(effect.component) else symptom),
        "symptom": symptom,
        "database": system.database.name,
        "edge": system.edge,
    } | effect.facts


def _filled(template: str, names: dict[str, str], *, escape: bool = False) -> str:
    for name, value in names.items():
        template = template.replace("{" + name + "}", re.escape(value) if escape else value)
    return template


def _arguments(look: Look, names: dict[str, str]) -> dict[str, Any]:
    return {key: _filled(value, names) if isinstance(value, str) else value for key, value in look.arguments.items()}


def _quote(look: Look, names: dict[str, str], recordings: tuple[Recording, ...], arguments: dict[str, Any]) -> str:
    """The words of the answer that show what the look says."""
    answer = next((each.output for each in recordings if each.tool == look.tool and each.arguments == arguments), None)
    if answer is None:
        raise UnseenEvidence(f"{look.tool} {arguments} is not recorded")
    matches = list(re.finditer(_filled(look.shows, names, escape=True), answer))
    if not matches:
        raise UnseenEvidence(f"{look.tool} {arguments} does not show {look.shows!r}")
    return _cut(matches[-1].group(0)).rstrip()


def _cut(quote: str) -> str:
    """At most LONGEST_QUOTE characters, cut where a line ends, or else a word: half a number is another number."""
    if len(quote) <= LONGEST_QUOTE:
        return quote
    kept = quote[: LONGEST_QUOTE + 1]
    return kept[: max(kept.rfind("\n"), 0) or max(kept.rfind(" "), 0) or LONGEST_QUOTE]


def session_of(incident: Incident, alert: Alert | None, recordings: tuple[Recording, ...]) -> RecordedSession:
    """One expert's path with a reason for every call. Raises UnseenEvidence where an answer lacks what a look relies on."""
    expertise, names = EXPERTISE[incident.fault.name], names_of(incident, alert)
    looks = expertise.looks
    if alert:
        looks = (
            Look(
                "get_alerts",
                {},
                re.escape(alert.summary).replace("{", "\\{"),
                alert.summary,
                "Which alerts fire, and which came first?",
                "symptom",
            ),
            *looks,
        )
    calls, claims = [], []
    by_role: dict[str, list[str]] = {"symptom": [], "cause": [], "link": [], "exclusion": []}
    for step, look in enumerate(looks):
        arguments = _arguments(look, names)
        quote = _quote(look, names, recordings, arguments)
        calls.append(RecordedCall(look.tool, arguments, why=_filled(look.why, names)))
        claim = f"c{step + 1}"
        kind = ClaimKind.EXCLUSION if look.role == "exclusion" else ClaimKind.OBSERVATION
        claims.append(Claim(claim, kind, _filled(look.says, names), (Ref(step, quote),), made_at_step=step + 1))
        by_role[look.role].append(claim)
    return RecordedSession(
        "expert", "expert", tuple(calls), _diagnosis(incident, alert, names, claims, by_role), engine="expert"
    )


def _diagnosis(
    incident: Incident, alert: Alert | None, names: dict[str, str], claims: list[Claim], by_role: dict[str, list[str]]
) -> Diagnosis:
    fault, effect, expertise = incident.fault, incident.effect, EXPERTISE[incident.fault.name]
    scope = alert.component if alert else incident.system.name
    frame = {"scope": scope, "symptom": alert.name if alert else "reported slowness", "ask": "root cause"}
    if not effect.component:
        return Diagnosis(Conclusion.NO_FAULT, claims=tuple(claims), summary=effect.mechanism, frame=frame)
    cause = by_role["cause"][0]
    # an expert walks from the symptom inwards: the later a look, the nearer to the cause
    path = [cause, *reversed(by_role["link"]), *by_role["symptom"]]
    mitigations = [Mitigation(_filled(expertise.remedy, names), cause, MitigationKind.CAUSAL)]
    if expertise.tempting:
        mitigations.append(Mitigation(_filled(expertise.tempting, names), path[-1], MitigationKind.SYMPTOMATIC))
    excluded = {claim.id: claim for claim in claims}
    rejected = tuple(
        Rejected(
            hypothesis,
            tuple(ref for each in by_role["exclusion"] for ref in excluded[each].refs),
            _filled(reason, names),
        )
        for hypothesis, reason in expertise.rejected.items()
    )
    return Diagnosis(
        Conclusion.ROOT_CAUSE,
        root_causes=(
            RootCause(
                effect.component,
                fault.name,
                effect.mechanism,
                incident.at(incident.onset).strftime("%Y-%m-%dT%H:%M:%SZ"),
                0.95,
                cause,
            ),
        ),
        chain=tuple(Link(before, after) for before, after in itertools.pairwise(path)),
        claims=tuple(claims),
        rejected=rejected,
        mitigations=tuple(mitigations),
        summary=effect.mechanism,
        frame=frame,
    )
