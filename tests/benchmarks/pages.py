"""How fast every list and detail page answers 16 people, with 100,000 sessions and 1,000,000 steps in PostgreSQL.

    .venv/bin/python -m tests.benchmarks.pages [--quick] [--keep FOLDER] [--seconds 30] [--only NAME ...]

Procedure: a PostgreSQL of its own on loopback is migrated and filled (100,000 sessions of 10 steps on 5,000
cases, 1,000 of them in the library; ``--quick``: 5,000 sessions; ``--keep``: once, for later runs too); granian
serves WSGI as deploy/systemd/cloudmate-web.service starts it for a team, with no worker beside it. First 16
people, four of each role, wait 1 s between requests; then the same 16 wait for nothing (a closed loop). Per page:
milliseconds until the whole answer was read, as the nearest-rank median and 95th percentile; and of one visit
alone the number of queries, the time in them, and the processor time of Django and of PostgreSQL, which does not
depend on what else the machine does.
The clients run on the same machine and take their share of it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import crowd, processor
from tests.benchmarks.cluster import free_port, postgres

PEOPLE = 16
NOT_OF_ALL = {  # pages that want one of these roles; everybody opens the others
    "library: import": {"expert", "lead"},
    "score review": {"expert", "reviewer", "lead"},
    "audit log": {"lead"},
}
SERVER = ["--interface", "wsgi", "--workers", "3", "--blocking-threads", "2", "--no-ws", "--log-level", "warning"]


@contextmanager
def served(port: int) -> Iterator[int]:
    """The server's process number, while it answers at ``port``."""
    command = [sys.executable, "-m", "granian", *SERVER, "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen([*command, "cloudmate.wsgi:application"], env=os.environ | {"MALLOC_ARENA_MAX": "2"})
    try:
        for _ in range(1200):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.1)
        else:
            raise TimeoutError("the server does not answer")
        yield server.pid
    finally:
        server.terminate()
        server.wait(60)


def addresses(made: dict[str, list]) -> dict[str, list[str]]:
    """Every list and detail page and the panels they fetch, with the filters, sorts and tabs that people use."""
    sessions, cases = made["sessions"], made["cases"]
    found = {
        "home": ["/"],
        "cases": ["/cases/", "/cases/?sort=name", "/cases/?state=draft&page=3", "/cases/?sort=-sessions"],
        "cases: search": ["/cases/?q=number+77", "/cases/?q=slow"],
        "library": ["/library/", "/library/?sort=state", "/library/?category=network&system=bank", "/library/?page=7"],
        "library: map": ["/library/?view=map"],
        "library: what next": ["/library/?view=next"],
        "library: duplicates": ["/panels/library/duplicates/"],
        "library: import": ["/library/import/"],
        "case": [f"/cases/{pk}/" for pk in cases],
        "case: sandbox panel": [f"/panels/cases/{pk}/sandbox/" for pk in cases],
        "patches": ["/patches/", "/patches/?show=open", "/patches/?sort=title"],
        "merge queue": ["/patches/queue/"],
        "patch": [f"/patches/{pk}/" for pk in made["patches"]],
        "patch: evidence": [f"/patches/{pk}/?tab=evidence" for pk in made["patches"]],
        "regression": [f"/regressions/{pk}/" for pk in made["regressions"]],
        "compare": [f"/compare/{old}/{new}/" for old, new in made["compared"]],
        "exploration": [f"/explorations/{pk}/" for pk in made["explorations"]],
        "snapshot": [f"/cases/{pk}/snapshot/" for pk in cases],
        "versions": ["/knowledge/"],
        "rules": ["/rules/", "/rules/?sort=-fired"],
        "insight": ["/knowledge/insight/"],
        "score review": ["/review/"],
        "agreement": ["/agreement/", "/agreement/?cell=fp", "/agreement/?dimension=evidence&why=random"],
        "quadrants": ["/agreement/quadrants/", "/agreement/quadrants/?cell=lucky&system=bank"],
        "lab": ["/lab/"],
        "search": ["/search/?q=slow", "/search/?q=1000077", "/search/?q=number+77"],
        "audit log": ["/settings/log/", "/settings/log/?action=confirmed", "/settings/log/?page=5"],
        "session: sandbox panel": [f"/panels/sessions/{pk}/sandbox/" for pk in sessions],
    }
    for tab in ("transcript", "scores", "chain", "rules", "annotations", "raw"):
        found[f"session: {tab}"] = [f"/sessions/{pk}/?tab={tab}" for pk in sessions]
    return found


def open_to(user, pages: dict[str, list[str]]) -> dict[str, list[str]]:
    from cases.access import has_role

    return {name: found for name, found in pages.items() if has_role(user, *NOT_OF_ALL.get(name, ()))}


def cookie(user) -> str:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from cloudmate.signed_in import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"sessionid={session.session_key}"


class Alone(NamedTuple):
    """One visit with nobody else there, in this process."""

    queries: int
    asked_ms: float  # in the queries, waiting included
    computed_ms: float  # of this process's processor: the same however busy the machine is
    answered_ms: float  # of PostgreSQL's processor, likewise


def alone(user, pages: dict[str, list[str]], *, told: bool) -> dict[str, Alone]:
    """What one visit of each page takes; with ``told``, its slow queries are printed."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    backend = connection.connection.info.backend_pid
    found = {}
    for name, choices in pages.items():
        asked_for = (choices * 6)[:6]
        client.get(choices[0])
        began = time.process_time()
        answered = processor.of_thread_leader(backend)
        for address in asked_for:
            client.get(address)
        computed = time.process_time() - began
        answered = processor.of_thread_leader(backend) - answered
        with CaptureQueriesContext(connection) as asked:
            client.get(choices[0])
        waited = sum(1000 * float(query["time"]) for query in asked.captured_queries)
        found[name] = Alone(len(asked), waited, 1000 * computed / len(asked_for), 1000 * answered / len(asked_for))
        for query in asked.captured_queries if told else ():
            if float(query["time"]) >= 0.005:
                print(f"   {name}: {1000 * float(query['time']):.0f} ms  {query['sql'][:1500]}\n")
    return found


def sweeps() -> dict[str, tuple[int, float]]:
    """Queries and milliseconds of each question that a worker asks every few seconds; what they write is taken back."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from cases.evaluation import run as evaluation
    from rules import critiques
    from rules import work as loop
    from sandbox import guess, guidance, work

    questions = {
        "evaluate: due": lambda: evaluation.due().exists(),
        "freeze": work.freeze_recorded,
        "guidance": guidance.offer_finished,
        "close regressions": work.close_regressions,
        "guess: due": lambda: guess.due().count(),
        "work: due": work.due,
        "critiques: refused": lambda: critiques.refused().first(),
        "critiques: wanted": lambda: next(critiques.wanted(), None),
        "retest stale": loop.retest_stale,
        "explore failures": loop.explore_failures,
        "run open cases": loop.run_open_cases,
    }
    found = {}
    for name, ask in questions.items():
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            ask()
            transaction.set_rollback(True)
        found[name] = (len(asked), 1000 * (time.perf_counter() - began))
    return found


def told(title: str, answers: crowd.Answers, visits: dict[str, Alone]) -> None:
    rate = answers.count / answers.seconds
    print(f"\n{title}: {answers.count} requests in {answers.seconds:.0f} s, {rate:.0f} a second")
    print(
        f"{'page':<26}{'n':>6}{'median ms':>11}{'p95 ms':>9}{'queries':>9}{'in them ms':>12}{'Django cpu ms':>15}{'SQL cpu ms':>12}"
    )
    for name, times in [*sorted(answers.times.items()), ("all", [*chain(*answers.times.values())])]:
        middle, late = crowd.percentile(times, 50), crowd.percentile(times, 95)
        line = f"{name:<26}{len(times):>6}{middle:>11.0f}{late:>9.0f}"
        if visit := visits.get(name):
            line += f"{visit.queries:>9}{visit.asked_ms:>12.1f}{visit.computed_ms:>15.1f}{visit.answered_ms:>12.1f}"
        print(line)
    for address, status in answers.wrong[:5]:
        print(f"  NOT 200: {address} {status}")


def visited(
    title: str, port: int, people: list[crowd.Person], seconds: float, wait: float, server: int
) -> crowd.Answers:
    """The crowd's answers; and where a request's processor time went, printed."""
    from django.db import connection

    connection.ensure_connection()
    parts = {"server": server, "PostgreSQL": processor.parent(connection.connection.info.backend_pid)}
    before = {name: processor.spent(pid) for name, pid in parts.items()}
    own = time.process_time()
    answers = crowd.visit(port, people, seconds=seconds, wait=wait)
    took = {name: processor.spent(pid) - before[name] for name, pid in parts.items()}
    took["clients"] = time.process_time() - own
    each = ", ".join(f"{name} {1000 * seconds / answers.count:.1f}" for name, seconds in took.items())
    print(f"\n{title}: processor ms of a request: {each}")
    return answers


def filled(size, keep: Path | None) -> dict[str, list]:
    """What ``crowded.seed`` made, now or in an earlier run with the same ``keep``."""
    from tests.benchmarks import crowded

    kept = keep / "made.json" if keep else None
    if kept and kept.exists():
        return json.loads(kept.read_text())
    began = time.monotonic()
    made = crowded.seed(size)
    print(f"filled in {time.monotonic() - began:.0f} s")
    if kept:
        kept.write_text(json.dumps(made))
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=Path, help="fill once, and keep the database in this folder for the next run")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--only", nargs="*", help="pages whose name begins so")
    parser.add_argument("--slow", action="store_true", help="print queries of 5 ms and more")
    parser.add_argument("--sweeps", action="store_true", help="time the workers' questions as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, postgres(options.keep) as url:
        os.environ |= {"CLOUDMATE_DATABASE_URL": url, "CLOUDMATE_DATA": data, "CLOUDMATE_LOG_LEVEL": "WARNING"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "cloudmate.settings"
        subprocess.run([sys.executable, "manage.py", "prepare"], check=True, stdout=subprocess.DEVNULL)
        import django

        django.setup()
        from django.contrib.auth import get_user_model

        from tests.benchmarks import crowded

        made = filled(crowded.QUICK if options.quick else crowded.FULL, options.keep)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        pages = addresses(made)
        if options.only:
            pages = {name: found for name, found in pages.items() if name.startswith(tuple(options.only))}
        users = get_user_model().objects.filter(pk__in=made["people"][:PEOPLE]).order_by("pk")
        people = [crowd.Person(cookie(user), open_to(user, pages)) for user in users]
        visits = alone(users[0], pages, told=options.slow)
        port = free_port()
        with served(port) as server:
            crowd.visit(port, people[:2], seconds=4, wait=0)
            for title, wait in (("16 people who wait 1 s", 1), ("closed loop of 16", 0)):
                told(title, visited(title, port, people, options.seconds, wait, server), visits)
        if options.sweeps:
            print(f"\n{'question of a sweep':<26}{'queries':>9}{'ms':>9}")
            for name, (many, took) in sweeps().items():
                print(f"{name:<26}{many:>9}{took:>9.0f}")


if __name__ == "__main__":
    main()
