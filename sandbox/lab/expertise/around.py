"""How faults of names, clocks, certificates, providers and messages are found. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise.base import (
    LATEST,
    PODS_RUN,
    RECONCILED,
    TRAFFIC_AT_EDGE,
    Expertise,
    Look,
    changed,
    configured,
    errors,
    listed,
    series,
)

EXPERTISE: dict[str, Expertise] = {
    "dns_failure": Expertise(
        (
            errors(
                "{symptom}",
                r"connect timeout after \d+ms",
                "calls of {symptom} fail before they are connected",
                "What does the failing service say?",
            ),
            Look(
                "check_connectivity",
                {"target": "{symptom}"},
                r"look-up \d of [^\n]* timed out after 1000 ms",
                "look-ups at {resolver} time out again and again",
                "Try it step by step: name, then connection.",
                "cause",
            ),
            PODS_RUN,
            TRAFFIC_AT_EDGE,
        ),
        "restart {resolver} and give it more replicas",
        "raise time-outs",
        {"network_policy_block": "once a name is found, the connection opens"},
    ),
    "clock_skew": Expertise(
        (
            errors(
                "{symptom}",
                r"tls: handshake failure",
                "handshakes of {symptom} fail, though not all",
                "What does the failing service say?",
            ),
            Look(
                "get_certificates",
                {},
                r"(?m)^{symptom}-tls .*$",
                "the certificates are valid",
                "Has a certificate run out?",
                "exclusion",
            ),
            series(
                "{node}",
                "the clock of {node} is hours off",
                "Valid certificates are refused, by some pods only: what time do they think it is?",
                "cause",
                metric="clock_offset_ms",
            ),
            listed("pods", r".*Running.* {node}", "pods of several services run on {node}", "Who is on that node?"),
        ),
        "set the clock of {node} and mend its time service",
        rejected={"expired_certificate": "no certificate has run out"},
    ),
    "expired_certificate": Expertise(
        (
            errors(
                "{caller}",
                r"to {component} failed: tls: handshake failure",
                "every handshake of {caller} with {component} fails",
                "What does the caller say?",
            ),
            Look(
                "get_certificates",
                {},
                r"(?m)^{component}-tls .*$",
                "the certificate of {component} has run out",
                "Is the certificate still valid, and who signed it?",
                "cause",
            ),
            Look(
                "check_connectivity",
                {"target": "{component}"},
                r"open",
                "{component} listens",
                "Is it reachable at all?",
                "exclusion",
            ),
            PODS_RUN,
        ),
        "renew the certificate of {component}",
        "restart {caller}",
        {"network_policy_block": "a connection to {component} opens"},
    ),
    "untrusted_certificate": Expertise(
        (
            errors(
                "{caller}",
                r"to {component} failed: tls: handshake failure",
                "every handshake of {caller} with {component} fails",
                "What does the caller say?",
            ),
            Look(
                "get_certificates",
                {},
                r"(?m)^{component}-tls .*$",
                "the certificate of {component} is valid and new, of another issuer",
                "Is the certificate still valid, and who signed it?",
                "exclusion",
            ),
            configured(
                "{caller}", r"TRUSTED_ISSUERS: .*", "{caller} does not trust {issuer}", "Whom does the caller trust?"
            ),
            changed("{component}-tls", "secret", "the certificate was renewed right before", "Since when?"),
        ),
        "add {issuer} to what callers of {component} trust",
        "restart {caller}",
        {"expired_certificate": "the certificate is valid"},
    ),
    "dependency_errors": Expertise(
        (
            errors(
                "{caller}",
                r"call [^\n]* to {component} failed: HTTP \d+",
                "{component} answers {caller} with errors",
                "What does the failing service say?",
            ),
            series(
                "{component}",
                "a large share of the requests to {component} fails",
                "How many, and since when?",
                "cause",
                metric="outbound_error_ratio",
            ),
            series(
                "{component}",
                "we ask {component} as often as before",
                "Do we ask too much?",
                "exclusion",
                metric="outbound_requests_per_second",
            ),
            Look(
                "get_logs",
                {"service": "{caller}", "level": "warn"},
                r"(?s)\A.*\Z",
                "{component} does not ask us to slow down",
                "Does it ask us to slow down?",
                "exclusion",
            ),
        ),
        "degrade gracefully without {component}, and call the provider",
        rejected={"dependency_rate_limited": "{component} does not ask us to slow down"},
    ),
    "dependency_rate_limited": Expertise(
        (
            errors(
                "{caller}",
                r"call [^\n]* to {component} failed: HTTP \d+",
                "{component} refuses requests of {caller}",
                "What does the failing service say?",
            ),
            Look(
                "get_logs",
                {"service": "{caller}", "level": "warn"},
                r"{component} answered Retry-After: \d+",
                "{component} asks us to slow down",
                "Is it broken, or does it refuse us?",
                "cause",
            ),
            series(
                "{component}",
                "a steady part of our requests is refused",
                "How many, and since when?",
                metric="outbound_error_ratio",
            ),
            series(
                "{component}",
                "we ask {component} as often as before",
                "Do we ask more than before?",
                "exclusion",
                metric="outbound_requests_per_second",
            ),
        ),
        "agree on a higher limit with the provider, or queue what it refuses",
        "repeat at once",
        {"dependency_errors": "{component} says when to come back"},
    ),
    "duplicate_consumption": Expertise(
        (
            Look(
                "get_queue_status",
                {},
                r"(?m)^{queue} .*$",
                "messages of {queue} are delivered again and again",
                "What does the queue show?",
            ),
            configured(
                "{component}",
                r"acknowledge_timeout: {value}",
                "a message is given away again before its work can be done",
                "When is a message delivered again?",
            ),
            RECONCILED,
            changed("{component}", "config", "settings of {component} were changed right before", "Since when?"),
            PODS_RUN,
        ),
        "set acknowledge_timeout of {component} back",
        "add consumers",
        {"poison_message": "no consumer fails"},
    ),
    "slow_consumer": Expertise(
        (
            Look(
                "get_queue_status",
                {},
                r"(?m)^{queue} .*$",
                "{queue} fills up, and nothing is delivered twice",
                "More coming in, or less going out?",
            ),
            Look(
                "get_metrics",
                {"service": "{broker}", "metric": "processing_mean_ms"},
                LATEST,
                "{consumer} takes a multiple of the time for a message",
                "How long does a message take?",
            ),
            series(
                "{consumer}",
                "{consumer} works off fewer messages than before",
                "Does the consumer itself show it?",
                "cause",
                metric="requests_per_second",
            ),
            changed("{consumer}", "deploy", "{consumer} was deployed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "roll {consumer} back",
        "add consumers",
        {"poison_message": "no message comes back"},
    ),
    "outbox_stalled": Expertise(
        (
            Look(
                "get_queue_status",
                {},
                r"(?m)^{queue} .*$",
                "{queue} is empty: fewer messages come in",
                "Do messages wait?",
            ),
            Look(
                "get_reconciliation",
                {},
                r"(?m)^\d\d:\d\d .*$",
                "fewer messages are published than orders are written",
                "Where along the way do they get lost?",
                "cause",
            ),
            TRAFFIC_AT_EDGE,
            PODS_RUN,
        ),
        "restart {relay}; it takes up where it stopped",
        rejected={"slow_consumer": "no message waits"},
    ),
    "duplicate_charge": Expertise(
        (
            RECONCILED,
            configured(
                "{payer}",
                "SEND_IDEMPOTENCY_KEY: false",
                "{payer} repeats payments without a key by which {provider} would know them",
                "More payments than orders: are some taken twice?",
            ),
            changed("{payer}", "deploy", "{payer} was deployed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "roll {payer} back and refund what was taken twice",
        rejected={"lost_compensation": "refused orders are refunded"},
    ),
    "lost_compensation": Expertise(
        (
            RECONCILED,
            configured(
                "{coordinator}",
                "REFUND_ON_CONFLICT: false",
                "{coordinator} does not give money back for orders that were refused",
                "More payments than orders: is money given back?",
            ),
            changed("{coordinator}", "deploy", "{coordinator} was deployed right before", "Since when?"),
            TRAFFIC_AT_EDGE,
        ),
        "roll {coordinator} back and refund the refused orders",
        rejected={"duplicate_charge": "payments are taken with a key"},
    ),
}
