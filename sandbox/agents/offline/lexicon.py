"""General words of operations: what they have in common, and what phrases of systems speak of. No Django here."""

from __future__ import annotations

import re
from functools import lru_cache

from sandbox.agents.offline.names import words_of

# concept: words that stand for it, in names of fault classes and in what systems print
CONCEPTS = {
    concept: words.split()
    for concept, words in {
        "taint": "taint taints tainted untolerated toleration tolerations",
        "affinity": "affinity",
        "selector": "selector selectors nodeselector",
        "label": "label labels",
        "cordon": "cordon cordoned unschedulable drained",
        "schedule": "schedule scheduling scheduled unscheduled unschedulable failedscheduling pending",
        "scheduler": "scheduler",
        "capacity": "capacity insufficient",
        "cpu": "cpu cores throttled throttling cfs processor",
        "memory": "memory mem heap rss",
        "oom": "oom oomkilled oomkill",
        "disk": "disk storage filesystem inode inodes ephemeral",
        "quota": "quota quotas",
        "pod": "pod pods",
        "node": "node nodes host",
        "service": "service services",
        "namespace": "namespace namespaces",
        "account": "account accounts serviceaccount serviceaccounts",
        "missing": "missing absent lost nonexistent",
        "image": "image images",
        "pull": "pull pulling imagepullbackoff errimagepull",
        "registry": "registry",
        "reference": "reference tag manifest",
        "dns": "dns lookup resolve resolution resolved resolver coredns",
        "secret": "secret secrets unauthorized credential credentials password passwords authentication",
        "auth": "auth authorization forbidden denied permission permissions rbac",
        "mount": "mount mounts mounted",
        "volume": "volume volumes pv persistentvolume persistentvolumes",
        "claim": "claim claims pvc persistentvolumeclaim persistentvolumeclaims",
        "binding": "bind binding bound unbound",
        "occupied": "occupied",
        "access": "access",
        "mode": "mode modes",
        "class": "class storageclass",
        "probe": "probe probes unhealthy",
        "liveness": "liveness",
        "readiness": "readiness",
        "port": "port ports targetport",
        "protocol": "protocol protocols malformed speaks",
        "timing": "timing delay period",
        "replicas": "replicas replica",
        "zero": "zero",
        "environment": "environment env variable",
        "address": "address addresses addr",
        "endpoint": "endpoint endpoints",
        "gateway": "gateway ingress virtualservice",
        "route": "route routes routing misroute misrouted",
        "sidecar": "sidecar envoy istio",
        "kubelet": "kubelet notready",
        "proxy": "proxy",
        "containerd": "containerd sandbox shim",
        "network": "network pps packets outbound inbound",
        "latency": "latency slow slower slowness response delay delayed",
        "loss": "loss dropped retransmission retransmissions retrans drop",
        "overload": "overload overloaded saturation contention stress hog pressure exhausted utilization",
        "connection": "connection connections conn",
        "pool": "pool pools hikari pooled",
        "exhaustion": "exhaustion exhausted exhaust limit limits maximum max depleted full small",
        "leak": "leak leaks leaked leaking growing growth unreleased",
        "lock": "lock locks locked blocked blocking waits deadlock contention",
        "transaction": "transaction transactions",
        "index": "index indexes indices unindexed",
        "query": "query queries statement statements sql",
        "scan": "scan seqscan",
        "database": "database db mysql postgres postgresql",
        "readonly": "readonly",
        "traffic": "traffic surge load spike flood requests rps throughput burst",
        "cache": "cache caching eviction evictions",
        "queue": "queue backlog lag consumer consumers broker",
        "certificate": "certificate certificates cert tls ssl x509 expired expiry",
        "config": "config configuration misconfiguration misconfigured setting settings",
        "change": "deploy deployment rollout release regression version change changed",
        "crash": "crash crashed crashloop crashloopbackoff panic restart restarted segfault exit",
        "timeout": "timeout timeouts timed deadline",
        "error": "error errors exception exceptions failure failures failed fails fail",
        "external": "external provider upstream thirdparty third party vendor dependency",
        "retry": "retry retries storm",
        "gc": "gc garbage",
        "thread": "thread threads worker workers executor",
        "clock": "clock skew ntp",
        "policy": "policy policies networkpolicy networkpolicies block blocks",
        "message": "message messages decode deserialize poison redelivered requeued",
        "code": "code unhandled inefficient nullpointer",
        "unavailable": "unavailable unavailability unreachable down inactive dead stopped",
        "mismatch": "mismatch mismatched incorrect invalid wrong conflict bad another",
    }.items()
}
WORD_CONCEPTS: dict[str, tuple[str, ...]] = {}
for _concept, _words in CONCEPTS.items():
    for _word in _words:
        WORD_CONCEPTS[_word] = (*WORD_CONCEPTS.get(_word, ()), _concept)

# what a phrase speaks of beyond its words: general knowledge of Kubernetes, networks and databases
PHRASES = tuple(
    (re.compile(form, re.I), tuple(concepts.split()))
    for form, concepts in (
        (r"anti-?affinity", "antiaffinity conflict"),
        (r"node affinity/selector", "affinity selector node"),
        (r"node selector is set", "selector node mismatch"),
        (r"required node affinity", "affinity node mismatch"),
        (r"insufficient (cpu|memory)", "capacity mismatch"),
        (r"exceeded quota", "quota exceeded namespace"),
        (r"exceeded quota.*(requests|limits)\.cpu", "cpu quota exceeded namespace"),
        (r"exceeded quota.*(requests|limits)\.memory", "memory quota exceeded namespace"),
        (r"exceeded quota.*\bpods=", "pod quota exceeded namespace"),
        (r"(at|over|near) quota", "quota exceeded namespace"),
        (r"service ?account.*not found|service account named", "account missing"),
        (r"registry name does not resolve", "image registry dns"),
        (r"no such image", "image reference mismatch"),
        (r"image pull failed: not authorised", "image pull secret missing"),
        (r"concentrates on the components of this node", "node network latency"),
        (r"posts no status", "kubelet unavailable node"),
        (r"pending without any event", "scheduler unavailable schedule"),
        (r"every node is cordoned", "cordon node mismatch"),
        (r"bound to the claim of another", "binding occupied claim volume"),
        (r"(cannot|could not|failed to|unable to) parse|parse error|invalid value", "malformed config mismatch"),
        (r"(couldn't|could not|cannot) find key .*in (secret|configmap)|createcontainerconfigerror", "secret missing key"),
        (r"no such host|server misbehaving|name or service not known|could not resolve", "dns"),
        (r"malformed http|server gave http response to https|http/1\.x transport|speaks http to a grpc", "protocol mismatch"),
        (r"probe gets no connection|probe asks a port", "probe port"),
        (r"probe asks a port", "mismatch"),
        (r"kills after|timing kills", "timing mismatch probe"),
        (r"oomkilled|out of memory|exit code 137|memory cgroup", "oom memory"),
        (r"unbound immediate", "claim binding"),
        (r"access mode that", "access mode claim mismatch"),
        (r"more storage capacity", "capacity claim mismatch"),
        (r"another storage class|storageclass.*not found", "class claim storage mismatch"),
        (r"claim selector", "selector claim mismatch"),
        (r"service selector", "selector service mismatch"),
        (r"target port", "port service mapping mismatch"),
        (r"port that the service does not offer", "port service mapping mismatch"),
        (r"service protocol", "protocol service mismatch"),
        (r"names a host that is no service", "environment address service mismatch dns"),
        (r"no service of this name", "dns service missing resolution"),
        (r"schedulingdisabled|were unschedulable", "cordon node mismatch"),
        (r"status notready|node is not ready|nodestatusunknown|stopped posting", "kubelet unavailable node"),
        (r"unit (kubelet|containerd|kube-proxy|kube-scheduler)[\w-]*: (inactive|failed|deactivating)", "unavailable node"),
        (r"containerd\.sock|container runtime of the node does not answer", "containerd unavailable"),
        (r"connections fail from this node only", "proxy unavailable node"),
        (r"permission denied|operation not permitted|eacces", "permission auth denied mount volume"),
        (r"retransmi|retrans", "network loss packet"),
        (r"cpu_cfs|throttl", "cpu overload"),
        (r"cpu.*(rises|near its limit|at its limit)", "cpu overload"),
        (r"scaled to zero|wants zero replicas", "zero replicas deployment"),
        (r"read.?only", "readonly"),
        (r"seq scan|full table scan|table scan|scans the whole", "index missing scan"),
        (r"idle in transaction", "transaction leak connection"),
        (r"waits for a lock|lock wait|blocked by|transactionid", "lock transaction"),
        (r"slow query", "query slow"),
        (r"too many (clients|connections)|remaining connection slots|pool.*(exhaust|limit|timed? ?out|full)|unable to acquire.*connection", "connection pool exhaustion"),
        (r"(connections?|pool).*at its limit", "connection pool exhaustion"),
        (r"access denied for user|password authentication failed|invalid (credentials|password)", "secret credentials invalid"),
        (r"certificate (has )?expired|x509", "certificate expired"),
        (r"no space left", "disk full exhaustion"),
        (r"\bhit (ratio|rate)\b|cache miss", "cache"),
        (r"crashloop|health check|\bup stopped|has no ready", "unavailable"),
        (r"\boutbound|third.party|provider", "external dependency"),
        (r"many times that of all others", "overload neighbour noisy"),
    )
)  # fmt: skip
WEAK = {
    "mismatch": 0.35,
    "error": 0.3,
    "unavailable": 0.7,
    "missing": 0.6,
    "change": 0.6,
    "pod": 0.5,
    "node": 0.5,
    "service": 0.5,
    "namespace": 0.5,
}
UNKNOWN = 0.3  # the weight of a class's word that stands for no concept
COMMON_WORDS = frozenset(WORD_CONCEPTS) | {
    "server", "client", "default", "http", "https", "grpc", "tcp", "udp", "api", "app", "name", "value", "status", "health", "alerts", "server-error", "true", "false", "none",
}  # fmt: skip


NUMBERED = re.compile(r"\b(exit|status|error|return|response) ?code\b", re.I)  # a number, not a program


@lru_cache(maxsize=20_000)
def concepts_in(text: str) -> frozenset[str]:
    """The concepts that a phrase speaks of, by its words and as a whole."""
    found = {concept for word in words_of(NUMBERED.sub(" ", text)) for concept in WORD_CONCEPTS.get(word, ())}
    for form, words in PHRASES:
        if form.search(text):
            found.update(concept for word in words for concept in (word, *WORD_CONCEPTS.get(word, ())))
    return frozenset(found)


KNOWN = frozenset(CONCEPTS) | {word for _, words in PHRASES for word in words}
STOP = {"too", "of", "in", "by", "the", "a", "on", "to", "value"}


@lru_cache(maxsize=2_000)
def concepts_of_class(name: str) -> frozenset[str]:
    """The concepts in a fault class's own name; words without a concept stand for themselves."""
    words = tuple(word for word in words_of(name) if word not in STOP)
    found = {concept for word in words for concept in WORD_CONCEPTS.get(word, (word,))}
    if "anti" in words and "affinity" in words:
        found = (found | {"antiaffinity"}) - {"affinity", "anti"}
    if "read" in words and "only" in words:
        found = (found | {"readonly"}) - {"read", "only"}
    return frozenset(found)


# fault classes for where a task gives no vocabulary
FAMILIES = (
    "oom_killed", "crash_loop", "image_pull_failure", "probe_misconfigured", "insufficient_capacity", "scheduling_constraint",
    "missing_object", "dns_failure", "network_failure", "configuration_error", "certificate_expired", "quota_exceeded",
    "disk_full", "connection_pool_exhausted", "slow_query", "missing_index", "lock_contention", "connection_leak", "memory_leak",
    "cpu_overload", "traffic_surge", "bad_deployment", "external_dependency_failure", "application_error", "permission_denied",
    "node_unavailable", "queue_backlog", "credentials_invalid", "volume_mount_failure", "ingress_route_misconfigured",
)  # fmt: skip
