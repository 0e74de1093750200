"""How faults of a service's code and configuration are found. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import (
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
    "bad_deploy_error": Expertise(
        (
            slowest(
                "{symptom}",
                r"{component}: [^\n]*error=[^\n]*",
                "the failing span is in {component}",
                "Where in the call chain does it fail first?",
            ),
            errors(
                "{component}",
                r"unhandled exception in request handler: [^\n]*",
                "{component} throws an exception it does not handle",
                "What does the failing service say?",
                "cause",
            ),
            changed(
                "{component}",
                "deploy",
                "{component} was deployed right before the errors began",
                "Is it new? Look for a deployment.",
            ),
            PODS_RUN,
            USUAL_TRAFFIC,
        ),
        "roll {component} back",
        "restart {component}",
        {"memory_leak_oom": "its containers run without restarts"},
    ),
    "inefficient_code": Expertise(
        (
            slowest("{symptom}", r"{component}: [^\n]*", "time is spent in {component}", "Where is the time spent?"),
            series(
                "{component}",
                "{component} is at its CPU limit",
                "Why is it slow: more work, or more per request?",
                "cause",
            ),
            USUAL_TRAFFIC,
            Look(
                "get_resource_usage",
                {"resource_type": "nodes"},
                r"(?m)^\S+ +\d+m +\d+%$",
                "nodes have processors to spare",
                "Or does another workload take the node's processors?",
                "exclusion",
            ),
            changed(
                "{component}",
                "deploy",
                "{component} was deployed right before",
                "CPU per request jumped: look for a new version.",
            ),
        ),
        "roll {component} back",
        "add replicas of {component}",
        {"noisy_neighbour": "the nodes have processors to spare"},
    ),
    "memory_leak_oom": Expertise(
        (
            listed(
                "events",
                r".*OOMKilling +pod/{component}.*",
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
            USUAL_TRAFFIC,
            changed(
                "{component}", "deploy", "{component} was deployed before growth began", "Since when does it grow?"
            ),
        ),
        "roll {component} back and free what requests keep",
        "raise the memory limit of {component}",
        {"more traffic": "traffic is as usual while memory grows"},
    ),
    "wrong_configuration_value": Expertise(
        (
            errors(
                "{component}",
                r"call [^\n]* to {target} failed: deadline exceeded after \d+ms",
                "{component} gives up on {target} after a very short time",
                "What does the failing service say?",
            ),
            series(
                "{target}",
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
            changed(
                "{component}",
                "config",
                "the configuration of {component} was changed right before",
                "Who changed it, and when?",
            ),
        ),
        "set {key} of {component} back",
        "add replicas of {target}",
        {"inefficient_code": "{target} answers as fast as before"},
    ),
    "invalid_credentials": Expertise(
        (
            errors(
                "{component}",
                r"no session with {database}:5432: [^\n]*",
                "the database ends every new session of {component}",
                "Why do requests fail?",
            ),
            errors(
                "{database}",
                r'password authentication failed for user "{component}"',
                "the database refuses the password of {component}",
                "Ended during startup: what does the server say to that?",
            ),
            Look(
                "get_database_connections",
                {},
                r"\(\d+ rows\)",
                "others have their sessions: the database has room",
                "Or is there no connection left?",
                "exclusion",
            ),
            Look(
                "get_config",
                {"service": "{component}"},
                r"(?m)^DB_PASSWORD_FROM: .*$",
                "{component} still uses the version before",
                "And which one does the service use?",
                "cause",
            ),
            changed("{database}", "secret", "passwords were rotated right before", "When did they part?"),
        ),
        "give {component} the new secret and restart it",
        rejected={"too_many_clients": "the database has room for sessions of others"},
    ),
}
