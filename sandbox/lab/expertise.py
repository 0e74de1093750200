"""How a person who knows such systems looks into each class of fault: which call, what it shows, and why. No Django here.

Looks hold for a class and name nothing: {names} are filled from the incident, and what a look shows is
found in the tool's answer by its pattern; a look whose pattern is not there is an error of the lab.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Look:
    tool: str
    arguments: dict[str, Any]
    shows: str  # pattern; its match is the quote
    says: str
    why: str
    role: str = "link"  # cause, link (between cause and symptom, in this order), exclusion


@dataclass(frozen=True)
class Expertise:
    looks: tuple[Look, ...]
    remedy: str
    tempting: str = ""  # a symptomatic measure that does not help
    rejected: dict[str, str] = field(default_factory=dict)  # hypothesis -> reason


POOL = Look(
    "get_pool_status",
    {"service": "{suspect}"},
    r"active: \d+\n  idle: \d+\n  waiting: \d+",
    "every connection of {suspect} is lent out and requests wait for one",
    "The alert is about this pool: see whether connections are really all in use.",
)
NO_LOCKS = Look(
    "get_lock_waits",
    {},
    r"\(0 rows\)",
    "no session waits for a lock",
    "Connections held long may wait for locks: rule it out.",
    "exclusion",
)
NO_SLOW = Look(
    "get_slow_queries",
    {},
    r"-- no entries --",
    "no statement is slow",
    "If statements were slow, connections would be held long: rule it out.",
    "exclusion",
)
USUAL_TRAFFIC = Look(
    "get_metrics",
    {"service": "{suspect}", "metric": "requests_per_second"},
    r"(?s)requests_per_second\n\S+",
    "traffic of {suspect} is as usual",
    "Does more traffic explain the pool? Compare with before.",
    "exclusion",
)
POOL_WAIT = Look(
    "get_metrics",
    {"service": "{suspect}", "metric": "db_pool_wait_ms"},
    r"\S+$",
    "requests to {suspect} wait for a connection until they give up",
    "How long do requests wait for a connection?",
)

EXPERTISE: dict[str, Expertise] = {
    "missing_index": Expertise(
        (
            POOL,
            Look(
                "get_slow_queries",
                {},
                r"Seq Scan on {table}[^\n]*\n[^\n]*\n[^\n]*Rows Removed by Filter: \d+",
                "a statement on {table} reads the whole table for a few rows",
                "A pool is full when connections come back late: look which statements hold them.",
                "link",
            ),
            Look(
                "describe_table",
                {"table": "{table}"},
                r"(?s)Indexes:\n.*?\nRows \(estimate\): \d+",
                "{table} has no index on {column}",
                "A sequential scan for few rows: is there an index on the column of the filter?",
                "cause",
            ),
            NO_LOCKS,
            USUAL_TRAFFIC,
        ),
        "create an index on {table} ({column})",
        "raise the limit of the pool of {suspect}",
        {"connection_pool_too_small": "traffic is as usual; a larger pool only sends more scans to the database"},
    ),
    "connection_leak": Expertise(
        (
            POOL,
            Look(
                "get_database_connections",
                {"service": "{suspect}"},
                r"(?m)^.*idle in transaction \| 00:(?:0[2-9]|[1-5]\d):.*$",
                "sessions of {suspect} sit idle in transaction for minutes: nobody gives them back",
                "Which sessions hold the connections, and what do they do?",
                "cause",
            ),
            NO_SLOW,
            NO_LOCKS,
            USUAL_TRAFFIC,
            Look(
                "get_changes",
                {"service": "{component}"},
                r"(?m)^.*deploy .*$",
                "{component} was deployed right before",
                "Since when are they lost? Look for a deployment.",
                "link",
            ),
        ),
        "roll {component} back and return connections in every path",
        "raise the limit of the pool of {suspect}",
        {"connection_pool_too_small": "a larger pool is used up too, only later"},
    ),
    "long_transaction_lock": Expertise(
        (
            POOL,
            Look(
                "get_lock_waits",
                {},
                r"(?m)^.*\| {holder} .*$",
                "writers of {suspect} wait for rows on {table} that a transaction of {holder} holds",
                "Connections held long without slow plans: who waits for whom?",
                "link",
            ),
            Look(
                "get_database_connections",
                {"service": "{holder}"},
                r"(?m)^.*\| {holder} .*idle in transaction.*$",
                "a session of {holder} keeps its transaction open, idle, for many minutes",
                "What does the blocking session do?",
                "cause",
            ),
            NO_SLOW,
            USUAL_TRAFFIC,
        ),
        "end the transaction of {holder} and set idle_in_transaction_session_timeout",
        "raise the limit of the pool of {suspect}",
        {"connection_pool_too_small": "more connections would wait for the same rows"},
    ),
    "connection_pool_too_small": Expertise(
        (
            Look(
                "get_metrics",
                {"service": "{suspect}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "{suspect} gets a multiple of its usual traffic and its pool is at the limit",
                "Has traffic changed, and since when?",
                "cause",
            ),
            POOL,
            NO_SLOW,
            NO_LOCKS,
            Look(
                "get_database_connections",
                {"service": "{suspect}"},
                r"(?m)^.*idle in transaction \| 00:00:0\d.*$",
                "sessions work for moments and come back: none is stuck",
                "Are connections lost or merely busy?",
                "exclusion",
            ),
            Look(
                "get_metrics",
                {"service": "{database}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "the database has processors to spare",
                "Could the database carry more connections?",
                "exclusion",
            ),
        ),
        "raise DB_POOL_MAX of {suspect}: the database has room",
    ),
    "bad_deploy_error": Expertise(
        (
            Look(
                "get_traces",
                {"service": "{symptom}"},
                r"{component}: [^\n]*error=[^\n]*",
                "the failing span is in {component}",
                "Where in the call chain does it fail first?",
            ),
            Look(
                "get_logs",
                {"service": "{component}", "level": "error"},
                r"unhandled exception in request handler: [^\n]*",
                "{component} throws an exception it does not handle",
                "What does the failing service say?",
                "cause",
            ),
            Look(
                "get_changes",
                {"service": "{component}"},
                r"(?m)^.*deploy .*$",
                "{component} was deployed right before the errors began",
                "Is it new? Look for a deployment.",
            ),
        ),
        "roll {component} back",
        "restart {component}",
    ),
    "inefficient_code": Expertise(
        (
            Look(
                "get_traces",
                {"service": "{symptom}"},
                r"{component}: [^\n]*",
                "time is spent in {component}",
                "Where is the time spent?",
            ),
            Look(
                "get_metrics",
                {"service": "{component}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "{component} is at its CPU limit with its usual traffic",
                "Why is it slow: more work, or more per request?",
                "cause",
            ),
            Look(
                "get_changes",
                {"service": "{component}"},
                r"(?m)^.*deploy .*$",
                "{component} was deployed right before",
                "CPU per request jumped: look for a new version.",
            ),
        ),
        "roll {component} back",
        "add replicas of {component}",
    ),
    "memory_leak_oom": Expertise(
        (
            Look(
                "get_resources",
                {"resource_type": "events"},
                r"(?m)^.*OOMKilling +pod/{component}.*$",
                "containers of {component} are killed for memory, repeatedly",
                "Containers restart: what do the events say?",
            ),
            Look(
                "get_metrics",
                {"service": "{component}", "metric": "memory_mb"},
                r"(?m)^.*Z,\d+$",
                "memory of {component} climbs to the limit and falls with each kill",
                "One large request, or steady growth?",
                "cause",
            ),
            Look(
                "get_changes",
                {"service": "{component}"},
                r"(?m)^.*deploy .*$",
                "{component} was deployed before growth began",
                "Since when does it grow?",
            ),
        ),
        "roll {component} back and free what requests keep",
        "raise the memory limit of {component}",
    ),
    "wrong_configuration_value": Expertise(
        (
            Look(
                "get_logs",
                {"service": "{component}", "level": "error"},
                r"call [^\n]* to {target} failed: deadline exceeded after \d+ms",
                "{component} gives up on {target} after a very short time",
                "What does the failing service say?",
            ),
            Look(
                "get_metrics",
                {"service": "{target}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "{target} itself is as fast as before",
                "Is the callee slow? Compare with before.",
                "exclusion",
            ),
            Look(
                "get_config",
                {"service": "{component}"},
                r"(?m)^{key}: \d+$",
                "the time-out for {target} is far below what calls need",
                "The callee is healthy: check the caller's settings.",
                "cause",
            ),
            Look(
                "get_changes",
                {"service": "{component}"},
                r"(?m)^.*config .*$",
                "the configuration of {component} was changed right before",
                "Who changed it, and when?",
            ),
        ),
        "set {key} of {component} back",
        "add replicas of {target}",
    ),
    "invalid_credentials": Expertise(
        (
            Look(
                "get_logs",
                {"service": "{component}", "level": "error"},
                r'password authentication failed for user "{component}"',
                "the database refuses the password of {component}",
                "Why do requests fail?",
            ),
            Look(
                "get_config",
                {"service": "{component}"},
                r"(?m)^DB_PASSWORD_FROM: .*$",
                "{component} uses version 3 of its password",
                "Which password does the service use?",
                "cause",
            ),
            Look(
                "get_config",
                {"service": "{database}"},
                r"(?m)^role\.{component}\.password_version: 4$",
                "the database expects version 4",
                "And which one does the database accept?",
            ),
            Look(
                "get_changes",
                {},
                r"(?m)^.*rotation of database role passwords.*$",
                "passwords were rotated right before",
                "When did they part?",
            ),
        ),
        "give {component} the new secret and restart it",
    ),
    "network_delay": Expertise(
        (
            Look(
                "get_traces",
                {"service": "{symptom}"},
                r"trace [^\n]*",
                "requests take much longer than the work inside their spans",
                "Where is the time? Spans are short, the gaps between them are not.",
            ),
            Look(
                "get_metrics",
                {"service": "{node}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "the round trip of {node} is hundreds of times its usual value",
                "Gaps between spans mean network: compare the nodes.",
                "cause",
            ),
            Look(
                "get_resources",
                {"resource_type": "pods"},
                r"(?m)^.*Running.* {node}$",
                "pods of several services run on {node}",
                "Who is on that node?",
            ),
        ),
        "move pods off {node} and mend its link",
        "raise time-outs",
    ),
    "network_policy_block": Expertise(
        (
            Look(
                "get_logs",
                {"service": "{blocked}", "level": "error"},
                r"to {target} failed: connect timeout after 1000ms",
                "{blocked} cannot connect to {target}",
                "What does the caller say?",
            ),
            Look(
                "check_connectivity",
                {"target": "{target}"},
                r"open",
                "{target} itself listens: another source connects",
                "Is the callee down, or unreachable from here only?",
                "exclusion",
            ),
            Look(
                "check_connectivity",
                {"source": "{blocked}", "target": "{target}"},
                r"Connection timed out after 1000 ms",
                "a connection from {blocked} to {target} times out",
                "Try from the caller.",
            ),
            Look(
                "describe_resource",
                {"resource_type": "networkpolicies", "name": "{policy}"},
                r"(?s)PodSelector:     app={target}.*Policy Types: Ingress",
                "policy {policy} allows other callers of {target}, not {blocked}",
                "Time-outs instead of refusals mean packets are dropped: look at policies.",
                "cause",
            ),
            Look(
                "get_changes",
                {"service": "{policy}"},
                r"(?m)^.*networkpolicy/{policy} created.*$",
                "the policy was created right before",
                "Is the policy new?",
            ),
        ),
        "allow {blocked} in {policy}",
    ),
    "unschedulable_pod": Expertise(
        (
            Look(
                "get_resources",
                {"resource_type": "pods"},
                r"(?m)^{component}-.*Pending.*$",
                "replicas of {component} are pending",
                "Are all replicas there?",
            ),
            Look(
                "get_resources",
                {"resource_type": "events"},
                r"(?m)^.*FailedScheduling +pod/{component}.*Insufficient cpu.*$",
                "no node has the CPU that pods of {component} ask for",
                "Why are they pending?",
                "cause",
            ),
            Look(
                "describe_resource",
                {"resource_type": "deployments", "name": "{component}"},
                r"Requests:\n      cpu:     \d+m",
                "{component} requests {request} CPU a pod",
                "How much do they ask for?",
            ),
            Look(
                "get_metrics",
                {"service": "{component}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "the replica that is left is at its limit",
                "Does the lack of replicas explain the symptom?",
            ),
        ),
        "set the CPU request of {component} back",
    ),
    "noisy_neighbour": Expertise(
        (
            Look(
                "get_traces",
                {"service": "{symptom}"},
                r"trace [^\n]*",
                "some requests are far slower than others",
                "Is everything slow, or some replicas?",
            ),
            Look(
                "get_resource_usage",
                {"resource_type": "nodes"},
                r"(?m)^{node} .*$",
                "{node} has no processor left",
                "Slow by replica means slow by node: compare the nodes.",
            ),
            Look(
                "get_resource_usage",
                {"resource_type": "pods"},
                r"(?m)^{job}-0 .*$",
                "{job} takes most of {node}",
                "Who uses it?",
                "cause",
            ),
            Look("get_changes", {}, r"(?m)^.*job {job} started.*$", "{job} was started right before", "Since when?"),
        ),
        "limit the CPU of {job} or move it to nodes of its own",
        "add replicas",
    ),
    "dependency_slow": Expertise(
        (
            Look(
                "get_traces",
                {"service": "{caller}"},
                r"{component}: [^\n]*",
                "the time is spent in calls to {component}",
                "Where is the time spent?",
            ),
            Look(
                "get_metrics",
                {"service": "{component}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "answers of {component} take many times longer than before",
                "Since when is the provider slow?",
                "cause",
            ),
            Look(
                "get_metrics",
                {"service": "{caller}", "metric": "cpu_utilisation"},
                r"(?m)^.*Z,0\.\d+$(?=\n\Z)",
                "{caller} itself is idle",
                "Or is our own client the slow part?",
                "exclusion",
            ),
        ),
        "shorten the time-out, degrade gracefully and call the provider {component}",
    ),
    "cache_unavailable": Expertise(
        (
            Look(
                "get_logs",
                {"service": "shelf", "level": "warn"},
                r"cache {component}:6379 connect failed: Connection refused",
                "services cannot reach {component}",
                "What do the slow services complain of?",
            ),
            Look(
                "get_resources",
                {"resource_type": "pods"},
                r"(?m)^{component}-0 .*CrashLoopBackOff.*$",
                "{component} crashes again and again",
                "Is the cache running?",
            ),
            Look(
                "get_logs",
                {"service": "{component}", "level": "error"},
                r"(?m)ERROR {component}-0 .*$",
                "{component} cannot load its file at start",
                "Why does it crash?",
                "cause",
            ),
        ),
        "restore the file of {component}, or start it empty",
    ),
    "poison_message": Expertise(
        (
            Look(
                "get_queue_status",
                {},
                r"(?m)^{queue} .*$",
                "{queue} fills up and messages are delivered again and again",
                "More coming in, or less going out?",
            ),
            Look(
                "get_logs",
                {"service": "{consumer}", "level": "error"},
                r"cannot decode message \d+ from {queue}: [^\n]*redelivered=true\)",
                "consumers fail on the same few messages and put them back",
                "Why do the consumers not keep up?",
                "cause",
            ),
            Look(
                "get_metrics",
                {"service": "{consumer}", "metric": "cpu_utilisation"},
                r"(?m)^.*Z,0\.\d+$(?=\n\Z)",
                "{consumer} is not short of CPU",
                "Are there simply too few consumers?",
                "exclusion",
            ),
        ),
        "move the malformed messages to a dead-letter queue",
        "add consumers",
    ),
    "disk_full": Expertise(
        (
            Look(
                "get_logs",
                {"service": "{component}", "level": "error"},
                r"No space left on device",
                "{component} cannot extend its files",
                "Why do writes fail?",
            ),
            Look(
                "get_database_storage",
                {},
                r"(?m)^ {slot} .*$",
                "slot {slot} is inactive and keeps the log that fills the disk",
                "What uses the disk?",
                "cause",
            ),
            Look(
                "get_metrics",
                {"service": "{component}", "metric": "disk_used_ratio"},
                r"(?m)^.*Z,1\.0000$",
                "the disk of {component} is full",
                "How fast did it fill?",
            ),
        ),
        "drop slot {slot}",
        "enlarge the disk of {component}",
    ),
    "no_fault": Expertise(
        (
            Look("get_alerts", {}, r"\[\]", "no alert fires", "Is anything wrong now?", "exclusion"),
            Look(
                "get_metrics",
                {"service": "{edge}"},
                r"(?m)^.*Z,\S+$(?=\n\Z)",
                "traffic, errors and latency at the edge are as usual",
                "What did users feel?",
                "exclusion",
            ),
            Look(
                "get_resources",
                {"resource_type": "pods"},
                r"(?m)^.*1/1 +Running.*$",
                "all pods run",
                "Are all parts there?",
                "exclusion",
            ),
            Look(
                "get_slow_queries",
                {},
                r"-- no entries --",
                "no statement is slow",
                "Is the database slow?",
                "exclusion",
            ),
            Look(
                "get_logs",
                {"service": "{edge}", "level": "error"},
                r"(?s)\S.*",
                "errors in the log are telemetry noise",
                "Does the edge log failures?",
                "exclusion",
            ),
        ),
        "",
    ),
}
