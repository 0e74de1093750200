"""Every example of a page of documentation, asked of the small shop at its alert, gives what the page prints."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cases.calls import canonical
from sandbox.environment.world import sql, sql_allowed
from sandbox.environment.world.base import Binding
from sandbox.environment.world.promql import parsing
from sandbox.environment.world.world import open_world
from tests.sandbox.environment.world.conftest import ALERT

DOCS = Path(sql.__file__).parent / "docs"
EXAMPLE = re.compile(r"^```(promql|range|logs|traces|sql|objects)\n> (.*?)\n(?!> )(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = [(page.name, *found) for page in sorted(DOCS.glob("*.md")) for found in EXAMPLE.findall(page.read_text())]
BINDINGS = {engine: Binding(engine, "{{query}}", "csv") for engine in ("promql", "logs", "traces", "sql", "objects")}
BINDINGS["range"] = Binding("promql", "{{query}}", "csv", start="alert-2m", step="1m")


@pytest.mark.parametrize(("page", "tool", "query", "printed"), EXAMPLES)
def test_an_example_gives_what_its_page_prints(spec, worlds, page, tool, query, printed):
    world = open_world(replace(spec, bindings=BINDINGS), worlds)
    answer = world.answer(canonical(tool, {"query": query.replace("\n> ", "\n")}), now=ALERT)
    assert (answer.output, answer.is_error) == (printed, False)


def test_every_engine_has_a_page_with_examples():
    assert {page for page, *_ in EXAMPLES} == {"promql.md", "logs.md", "traces.md", "sql.md", "objects.md"}
    assert len(EXAMPLES) >= 25


def test_every_word_of_a_subset_is_on_its_page():
    said = set(re.findall(r"[\w]+", (DOCS / "promql.md").read_text()))
    assert {*parsing.WINDOWED, *parsing.MAPPED, *parsing.AGGREGATES} <= said
    named = set(re.findall(r"\w+", (DOCS / "sql.md").read_text()))
    assert {name for name in sql_allowed.FUNCTIONS if re.fullmatch(r"\w+", name)} - named <= {"count_star", *_ALIASES}


_ALIASES = {name for name in sql_allowed.FUNCTIONS if name.endswith("_escape")}
