"""Many rows for the page benchmark: one of everything is made by the product's services, then multiplied in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from cases.evaluation.run import evaluate_session
from cases.models import (
    Case,
    CaseVersion,
    Confirmation,
    Entry,
    Evaluation,
    ReviewItem,
    Score,
    ScoreReview,
    Session,
    Step,
    System,
)
from rules.models import Patch, PatchRevision
from sandbox.models import Pair, Snapshot
from tests import factories
from tests.rules import scene

STATES = ("confirmed",) * 14 + ("labelled", "labelled", "cleaned", "quarantined", "retired", "confirmed")
CATEGORIES = ("database", "network", "memory", "configuration", "dependency", "scheduling", "storage", "deployment")
FIRST = 1_000_000  # the first number of what is multiplied


@dataclass(frozen=True)
class Size:
    sessions: int
    steps: int  # of each session
    library: int  # cases cleaned and beyond
    drafts: int
    pairs: int = 1_000
    patches: int = 200
    queue: int = 2_000  # scores that wait for a person; as many again have been judged blind
    log: int = 20_000  # lines

    @property
    def cases(self) -> int:
        return self.library + self.drafts


FULL = Size(sessions=100_000, steps=10, library=1_000, drafts=4_000)
QUICK = Size(sessions=5_000, steps=10, library=1_000, drafts=1_000)


def multiply(model, pk: int, source: str, **columns: str) -> None:
    """Insert a copy of row ``pk`` for each row of the SQL ``source`` (aliased s), with these columns instead."""
    own = [field.column for field in model._meta.concrete_fields if not field.primary_key or field.column in columns]
    table, key = model._meta.db_table, model._meta.pk.column
    values = ", ".join(columns.get(column, f't."{column}"') for column in own)
    names = ", ".join(f'"{column}"' for column in own)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" t, {source} s WHERE t."{key}" = {pk}'
        )


@contextmanager
def unchecked() -> Iterator[None]:
    """Foreign keys are not looked at row by row meanwhile; the numbers are ours."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")


def one_of(words: tuple[str, ...], by: str) -> str:
    return f"(ARRAY[{', '.join(repr(word) for word in words)}])[1 + ({by}) % {len(words)}]"


def seed(size: Size) -> dict[str, list]:
    """Fill the database; return the numbers of the 16 people, and of rows that have pages."""
    people = [factories.make_user(*roles) for roles in (["lead"], ["reviewer"], ["expert"], ["expert", "lead"]) * 4]
    systems = [factories.make_system(name) for name in ("market", "bank", "clinic", "harbour", "library", "mill")]
    case = factories.make_confirmed_case(system=systems[0])
    session = factories.make_finished_session(case, by=people[2])
    evaluation = evaluate_session(session)
    patch = scene.patch("in_review", "fixed", "same_pass")
    exploration = scene.exploration("")
    with unchecked():
        _cases(case, size, [system.pk for system in systems], people)
        _sessions(session, evaluation, size)
        _patches(patch, size)
        _reviews(evaluation, size, people)
        _log(case, size, people)
    with connection.cursor() as cursor:
        for model in (
            System,
            Case,
            CaseVersion,
            Confirmation,
            Snapshot,
            Session,
            Step,
            Evaluation,
            Score,
            Pair,
            Patch,
            PatchRevision,
            ReviewItem,
            ScoreReview,
            Entry,
        ):
            table = model._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM \"{table}\"))")
        cursor.execute("VACUUM ANALYZE")
    return {
        "people": [person.pk for person in people],
        "cases": [FIRST + number for number in range(1, size.cases, max(1, size.cases // 40))],
        "sessions": [FIRST + number for number in range(1, size.sessions, max(1, size.sessions // 40))],
        "patches": [patch.pk, *(FIRST + number for number in range(1, 20))],
        "regressions": [patch.regression_id],
        "explorations": [exploration.pk],
        "compared": [(FIRST + number, FIRST + number + size.cases) for number in range(1, 20)],
    }


def _cases(case: Case, size: Size, systems: list[int], people: list) -> None:
    every = f"generate_series(1, {size.cases})"
    state = f"CASE WHEN s.s > {size.library} THEN 'draft' ELSE {one_of(STATES, 's.s')} END"
    system = f"(ARRAY{systems})[1 + (s.s * 7) % {len(systems)}]"
    multiply(
        Case,
        case.pk,
        every,
        id=f"{FIRST} + s.s",
        current_id=f"{FIRST} + s.s",
        state=state,
        system_id=system,
        name="'checkout is slow again, number ' || s.s",
        origin_path="'copy ' || s.s",
        updated_at="t.updated_at - s.s * interval '1 minute'",
    )
    category = f"CASE WHEN s.s > {size.library} THEN '' ELSE {one_of(CATEGORIES, 's.s')} END"
    multiply(
        CaseVersion,
        case.current_id,
        every,
        id=f"{FIRST} + s.s",
        case_id=f"{FIRST} + s.s",
        category=category,
        task_digest="md5(s.s::text)",
        digest="md5(s.s::text)",
    )
    snapshot = Snapshot.objects.get(case=case)
    multiply(Snapshot, snapshot.pk, every, id=f"{FIRST} + s.s", case_id=f"{FIRST} + s.s")
    given = Confirmation.objects.get(version=case.current)
    multiply(
        Confirmation,
        given.pk,
        f"generate_series(1, {size.library})",
        version_id=f"{FIRST} + s.s",
        bulk="s.s % 20 < 14",
        by_id=str(people[0].pk),
    )


def _sessions(session: Session, evaluation: Evaluation, size: Size) -> None:
    every = f"generate_series(1, {size.sessions})"
    case = f"{FIRST} + 1 + (s.s * 13) % {size.cases}"
    multiply(
        Session,
        session.pk,
        every,
        id=f"{FIRST} + s.s",
        case_id=case,
        version_id=case,
        external_id="NULL",
        origin="CASE WHEN s.s % 10 < 6 THEN 'recorded' ELSE 'regression' END",
        transcript_digest="md5(s.s::text)",
    )
    verdict = "CASE WHEN s.s % 3 = 0 THEN 'wrong' ELSE t.verdict END"
    multiply(
        Evaluation,
        evaluation.pk,
        every,
        id=f"{FIRST} + s.s",
        session_id=f"{FIRST} + s.s",
        version_id=case,
        verdict=verdict,
        low_scoring="s.s % 3 = 0",
        signature="md5((s.s % 5000)::text)",
    )
    for score in evaluation.scores.all():
        multiply(Score, score.pk, every, evaluation_id=f"{FIRST} + s.s")
    taken = session.steps.order_by("index").first()
    steps = f"(SELECT s, i FROM {every} s, generate_series(0, {size.steps - 1}) i)"
    multiply(Step, taken.pk, steps, session_id=f"{FIRST} + s.s", index="s.i")


def _patches(patch: Patch, size: Size) -> None:
    every = f"generate_series(1, {size.patches})"
    state = one_of(("in_review", "inconclusive", "rejected", "refused", "draft"), "s.s")
    multiply(Patch, patch.pk, every, id=f"{FIRST} + s.s", state=state, title="'mind the index, number ' || s.s")
    multiply(PatchRevision, patch.revisions.get().pk, every, patch_id=f"{FIRST} + s.s")
    pair = patch.regression.pairs.order_by("pk").first()
    multiply(
        Pair,
        pair.pk,
        f"generate_series(1, {min(size.pairs, size.library)})",
        case_version_id=f"{FIRST} + s.s",
        outcome=one_of(("same_pass", "same_pass", "unaffected", "same_fail", "fixed"), "s.s"),
        divergence="CASE WHEN s.s % 5 = 4 THEN t.divergence END",
    )


def _reviews(evaluation: Evaluation, size: Size, people: list) -> None:
    """A queue, half of it drawn at random, and blind words of four people on other scores of the checks."""
    score = evaluation.scores.get(source="deterministic", dimension="evidence")
    same = f"SELECT id AS s FROM \"{Score._meta.db_table}\" WHERE source = 'deterministic' AND dimension = 'evidence'"
    same += f" AND evaluation_id > {FIRST} ORDER BY id LIMIT {size.queue}"
    item = ReviewItem.objects.create(score=score, why=ReviewItem.Why.RANDOM, priority=2.5, left=1, author=people[3])
    why = one_of(("random", "disagreement"), "s.s")
    one_author = f"(ARRAY{[person.pk for person in people]})[1 + s.s % {len(people)}]"
    multiply(
        ReviewItem,
        item.pk,
        f"({same})",
        score_id="s.s",
        why=why,
        left="1",
        priority="2 + (s.s % 50) / 100.0",
        author_id=one_author,
    )
    review = ScoreReview.objects.create(score=score, by=people[1], value=1, blind=True)
    judges = f"(ARRAY{[person.pk for person in people[:4]]})[1 + s.s % 4]"
    value = "CASE WHEN s.s % 7 = 0 THEN 0 ELSE 1 END"
    multiply(ScoreReview, review.pk, f"({same} OFFSET {size.queue})", score_id="s.s", by_id=judges, value=value)


def _log(case: Case, size: Size, people: list) -> None:
    line = Entry.objects.create(by=people[0], action="confirmed", case=case, words="as the expert said")
    action = one_of(("confirmed", "quarantined", "tagged", "retired"), "s.s")
    of = f"{FIRST} + 1 + s.s % {size.cases}"
    multiply(Entry, line.pk, f"generate_series(1, {size.log})", action=action, case_id=of, batch="''")
