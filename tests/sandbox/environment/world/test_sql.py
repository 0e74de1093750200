import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.environment.world.base import BadQuery, NotCaptured, Unsupported, WorldSpec
from sandbox.environment.world.opening import Limits, Store
from sandbox.environment.world.sql import sql_query
from sandbox.environment.world.tables import build_tables
from tests.sandbox.environment.world.conftest import ALERT, at, rows

REFUSED = {
    "select * from read_csv('/etc/passwd')": "read_csv() as a table",
    "select * from read_parquet('x')": "read_parquet() as a table",
    "select * from glob('/*')": "glob() as a table",
    "select * from '/etc/passwd'": "table /etc/passwd",
    "select read_text('/etc/passwd')": "read_text()",
    "attach '/tmp/x.db'": "ATTACH",
    "copy logs to '/tmp/x'": "COPY",
    "install httpfs": "INSTALL",
    "load httpfs": "LOAD",
    "pragma version": "PRAGMA",
    "set threads = 4": "SET",
    "create table x as select 1": "CREATE",
    "delete from logs": "DELETE",
    "explain select 1": "EXPLAIN",
    "select getenv('HOME')": "getenv()",
    "select current_timestamp": "current_timestamp",
    "select current_date": "current_date",
    "select now()": "now()",
    "select today()": "today()",
    "select random()": "random()",
    "select uuid()": "uuid()",
    "select getvariable('now')": "getvariable()",
    "select current_setting('threads')": "current_setting()",
    "select * from frozen.logs": "frozen.logs",
    "select * from information_schema.tables": "information_schema.tables",
    "select * from duckdb_settings()": "duckdb_settings() as a table",
    "select * from sqlite_master": "table sqlite_master",
    "select * from sqlite_master, (with sqlite_master as (select 1) from sqlite_master)": "WITH sqlite_master",
    "select rowid from logs": "rowid",
    "select 1; select 2": "more than one statement",
    "with recursive r as (select 1 n union all select n + 1 from r) select * from r": "recursive cte node",
    "select * from logs tablesample 10%": "TABLESAMPLE",
    "select * from range(1000000000)": "range() as a table",
    "select repeat('x', 1000000000)": "repeat()",
    "select printf('%2000000000d', 1)": "printf() of a format that is no plain text, or wider than 999",
    "select printf('%' || 2000000000 || 'd', 1)": "printf() of a format that is no plain text, or wider than 999",
    "select printf('%*d', 2000000000, 1)": "printf() of a format that is no plain text, or wider than 999",
    "select format('{:>2000000000}', 'x')": "format()",
    "select at::blob from logs": "type blob",
    "select distinct on (component) line from logs": "DISTINCT ON",
    "select $$x$$": "$$ text",
    "describe logs": "SHOW, DESCRIBE and SUMMARIZE",
    "": "more than one statement",
}  # fmt: skip


def said(store, text, now=ALERT):
    return sql_query(store, text, now=now).rows


@pytest.mark.parametrize(("text", "word"), REFUSED.items())
def test_what_could_leave_the_world_is_refused_by_name(store, text, word):
    with pytest.raises(Unsupported) as refused:
        said(store, text)
    assert refused.value.word.lower() == word.lower()
    assert refused.value.page == "sql.md"


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM read_csv('/etc/hostname')", "ATTACH '/tmp/x.db'", "COPY (SELECT 1) TO '/tmp/x'", "SET threads = 2",
     "INSTALL httpfs", "CREATE TABLE frozen.x AS SELECT 1", "DELETE FROM frozen.logs", "SET enable_external_access = true"],
)  # fmt: skip
def test_the_database_itself_refuses_what_the_check_would_let_through(store, text):
    with pytest.raises(BadQuery):
        store.rows(text, now=ALERT)


def test_every_engine_reads_the_clock_of_the_world_only(store):
    assert said(store, "select max(at) from logs", at(-2)) == [(at(-3),)]
    assert said(store, "select max(at) from logs", at(9)) == [(at(4),)]


def test_when_something_will_end_is_not_known_before(store):
    assert said(store, "select until_at from topology", at(5.9)) == [(None,)]
    assert said(store, "select until_at from topology", at(6)) == [(at(6),)]


def test_a_span_is_there_once_it_ended(store):
    assert said(store, "select count(*) from spans", at(-5) + timedelta(milliseconds=79)) == [(0,)]
    assert said(store, "select count(*) from spans", at(-5) + timedelta(milliseconds=90)) == [(2,)]


def test_ties_are_ordered_by_every_column(store):
    text = "select component, level from logs order by level limit 3"
    assert said(store, text, at(9)) == [("cart", "error"), ("orders", "error"), ("orders", "error")]
    assert said(store, "select line from logs limit 1", at(9)) == [("connection refused",)]


def test_joins_windows_and_subqueries_are_answered(store):
    text = """with busy as (select component, avg(value) mean from metrics where metric = 'cpu_usage' group by all)
              select busy.component, round(mean, 3), rank() over (order by mean desc) from busy
              where exists (select 1 from logs where logs.component = busy.component and at > timestamp '2026-03-01 09:58')"""
    assert said(store, text) == [("orders", 0.5, 1)]


def test_a_table_that_was_not_captured_is_not_an_empty_one(store):
    with pytest.raises(NotCaptured, match=r"^slow_queries were not captured; this world holds alerts"):
        said(store, "select * from slow_queries")


def test_wrong_sql_is_said_in_words(store):
    for text, words in (
        ("selekt 1", "SQL: syntax error"),
        ("select nothing from logs", "Binder Error"),
        ("select '\ud800'", "SQL: Invalid Input Error"),
        ("select " + "abs(" * 900 + "1" + ")" * 900, "nested too deep|depth"),
        ("select to_days(2000000000)", "a value of the answer is out of range"),
    ):
        with pytest.raises(BadQuery, match=words):
            said(store, text)


@pytest.mark.parametrize(
    ("limits", "text", "words"),
    [
        (Limits(seconds=0.2), "select count(*) from metrics a, metrics b, metrics c, metrics d where a.value + b.value + c.value > d.value", "it took more than 0.2 s"),
        (Limits(memory_mb=16), "select list(concat(a.labels, b.at, c.value)) from metrics a, metrics b, metrics c", "it took more than 16 MB"),
        (Limits(rows=10), "select * from metrics", "more than 10 rows"),
    ],
)  # fmt: skip
def test_a_query_is_held_to_its_limits(spec, tmp_path, limits, text, words):
    with pytest.raises(BadQuery, match=words):
        said(Store(spec, tmp_path, limits), text)


def test_a_store_answers_after_it_hit_a_limit(spec, worlds):
    store = Store(spec, worlds, Limits(rows=10))
    with pytest.raises(BadQuery):
        said(store, "select * from metrics")
    assert said(store, "select count(*) from alerts") == [(1,)]


MOMENTS = st.integers(0, 40).map(lambda half: ALERT + timedelta(seconds=30 * half))
LINES = st.lists(
    st.tuples(MOMENTS, st.sampled_from(["cart", "orders", ""]), st.sampled_from(["info", "error"])), max_size=12
)
SPANS = st.lists(st.tuples(MOMENTS, st.integers(0, 600_000)), max_size=8)
LIVES = st.lists(st.tuples(MOMENTS, st.one_of(st.none(), MOMENTS)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(lines=LINES, spans=SPANS, lives=LIVES, now=MOMENTS)
def test_only_rows_that_are_past_are_seen_as_a_plain_filter_says(tmp_path_factory, lines, spans, lives, now):
    tables = build_tables(
        {
            "logs": [{"at": a, "component": c, "level": lvl, "line": "x"} for a, c, lvl in lines],
            "spans": [{"trace": "t", "span": str(k), "component": "c", "at": a, "duration_ms": d} for k, (a, d) in enumerate(spans)],
            "topology": [{"source": str(k), "target": "x", "from_at": a, "until_at": u} for k, (a, u) in enumerate(lives)],
        }
    )  # fmt: skip
    store = Store(WorldSpec(tables, {}, ALERT), tmp_path_factory.mktemp("w"))
    assert said(store, "select at, component, level from logs", now) == sorted(line for line in lines if line[0] <= now)
    ended = [(str(k),) for k, (a, d) in enumerate(spans) if a + timedelta(milliseconds=d) <= now]
    assert said(store, "select span from spans", now) == sorted(ended)
    seen = [(str(k), u if u and u <= now else None) for k, (a, u) in enumerate(lives) if a <= now]
    assert said(store, "select source, until_at from topology order by source", now) == seen
    store.close()


def test_rows_in_another_order_are_the_same_table():
    held = rows()["metrics"]
    shuffled = random.Random(1).sample(held, len(held))
    assert build_tables({"metrics": held})[0].digest == build_tables({"metrics": shuffled})[0].digest


def test_a_moment_is_never_that_of_the_system(store):
    answer = said(store, "select max(at) from metrics")[0][0]
    assert isinstance(answer, datetime) and answer == ALERT
