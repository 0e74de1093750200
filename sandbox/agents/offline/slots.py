"""What an argument of a tool stands for, told from its name. No Django here."""

from __future__ import annotations

import re
from functools import lru_cache

ROLES = tuple(
    (re.compile(form), role)
    for form, role in (
        (r"^(namespace|ns|namespace_name)$", "namespace"),
        (r"^(resource_type|kind|resource_kind|object_type|type)$", "kind"),
        (r"^(node|node_name|host|hostname|machine|instance_id)$", "node"),
        (r"^(pod|pod_name|pod_id)$", "pod"),
        (r"^(unit|unit_name|daemon|system_service)$", "unit"),
        (r"^(source|src|caller|client|source_service|source_pod|from_service)$", "caller"),
        (r"^(service|service_name|app|app_name|application|component|workload|workload_name|deployment|deployment_name|container_name|resource_name|target|job|db|database|db_instance|instance|server|subsystem)$", "component"),
        (r"^(name|object|object_name|resource|keyword)$", "object"),
        (r"^(port|port_number)$", "port"),
        (r"^(lines|tail|tail_lines|limit|count|top|n|max_results|num|last)$", "count"),
        (r"^(start|end|since|until|from|to|start_time|end_time|start_datetime|end_datetime|time|window|minutes|duration|lookback|range|since_minutes)$", "time"),
        (r"^(query|expr|promql|sql|statement|pattern|filter|grep|search|regex|match|text|contains)$", "query"),
        (r"^(metric|metric_name|measure|series)$", "metric"),
        (r"^(trace_id|span_id|id|request_id|finding_id)$", "id"),
        (r"^(output_wide|wide)$", "wide"),
    )
)  # fmt: skip


@lru_cache(maxsize=2048)
def role_of(name: str) -> str:
    """One of the roles above; "" for an argument whose name says nothing."""
    plain = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().strip("_-").replace("-", "_")
    return next((role for form, role in ROLES if form.match(plain)), "")
