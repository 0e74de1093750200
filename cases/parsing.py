"""A diagnosis or an answer read from JSON data: each wrong field is refused by name. No Django here."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from cases.diagnosis import (
    PREDICATES,
    Answer,
    Cause,
    Claim,
    ClaimKind,
    Conclusion,
    Diagnosis,
    DiagnosisError,
    Link,
    Mitigation,
    MitigationKind,
    Predicate,
    Ref,
    Rejected,
    Relation,
    RootCause,
)


def parse_diagnosis(data: Any) -> Diagnosis:
    """Read a diagnosis from JSON data; raise DiagnosisError naming the field that is wrong.

    Claim ids must be unique; chain, root causes and mitigations may only name claims that exist.
    """
    where = "diagnosis"
    _expect(isinstance(data, dict), f"{where} must be an object")
    conclusion = _choice(Conclusion, data, "conclusion", where)
    claims = tuple(
        Claim(
            id=_text(item, "id", at, required=True),
            kind=_choice(ClaimKind, item, "kind", at, ClaimKind.OBSERVATION),
            text=_text(item, "text", at, required=True),
            refs=_refs(item, at),
            predicate=_predicate(item, at),
            made_at_step=_step_count(item, at),
        )
        for at, item in _objects(data, "claims", where)
    )
    ids = [claim.id for claim in claims]
    _expect(len(ids) == len(set(ids)), f"{where}.claims: every id must be unique")
    causes = tuple(
        RootCause(
            component=_text(item, "component", at, required=True),
            fault_class=_text(item, "fault_class", at, required=True),
            mechanism=_text(item, "mechanism", at),
            onset=_text(item, "onset", at),
            confidence=_confidence(item, at),
            claim=_known(item, "claim", at, ids),
        )
        for at, item in _objects(data, "root_causes", where)
    )
    _expect(
        bool(causes) or conclusion is not Conclusion.ROOT_CAUSE,
        f"{where}.root_causes is empty: name the component and fault class, or conclude no_fault or inconclusive",
    )
    return Diagnosis(
        conclusion=conclusion,
        root_causes=causes,
        claims=claims,
        chain=tuple(
            Link(
                cause=_known(item, "cause", at, ids, required=True),
                effect=_known(item, "effect", at, ids, required=True),
                relation=_choice(Relation, item, "relation", at, Relation.CAUSES),
            )
            for at, item in _objects(data, "chain", where)
        ),
        rejected=tuple(
            Rejected(_text(item, "hypothesis", at, required=True), _refs(item, at), _text(item, "reason", at))
            for at, item in _objects(data, "rejected", where)
        ),
        mitigations=tuple(
            Mitigation(
                action=_text(item, "action", at, required=True),
                addresses=_known(item, "addresses", at, ids),
                kind=_choice(MitigationKind, item, "kind", at, MitigationKind.CAUSAL),
            )
            for at, item in _objects(data, "mitigations", where)
        ),
        summary=_text(data, "summary", where),
        frame={str(key): str(value) for key, value in _mapping(data, "frame", where).items()},
        missing=_texts(data, "missing", where),
    )


def parse_answer(data: Any) -> Answer:
    """Read an Answer from JSON data; raise DiagnosisError naming the field that is wrong."""
    where = "answer"
    _expect(isinstance(data, dict), f"{where} must be an object")
    return Answer(
        conclusion=_choice(Conclusion, data, "conclusion", where, Conclusion.ROOT_CAUSE),
        causes=tuple(
            Cause(_text(item, "component", at), _text(item, "fault_class", at))
            for at, item in _objects(data, "causes", where)
        ),
        expected=_texts(data, "expected", where),
        must_mention=_texts(data, "must_mention", where),
        must_not_mention=_texts(data, "must_not_mention", where),
        aliases={str(key): list(value) for key, value in _mapping(data, "aliases", where).items()},
        category=_text(data, "category", where),
        title=_text(data, "title", where),
        notes=_text(data, "notes", where),
        frame={str(key): str(value) for key, value in _mapping(data, "frame", where).items()},
    )


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise DiagnosisError(message)


def _text(data: dict[str, Any], name: str, where: str, *, required: bool = False) -> str:
    value = data.get(name)
    if value is None:
        value = ""
    _expect(isinstance(value, str), f"{where}.{name} must be text, not {type(value).__name__}")
    _expect(bool(value.strip()) or not required, f"{where}.{name} is missing: say what it is")
    return value


def _list(data: dict[str, Any], name: str, where: str) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    _expect(isinstance(value, list | tuple), f"{where}.{name} must be a list")
    return list(value)


def _objects(data: dict[str, Any], name: str, where: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for number, item in enumerate(_list(data, name, where)):
        at = f"{where}.{name}[{number}]"
        _expect(isinstance(item, dict), f"{at} must be an object")
        found.append((at, item))
    return found


def _choice(enum: type[StrEnum], data: dict[str, Any], name: str, where: str, default: StrEnum | None = None) -> Any:
    value = data.get(name, default)
    allowed = ", ".join(enum)
    _expect(isinstance(value, str) and value in set(enum), f"{where}.{name} is {value!r}; it must be one of {allowed}")
    return enum(value)


def _texts(data: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    items = _list(data, name, where)
    _expect(all(isinstance(item, str) for item in items), f"{where}.{name} must be a list of texts")
    return tuple(items)


def _mapping(data: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    value = data.get(name) or {}
    _expect(isinstance(value, dict), f"{where}.{name} must be an object")
    return value


def _refs(data: dict[str, Any], where: str) -> tuple[Ref, ...]:
    refs = []
    for at, item in _objects(data, "refs", where):
        step = item.get("step")
        _expect(
            isinstance(step, int) and not isinstance(step, bool) and step >= 0,
            f"{at}.step must be the index of a step, from 0",
        )
        refs.append(Ref(step=step, quote=_text(item, "quote", at), locator=_text(item, "locator", at)))
    return tuple(refs)


def _predicate(data: dict[str, Any], where: str) -> Predicate | None:
    value = data.get("predicate")
    if value is None:
        return None
    _expect(isinstance(value, dict), f"{where}.predicate must be an object")
    name = value.get("name")
    _expect(
        isinstance(name, str) and name in PREDICATES,
        f"{where}.predicate.name is {name!r}; it must be one of {', '.join(PREDICATES)}",
    )
    arguments = _mapping(value, "arguments", f"{where}.predicate")
    lacking = [wanted for wanted in PREDICATES[name] if wanted not in arguments]
    _expect(not lacking, f"{where}.predicate.arguments lacks {', '.join(lacking)}")
    return Predicate(name=name, arguments=arguments)


def _step_count(item: dict[str, Any], where: str) -> int | None:
    value = item.get("made_at_step")
    _expect(
        value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0),
        f"{where}.made_at_step must be a number of steps",
    )
    return value


def _confidence(item: dict[str, Any], where: str) -> float | None:
    value = item.get("confidence")
    _expect(
        value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1),
        f"{where}.confidence must be between 0 and 1",
    )
    return value


def _known(item: dict[str, Any], name: str, where: str, ids: list[str], *, required: bool = False) -> str:
    value = _text(item, name, where, required=required)
    _expect(not value or value in ids, f"{where}.{name} names claim {value!r}, which is not among the claims")
    return value
