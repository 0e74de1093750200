"""The world of a lab incident: its tables frozen, and how each tool is answered from them. No Django here.

The lab's own tools are bound where an argument narrows what they show: a call that was never recorded is answered
as the recorded ones are, byte for byte. Beside them stand the query tools of a monitoring stack.
"""

from __future__ import annotations

from datetime import datetime

from cases.transcript import ToolSchema
from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.lab import tables
from sandbox.lab.incident import Incident
from sandbox.lab.schemas import text, tool
from sandbox.lab.views import overview

NOW = "(SELECT max(at) FROM metrics)"  # the minute that is shown last
STAMP = "'%Y-%m-%dT%H:%M:%SZ'"

_METRICS = f"""
WITH shown AS (
  SELECT at, metric, CAST(json_extract_string(labels, '$.panel') AS INTEGER) AS panel,
    CASE json_extract_string(labels, '$.digits') WHEN '0' THEN printf('%.0f', value) WHEN '1' THEN printf('%.1f', value)
      WHEN '2' THEN printf('%.2f', value) WHEN '3' THEN printf('%.3f', value) ELSE printf('%.4f', value) END AS printed
  FROM metrics WHERE component = '{{{{service}}}}'[[ AND metric = '{{{{metric}}}}']]
    [[ AND at > {NOW} - to_minutes({{{{minutes}}}})]]
), parts AS (
  SELECT 0 AS part, 'no series for {{{{service}}}}' AS line WHERE (SELECT count(*) FROM shown) = 0
  UNION ALL SELECT 1, '# {{{{service}}}}, step 60s, UTC' WHERE (SELECT count(*) FROM shown) > 0
  UNION ALL SELECT 2, 'time,' || string_agg(metric, ',' ORDER BY panel)
    FROM (SELECT DISTINCT metric, panel FROM shown) HAVING count(*) > 0
  UNION ALL SELECT 3, strftime(at, {STAMP}) || ',' || string_agg(printed, ',' ORDER BY panel) FROM shown GROUP BY at
)
SELECT line FROM parts ORDER BY part, line
"""
_LOGS = f"""
WITH kept AS (
  SELECT strftime(at, '%Y-%m-%dT%H:%M:%S.') || printf('%03d', date_part('millisecond', at) % 1000) || 'Z '
      || printf('%-5s', level) || ' ' || pod || ' ' || line AS line,
    row_number() OVER (ORDER BY at DESC, pod DESC, level DESC, line DESC) AS newest
  FROM logs WHERE component = '{{{{service}}}}'[[ AND level = upper('{{{{level}}}}')]]
    [[ AND at >= {NOW} - to_minutes({{{{minutes}}}} - 1)]]
), parts AS (
  SELECT -newest AS part, line FROM kept
    WHERE newest <= CASE upper('{{{{level|}}}}') WHEN 'ERROR' THEN 14 WHEN 'WARN' THEN 10 WHEN 'INFO' THEN 6 ELSE 26 END
  UNION ALL SELECT 0, '-- no entries --' WHERE (SELECT count(*) FROM kept) = 0
    AND (SELECT count(*) FROM logs WHERE component = '{{{{service}}}}') > 0
  UNION ALL SELECT 0, 'error: no log stream {{{{service}}}} in namespace ' || (SELECT min(namespace) FROM objects)
    WHERE (SELECT count(*) FROM logs WHERE component = '{{{{service}}}}') = 0
)
SELECT line FROM parts ORDER BY part
"""
_TRACES = f"""
WITH roots AS (
  SELECT trace, duration_ms, error, at, operation FROM spans
  WHERE parent = '' AND json_extract_string(attributes, '$.sampler') = '{{{{service}}}}'
    AND at > {NOW} - to_minutes({{{{minutes|10}}}})
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY duration_ms + CASE WHEN error THEN 10000 ELSE 0 END DESC) AS place,
    count(*) OVER () AS held FROM roots
), chosen AS (
  SELECT trace, at, operation, duration_ms, error, place AS shown FROM ranked WHERE place <= 2
  UNION ALL SELECT trace, at, operation, duration_ms, error, 3 FROM ranked WHERE place = held // 2 + 1
), printed AS (
  SELECT shown, '' AS span, 'trace ' || trace || '  ' || strftime(at, {STAMP}) || '  ' || operation || '  '
    || printf('%.1f', duration_ms) || ' ms' || CASE WHEN error THEN '  ERROR' ELSE '' END AS line FROM chosen
  UNION ALL SELECT chosen.shown, spans.span,
    left(printf('%99s', ''), 2 + 2 * CAST(json_extract_string(spans.attributes, '$.depth') AS INTEGER))
    || spans.component || ': ' || spans.operation || '  ' || printf('%.1f', spans.duration_ms) || ' ms'
    || coalesce('  error=' || json_extract_string(spans.attributes, '$.error'), '')
    FROM spans JOIN chosen ON chosen.trace = spans.trace
  UNION ALL SELECT shown, '~', '' FROM chosen WHERE shown < 3
  UNION ALL SELECT 1, '', 'no traces through {{{{service}}}} in the last {{{{minutes|10}}}} minutes'
    WHERE (SELECT count(*) FROM roots) = 0
)
SELECT line FROM printed ORDER BY shown, span
"""

BINDINGS: dict[str, Binding] = {
    "get_metrics": Binding("sql", _METRICS, "lines"),
    "get_logs": Binding("sql", _LOGS, "lines"),
    "get_traces": Binding("sql", _TRACES, "lines"),
    "query_metrics": Binding(
        "promql", "{{query}}", "csv", start="[[{{start}}]]", end="{{end|now}}", step="{{step|60s}}"
    ),
    "search_logs": Binding(
        "logs",
        "{{query}}",
        "table",
        start="{{start|now-1h}}",
        end="{{end|now}}",
        limit="{{limit|50}}",
        direction="tail",
    ),
    "find_traces": Binding(
        "traces",
        'search[[ component="{{service}}"]][[ operation="{{operation}}"]][[ min_duration="{{min_duration}}"]]'
        '[[ error="{{error}}"]][[ order="{{order}}"]]',
        "table",
        start="{{start|now-1h}}",
        end="{{end|now}}",
        limit="{{limit|20}}",
    ),
    "get_trace": Binding("traces", 'trace id="{{trace}}"', "table"),
    "run_sql": Binding("sql", "{{query}}", "table"),
}

_START = text("ISO time, or such as now-30m; without it an hour back")
_END = text("ISO time, or now")
QUERY_TOOLS: tuple[ToolSchema, ...] = (
    tool(
        "query_metrics",
        'PromQL over all metrics, such as error_ratio{component="shelf"} or max_over_time(latency_p95_ms[10m]).',
        ("query",),
        query=text("PromQL"),
        start=text("with it, one value a step from there to the end"),
        end=_END,
        step=text("such as 60s"),
    ),
    tool(
        "search_logs",
        'Log lines of all components by a LogQL selector with filters, such as {component="shelf", level="ERROR"} |= "timeout".',
        ("query",),
        query=text("LogQL, or grep and its arguments"),
        start=_START,
        end=_END,
        limit={"type": "integer", "minimum": 1, "maximum": 500, "description": "newest lines at most"},
    ),
    tool(
        "find_traces",
        "Traces that pass through a component or operation, by duration or error.",
        service=text("name of a service, store or provider"),
        operation=text("as spans name it"),
        min_duration=text("of a span, such as 500ms"),
        error=text("true or false"),
        order=text("slowest, newest or oldest"),
        start=_START,
        end=_END,
        limit={"type": "integer", "minimum": 1, "maximum": 100, "description": "traces at most"},
    ),
    tool("get_trace", "Every span of one trace.", ("trace",), trace=text("its id, as find_traces shows it")),
    tool(
        "run_sql",
        "One SELECT over the tables metrics, logs, spans, events, changes, objects, topology, slow_queries and alerts.",
        ("query",),
        query=text("SQL"),
    ),
)


def world_of(incident: Incident) -> WorldSpec:
    """The incident as it stands now, frozen: nothing of it is later, and its clock does not move on."""
    return WorldSpec(
        tables=build_tables(tables.rows(incident)),
        bindings=BINDINGS,
        alert_at=_alerted(incident),
        now=incident.at(incident.count),
        end=incident.at(incident.count),
        manifest={"made_by": "sandbox.lab", "sampled": {"spans": "some traces of each minute"}},
    )


def _alerted(incident: Incident) -> datetime:
    alert = overview.primary(incident)
    return incident.at(alert.since if alert else min(incident.onset + 1, incident.count - 1))
