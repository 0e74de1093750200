"""What an expert's guidance teaches: kept rationales as rules, tested and decided on like any other."""

from collections.abc import Iterable
from dataclasses import replace

from cases.access import require_role
from cases.transcript import digest_of
from rules import patches, versions
from rules.models import Patch
from sandbox.knowledge.language import as_data, lint, parse_rule
from sandbox.knowledge.rule import Rule
from sandbox.models import Derivation


def teach(derivation: Derivation, *, by) -> Patch:
    """Propose what one expert's session teaches as a patch in the name of ``by``; the gate tests it first.

    Raises PatchError where no rationale was kept, or none that is knowledge beyond its case.
    """
    require_role(by, "expert", "reviewer", "lead")
    if derivation.state != Derivation.State.DONE:
        raise patches.PatchError("The steps are still being explained: come back when that is done")
    session = derivation.guidance.session
    kept = rules_of([derivation])
    if not kept:
        raise patches.PatchError(
            "Nothing to teach: the agent looks there already, or only names of this case lead there"
        )
    answer = session.version.parsed_answer()
    cause = answer.causes[0].fault_class.replace("_", " ") if answer and answer.causes else "guidance"
    noun = "one call" if len(kept) == 1 else f"{len(kept)} calls"
    patch = patches.draft(
        title=f"{cause}: {noun} an expert made next",
        add=kept,
        note=f"From the expert's session {session.pk}: with each rule the agent's next call is the expert's, without it not",
        by=by,
        source="expert",
        better=session,
        failed=derivation.guidance.failed,
        case=session.case,
    )
    patches.propose(patch, by=by)
    return patch


def rules_of(derivations: Iterable[Derivation], *, least: int = 1) -> tuple[Rule, ...]:
    """The kept rules that ``least`` sessions or more teach alike, the most shared first; names of cases stay out.

    What stands in the head already, and what the linter takes for no knowledge, is left out.
    """
    known = [as_data(replace(rule, name="")) for rule in versions.knowledge(versions.head()).rules]
    names = patches.known_names()
    found: dict[str, tuple[Rule, set[int]]] = {}
    for derivation in derivations:
        for row in derivation.rationales:
            if not (row["kept"] and row["rule"]):
                continue
            rule = replace(parse_rule(row["rule"]), because="an expert looked here next")
            key = digest_of(as_data(replace(rule, name="")))
            found.setdefault(key, (rule, set()))[1].add(derivation.pk)
    taught = []
    for key, (rule, sessions) in sorted(found.items(), key=lambda item: (-len(item[1][1]), item[0])):
        rule = replace(rule, name=f"guided-{rule.then[0].tool.lower().replace('_', '-')}-{key[:6]}")
        if (
            len(sessions) >= least
            and as_data(replace(rule, name="")) not in known
            and not lint(rule, known_names=names)
        ):
            taught.append(rule)
    return tuple(taught)
