"""How faults beneath and beside the services are found. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import (
    LATEST,
    NO_LOCKS,
    NO_SLOW,
    PODS_RUN,
    USUAL_TRAFFIC,
    Expertise,
    Look,
    changed,
    errors,
    listed,
    series,
    slowest,
)

EXPERTISE: dict[str, Expertise] = {
    "network_delay": Expertise(
        (
            slowest(
                "{symptom}",
                r"trace [^\n]*",
                "requests take much longer than the work inside their spans",
                "Where is the time? Spans are short, the gaps between them are not.",
            ),
            series(
                "{node}",
                "the round trip of {node} is many times its usual value",
                "Gaps between spans mean network: compare the nodes.",
                "cause",
            ),
            listed("pods", r".*Running.* {node}", "pods of several services run on {node}", "Who is on that node?"),
            NO_SLOW,
            USUAL_TRAFFIC,
        ),
        "move pods off {node} and mend its link",
        "raise time-outs",
        {"missing_index": "no statement has a slow plan"},
    ),
    "network_policy_block": Expertise(
        (
            errors(
                "{blocked}",
                r"to {target} failed: connect timeout after \d+ms",
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
                r"Connection timed out after \d+ ms",
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
            changed("{policy}", "policy", "the policy was created right before", "Is the policy new?"),
        ),
        "allow {blocked} in {policy}",
        rejected={"bad_deploy_error": "{target} answers other sources"},
    ),
    "unschedulable_pod": Expertise(
        (
            series(
                "{component}", "the replica of {component} that is left is at its limit", "What limits the service?"
            ),
            listed(
                "pods", r"{component}-.*Pending.*", "replicas of {component} are pending", "Are all replicas there?"
            ),
            listed(
                "events",
                r".*FailedScheduling +pod/{component}.*Insufficient cpu.*",
                "no node has the CPU that pods of {component} ask for",
                "Why are they pending?",
                "cause",
            ),
            Look(
                "describe_resource",
                {"resource_type": "deployments", "name": "{component}"},
                r"Requests:\n      cpu:     \d+m",
                "{component} asks for more CPU a pod than most nodes have left",
                "How much do they ask for?",
            ),
            USUAL_TRAFFIC,
        ),
        "set the CPU request of {component} back",
        rejected={"more traffic": "traffic is as usual"},
    ),
    "noisy_neighbour": Expertise(
        (
            slowest(
                "{symptom}",
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
            changed("{job}", "job", "{job} was started right before", "Since when?"),
            USUAL_TRAFFIC,
        ),
        "limit the CPU of {job} or move it to nodes of its own",
        "add replicas",
        {"inefficient_code": "traffic is as usual, and only replicas on {node} are slow"},
    ),
    "dependency_slow": Expertise(
        (
            slowest(
                "{caller}",
                r"{component}: [^\n]*",
                "the time is spent in calls to {component}",
                "Where is the time spent?",
            ),
            series(
                "{component}",
                "answers of {component} take many times longer than before",
                "Since when is the provider slow?",
                "cause",
            ),
            Look(
                "get_metrics",
                {"service": "{caller}", "metric": "cpu_utilisation"},
                LATEST,
                "{caller} itself is idle",
                "Or is our own client the slow part?",
                "exclusion",
            ),
        ),
        "degrade gracefully without {component}, and call the provider",
        "raise the time-out of {caller}",
        {"inefficient_code": "{caller} is idle while it waits"},
    ),
    "cache_unavailable": Expertise(
        (
            Look(
                "get_logs",
                {"service": "{reader}", "level": "warn"},
                r"cache {component}:\d+ connect failed: Connection refused",
                "services cannot reach {component}",
                "What do the slow services complain of?",
            ),
            listed(
                "pods",
                r"{component}-0 .*CrashLoopBackOff.*",
                "{component} crashes again and again",
                "Is the cache running?",
            ),
            errors(
                "{component}",
                r"(?m)ERROR {component}-0 .*$",
                "{component} cannot load its file at start",
                "Why does it crash?",
                "cause",
            ),
            NO_SLOW,
        ),
        "restore the file of {component}, or start it empty",
        rejected={"missing_index": "no statement has a slow plan"},
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
            errors(
                "{consumer}",
                r"cannot decode message \d+ from {queue}: [^\n]*redelivered=true\)",
                "consumers fail on the same few messages and put them back",
                "Why do the consumers not keep up?",
                "cause",
            ),
            Look(
                "get_metrics",
                {"service": "{consumer}", "metric": "cpu_utilisation"},
                LATEST,
                "{consumer} is not short of CPU",
                "Are there simply too few consumers?",
                "exclusion",
            ),
        ),
        "move the malformed messages to a dead-letter queue",
        "add consumers",
        {"inefficient_code": "{consumer} is not short of CPU"},
    ),
    "disk_full": Expertise(
        (
            errors(
                "{component}", r"No space left on device", "{component} cannot extend its files", "Why do writes fail?"
            ),
            Look(
                "get_metrics",
                {"service": "{component}", "metric": "disk_used_ratio"},
                r"(?m)^.*Z,1\.0000$",
                "the disk of {component} is full",
                "How fast did it fill?",
            ),
            Look(
                "get_database_storage",
                {},
                r"(?m)^ {slot} .*$",
                "slot {slot} is inactive and keeps the log that fills the disk",
                "What uses the disk?",
                "cause",
            ),
            NO_LOCKS,
        ),
        "drop slot {slot}",
        "enlarge the disk of {component}",
        {"long_transaction_lock": "no session waits for a lock"},
    ),
    "no_fault": Expertise(
        (
            Look("get_alerts", {}, r"\[\]", "no alert fires", "Is anything wrong now?", "exclusion"),
            series(
                "{edge}", "traffic, errors and latency at the edge are as usual", "What did users feel?", "exclusion"
            ),
            PODS_RUN,
            NO_SLOW,
            NO_LOCKS,
        ),
        "",
    ),
}
