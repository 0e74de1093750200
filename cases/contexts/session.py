"""The page of one session: what happened, and how good it was."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import QuerySet

from cases.access import EXPERT, LEAD, REVIEWER, has_role, may_record
from cases.contexts.chain import chain_of
from cases.contexts.levels import levels_of
from cases.contexts.pairs import pairs_of
from cases.contexts.steps import FIRST, shown_steps, tree
from cases.models import Annotation, Evaluation, Score, ScoreReview, Session, Step
from cases.parsing import parse_diagnosis
from cases.recording import transcript_of
from cases.reviewing import blind, wanted_from
from cases.transcript import canonical_json
from cloudmate import prepared

TABS = ("transcript", "scores", "chain", "rules", "annotations", "levels", "raw")

# objective metrics worth a line, in the order of the page: key -> what it is, in words
METRICS = (
    ("completed", "Came to a conclusion"),
    ("conclusion", "Concludes"),
    ("calls", "Calls"),
    ("redundancy", "Repeated calls"),
    ("invalid", "Invalid calls"),
    ("tool_errors", "Tool errors"),
    ("misses", "Misses"),
    ("loops", "Loops"),
    ("first_hypothesis", "Root cause named after step"),
    ("seconds", "Alert to conclusion"),
    ("tokens", "Tokens"),
)


@dataclass(frozen=True)
class Metric:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Guess:
    """What taking the ground from a conclusion showed: faithful, a guess, or not tried, and why."""

    word: str
    reason: str


def guess_of(evaluation: Evaluation) -> Guess:
    score = next((one for one in evaluation.scores.all() if one.dimension == Score.Dimension.GUESS), None)
    if score is None:
        right = evaluation.verdict == Evaluation.Verdict.SUCCESS
        return Guess("not tried", "no agent that could be asked again has been yet" if right else UNTRIED)
    return Guess(GUESS_WORDS[score.value], score.reason)


GUESS_WORDS = {1.0: "faithful", 0.0: "a guess", None: "not tried"}
UNTRIED = "only a conclusion that is right and grounded is tried"


@dataclass(frozen=True)
class Scored:
    """One dimension: the machine's scores, and people's own beside them, the newest of each person."""

    dimension: str
    label: str
    scores: tuple[Score, ...]
    reviews: tuple[ScoreReview, ...]
    mine: ScoreReview | None
    kept_back: int = 0  # how many others said something, which shows once this person's own answer is given

    @property
    def reviewed(self) -> Score:
        """The score a person's own stands beside: the judge's where there is one."""
        return next((score for score in self.scores if score.source == "judge"), self.scores[0])


def metrics_of(evaluation: Evaluation) -> list[Metric]:
    found = []
    for name, label in METRICS:
        if name not in evaluation.metrics:
            continue
        value = evaluation.metrics[name]
        if isinstance(value, list):
            note = f"step {', '.join(str(at + 1) for at in value if isinstance(at, int))}" if value else ""
            found.append(Metric(label, str(len(value)), note))
        elif value is None:
            found.append(Metric(label, "—", "not captured"))
        elif isinstance(value, bool):
            found.append(Metric(label, "yes" if value else "no"))
        elif name == "redundancy":
            found.append(Metric(label, f"{round(100 * value)} %", f"of {evaluation.metrics.get('calls', '?')} calls"))
        elif name == "seconds":
            found.append(Metric(label, f"{value:.1f} s", str(evaluation.metrics.get("clock", ""))))
        else:
            found.append(Metric(label, str(value).replace("_", " ")))
    return found


def scored(evaluation: Evaluation, user) -> list[Scored]:
    by_dimension: dict[str, list[Score]] = {}
    wanted = wanted_from(user, evaluation.scores.values_list("pk", flat=True))
    for score in evaluation.scores.prefetch_related("reviews__by"):
        by_dimension.setdefault(score.dimension, []).append(score)
    found = []
    for dimension, label in Score.Dimension.choices:
        scores = by_dimension.get(dimension)
        if not scores:
            continue
        newest = {review.by_id: review for score in scores for review in score.reviews.all()}
        mine = newest.get(user.pk)
        shown = tuple(newest.values())
        if any(score.pk in wanted for score in scores):
            shown = (mine,) if mine else ()
        found.append(Scored(dimension, label, tuple(scores), shown, mine, len(newest) - len(shown)))
    return found


@dataclass(frozen=True)
class RuleLine:
    """What one rule did in this session, step by step."""

    rule: str
    uses: tuple[tuple[str, str, str, str], ...]  # (where, how, what was done, instead of what)


def rules_of(session: Session) -> list[RuleLine]:
    uses: dict[str, list[tuple[str, str, str, str]]] = {}
    stepwise = prepared.rows(_used, session.pk)
    for where, did, used in [
        *((f"step {index + 1}", f"{tool} {canonical_json(asked)}", rules) for index, tool, asked, rules in stepwise),
        ("conclusion", _concluded(session), session.concluding_rules),
    ]:
        for use in used:
            uses.setdefault(use["rule"], []).append((where, use["how"], did, use.get("instead_of", "")))
    return [RuleLine(rule, tuple(lines)) for rule, lines in sorted(uses.items())]


def _used(session: int) -> QuerySet:
    return (
        Step.objects.filter(session=session)
        .exclude(rules=[])
        .order_by("index")
        .values_list("index", "tool", "arguments", "rules")
    )


def _concluded(session: Session) -> str:
    return f"conclude {parse_diagnosis(session.diagnosis).concludes}" if session.diagnosis else ""


def _newest_evaluation(session: int) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(session=session).order_by("-pk")[:1]


def session_page(session: Session, user, tab: str, *, start: int = 0) -> dict[str, Any]:
    hidden = blind(session, user)  # what the machine says waits for this person's own answer
    evaluation = None if hidden else prepared.first(_newest_evaluation, session.pk)
    diagnosis = parse_diagnosis(session.diagnosis) if session.diagnosis else None
    shown: dict[str, Any] = {
        "session": session,
        "case": session.case,
        "tab": tab,
        "evaluation": evaluation,
        "hidden": hidden,
        "diagnosis": diagnosis,
        "tree": tree(session),
        "may_score": has_role(user, EXPERT, REVIEWER, LEAD),
        "may_record": may_record(session, user),
        "from_expert": session.actor == Session.Actor.EXPERT,
    }
    if tab == "transcript":
        steps = shown_steps(session, after=start - 1, limit=FIRST)
        left = max(len(shown["tree"]) - start - FIRST, 0)
        shown |= {"steps": steps, "steps_left": left, "earlier": start, "goes_on": True}
    elif tab == "scores" and evaluation:
        shown |= {"metrics": metrics_of(evaluation), "dimensions": scored(evaluation, user)}
        shown["guess"] = guess_of(evaluation)
        shown["pairs"] = pairs_of(session, evaluation)
    elif tab == "chain":
        shown["chain"] = chain_of(transcript_of(session), evaluation)
    elif tab == "rules":
        shown["rules"] = rules_of(session)
    elif tab == "annotations":
        shown["annotations"] = session.annotations.select_related("by", "step").order_by("pk")
        shown["kinds"] = [Annotation.Kind.NOTE, Annotation.Kind.HYPOTHESIS]
    elif tab == "levels":
        shown["levels"] = levels_of(shown["tree"])
    elif tab == "raw":
        shown["raw_diagnosis"] = json.dumps(asdict(diagnosis), indent=2, ensure_ascii=False) if diagnosis else ""
        shown["raw_parameters"] = json.dumps(session.parameters, indent=2, ensure_ascii=False)
    return shown
