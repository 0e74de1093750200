"""How limits, probes and starts that are set wrong are found. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import (
    TRAFFIC_AT_EDGE,
    USUAL_TRAFFIC,
    Expertise,
    changed,
    configured,
    described,
    errors,
    event,
    listed,
    series,
)

EXPERTISE: dict[str, Expertise] = {
    "memory_limit_too_low": Expertise(
        (
            event(
                "OOMKilling +pod/{component}.*",
                "containers of {component} are killed for memory, repeatedly",
                "Containers restart: what do the events say?",
                "link",
            ),
            series(
                "{component}",
                "memory stays below what it was before and is cut off",
                "Growth without end, or less room than usual?",
                metric="memory_mb",
            ),
            described(
                "{component}",
                r"memory:  \d+Mi\n    Requests",
                "the limit is below what {component} used before",
                "How much may it use?",
            ),
            changed("{component}", "config", "the deployment was changed right before", "Since when?"),
            USUAL_TRAFFIC,
        ),
        "set the memory limit of {component} back",
        rejected={"memory_leak_oom": "memory does not grow beyond what is usual"},
    ),
    "probe_misconfigured": Expertise(
        (
            event(
                "Killing +pod/{component}.*failed liveness probe.*",
                "containers of {component} are ended by their liveness probe",
                "Containers restart: what do the events say?",
                "link",
            ),
            series(
                "{component}",
                "{component} answers as fast as before",
                "Does it really hang?",
                "exclusion",
                metric="latency_p50_ms",
            ),
            described(
                "{component}",
                r"Liveness: [^\n]*",
                "the probe waits less than an answer takes",
                "What does the probe ask for?",
            ),
            changed("{component}", "config", "the deployment was changed right before", "Since when?"),
        ),
        "set the probe of {component} back",
        rejected={"memory_leak_oom": "no container is killed for memory"},
    ),
    "heap_too_small": Expertise(
        (
            series(
                "{component}", "{component} is at its CPU limit", "What limits the service?", metric="cpu_utilisation"
            ),
            series(
                "{component}",
                "most of its processor time goes into collecting garbage",
                "More work, or more garbage?",
                metric="gc_time_ratio",
            ),
            configured(
                "{component}",
                r"JAVA_TOOL_OPTIONS: -Xmx{value}",
                "its heap is limited to {value}",
                "How much heap may it use?",
            ),
            changed("{component}", "config", "settings of {component} were changed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "set the heap of {component} back",
        "add replicas of {component}",
        {"inefficient_code": "requests cost what they did; garbage does not"},
    ),
    "worker_limit_too_low": Expertise(
        (
            errors(
                "{component}",
                r"no worker free after [^\n]*",
                "requests find no worker free",
                "What does the failing service say?",
            ),
            series(
                "{component}",
                "{component} is not short of CPU",
                "Is it overloaded?",
                "exclusion",
                metric="cpu_utilisation",
            ),
            configured(
                "{component}",
                r"WORKERS: {value}",
                "only {value} requests a pod are worked on at a time",
                "How many may be in flight?",
            ),
            changed("{component}", "config", "settings of {component} were changed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "set WORKERS of {component} back",
        "add replicas of {component}",
        {"inefficient_code": "the processors of {component} are idle"},
    ),
    "cpu_limit_too_low": Expertise(
        (
            series(
                "{component}", "{component} is at its CPU limit", "What limits the service?", metric="cpu_utilisation"
            ),
            described(
                "{component}",
                r"Limits:\n      cpu:     \d+m",
                "the limit is below what its usual traffic takes",
                "How much may it use?",
            ),
            changed("{component}", "config", "the deployment was changed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "set the CPU limit of {component} back",
        "add replicas of {component}",
        {"inefficient_code": "a request costs what it did"},
    ),
    "replicas_scaled_down": Expertise(
        (
            series(
                "{component}",
                "{component} has one replica where there were more",
                "What has changed at the service that does not keep up?",
                metric="replicas_ready",
            ),
            listed(
                "deployments",
                "{component} +1/1 .*",
                "one replica is all that is asked for",
                "Are replicas missing, or not wanted?",
                "cause",
            ),
            changed("{component}", "scale", "{component} was scaled down right before", "Who did, and when?"),
            TRAFFIC_AT_EDGE,
        ),
        "scale {component} up again",
        rejected={"unschedulable_pod": "no pod is pending"},
    ),
    "retry_storm": Expertise(
        (
            series(
                "{target}",
                "{target} gets a multiple of its usual requests",
                "Which service is overloaded, and with what?",
                metric="requests_per_second",
            ),
            TRAFFIC_AT_EDGE,
            configured(
                "{component}",
                r"{key}: \d+",
                "{component} repeats each failed call to {target} many times",
                "Users do not ask for more: who repeats?",
            ),
            changed("{component}", "deploy", "{component} was deployed right before", "Since when?"),
        ),
        "roll {component} back, and shed load until {target} recovers",
        "add replicas of {target}",
        {"connection_pool_too_small": "users ask for no more than usual"},
    ),
    "image_pull_failure": Expertise(
        (
            listed(
                "pods",
                r"{component}-.*ImagePullBackOff.*",
                "pods of {component} do not start",
                "Are all replicas there?",
            ),
            event(
                "pod/{component}-.*Failed to pull image.*",
                "the image of {component} is not found",
                "Why do they not start?",
            ),
            changed("{component}", "{kind}", "its pods were replaced right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "push the image of {component}, or go back to the one before",
        rejected={"unschedulable_pod": "the pods have a node"},
    ),
    "missing_secret_key": Expertise(
        (
            listed(
                "pods",
                r"{component}-.*CreateContainerConfigError.*",
                "containers of {component} cannot be made",
                "Are all replicas there?",
            ),
            event(
                "pod/{component}-.*couldn't find key {key} in Secret.*",
                "the secret of {component} has no {key}",
                "Why not?",
            ),
            changed("{component}", "{kind}", "it began right after this change", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "put {key} back into the secret of {component}",
        rejected={"image_pull_failure": "the image is there"},
    ),
    "malformed_setting": Expertise(
        (
            listed(
                "pods",
                r"{component}-.*CrashLoopBackOff.*",
                "pods of {component} end and restart",
                "Are all replicas there?",
            ),
            event(
                "pod/{component}-.*cannot parse {key}.*", "{component} cannot read {key} and ends", "Why does it end?"
            ),
            changed("{component}", "config", "settings of {component} were changed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "set {key} of {component} right",
        rejected={"memory_leak_oom": "no container is killed for memory"},
    ),
    "quota_exceeded": Expertise(
        (
            listed(
                "deployments",
                "{component} +1/.*",
                "{component} has one pod, fewer than it asks for",
                "Are all replicas there?",
            ),
            event(
                "FailedCreate.*exceeded quota: {quota}.*",
                "the quota keeps pods from being made",
                "Why are pods missing that nobody lists?",
            ),
            listed("resourcequotas", "{quota} .*", "the quota of the namespace is used up", "How much is left?"),
            changed("{quota}", "config", "the quota was changed right before", "Was it always so?"),
            TRAFFIC_AT_EDGE,
        ),
        "raise {quota}",
        rejected={"unschedulable_pod": "no pod is pending: they are not made at all"},
    ),
}
