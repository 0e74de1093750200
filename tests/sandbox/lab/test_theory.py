"""The simulator against theory, by formulas that are worked out here another way."""

import re
import xml.etree.ElementTree as ElementTree
from math import factorial
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sandbox.lab.quayside import quayside
from sandbox.lab.theory import drawing, page, studies

STUDIES = {study.fault: study for study in studies()}
DOCS = Path(__file__).resolve().parents[3] / "sandbox" / "lab" / "docs"


def many_servers(rate, servers=10, hold=0.05):
    """Mean wait in ms by summing the states of the M/M/c chain, 4,000 of them, and Little's law."""
    load = rate * hold
    weights = [load**n / factorial(n) for n in range(servers)]
    last = load**servers / factorial(servers)
    beyond = [last * (load / servers) ** n for n in range(4000)]
    waiting = sum(n * weight for n, weight in enumerate(beyond)) / (sum(weights) + sum(beyond))
    return 1000 * waiting / rate


def scan(rows):
    """Milliseconds of PostgreSQL's default costs: pages of 8 kB, rows of 150 bytes, 6 us a unit, one round trip."""
    return (rows * 150 / 8192 + rows * 0.01 + rows * 0.0025) * 0.006 + 0.4


def attempts(failing):
    return 1 + failing + failing**2 + failing**3


def heap(size):
    live = quayside().service("shelf").live_mb
    return 0.25 * live / (0.25 * live + size - live)


def sharing(cpu_ms):
    """Half the route to the basket and the whole of browsing search: 35 % of what the catalogue is asked."""
    asked = 600 * (0.40 + 0.12 + 0.08) * 0.35
    return cpu_ms / (1 - asked * cpu_ms / 1000 / 3 / 1.5)


@pytest.mark.parametrize(
    ("fault", "formula", "bound"),
    [
        ("missing_index", scan, 0.01),
        ("connection_pool_too_small", many_servers, 0.01),
        ("retry_storm", attempts, 1e-9),
        ("heap_too_small", heap, 0.001),
        ("inefficient_code", sharing, 0.15),  # traffic swings by two per cent, and the slower the more it tells
    ],
)
def test_the_simulator_gives_what_an_independent_formula_gives(fault, formula, bound):
    study = STUDIES[fault]
    assert study.simulated == pytest.approx([formula(x) for x in study.xs], rel=bound)


@pytest.mark.parametrize(
    ("fault", "slope"), [("poison_message", 600 * 0.08 * 0.97 - 4 / 0.19), ("connection_leak", 180 * 60 / 10_000)]
)
def test_what_builds_up_does_so_at_the_difference_of_the_rates(fault, slope):
    """Messages: 48 orders a second less three per cent, four consumers of 190 ms left. Connections: 180 requests a second."""
    study = STUDIES[fault]
    per_minute = slope * 60 if fault == "poison_message" else slope
    grown = (study.simulated[-1] - study.simulated[0]) / (study.xs[-1] - study.xs[0])
    assert grown == pytest.approx(per_minute, rel=0.15)


def test_a_replica_that_applies_less_falls_behind_in_proportion():
    lags = dict(zip(STUDIES["replication_lag"].xs, STUDIES["replication_lag"].simulated, strict=True))
    slope = (lags[20] - lags[180]) / 160
    assert (lags[20] - lags[100]) / 80 == pytest.approx(slope, rel=0.01)
    assert 600 * 0.3 < lags[180] < lags[20] < 600


def test_misses_reach_the_database_in_proportion():
    study = STUDIES["cache_too_small"]
    slopes = [
        (two - one) / (b - a)
        for one, two, a, b in zip(study.simulated, study.simulated[1:], study.xs, study.xs[1:], strict=False)
    ]
    assert slopes == pytest.approx([slopes[0]] * len(slopes), rel=0.1)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_no_study_deviates_by_more_than_it_states(study):
    assert study.deviation <= study.bound
    assert len(study.xs) == len(study.simulated) == len(study.theory) >= 5


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_a_drawing_has_a_dot_for_each_point_within_its_frame(study):
    root = ElementTree.fromstring(drawing(study))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(dots) == len(study.xs)
    assert all(0 <= x <= 420 and 0 <= y <= 240 for x, y in dots)


def test_the_page_in_the_docs_is_the_one_that_the_command_draws(tmp_path, capsys):
    call_command("lab", "theory", out=tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 10
    drawn = {
        path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.*") if path.is_file()
    }
    kept = {path.relative_to(DOCS).as_posix(): path.read_text() for path in DOCS.rglob("*.*") if path.is_file()}
    assert drawn == kept
    assert set(re.findall(r"theory/[\w]+\.svg", page(studies()))) == set(kept) - {"theory.md"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written: "):
        call_command("lab", "theory", out=tmp_path / "file")
