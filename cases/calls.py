"""One form for calls that ask for the same thing, however they were written. No Django here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cases.transcript import ToolSchema, digest_of

# canonical plural -> what people and tools also write for it
_KINDS = {
    "pods": "pod po",
    "services": "service svc",
    "deployments": "deployment deploy deployments.apps deployment.apps",
    "replicasets": "replicaset rs replicasets.apps replicaset.apps",
    "statefulsets": "statefulset sts statefulsets.apps statefulset.apps",
    "daemonsets": "daemonset ds daemonsets.apps daemonset.apps",
    "jobs": "job jobs.batch job.batch",
    "cronjobs": "cronjob cj cronjobs.batch cronjob.batch",
    "configmaps": "configmap cm",
    "secrets": "secret",
    "endpoints": "endpoint ep",
    "events": "event ev",
    "ingresses": "ingress ing",
    "networkpolicies": "networkpolicy netpol",
    "serviceaccounts": "serviceaccount sa",
    "persistentvolumeclaims": "persistentvolumeclaim pvc pvcs",
    "resourcequotas": "resourcequota quota quotas",
    "limitranges": "limitrange limits",
    "horizontalpodautoscalers": "horizontalpodautoscaler hpa",
    "poddisruptionbudgets": "poddisruptionbudget pdb",
    "replicationcontrollers": "replicationcontroller rc",
    "roles": "role",
    "rolebindings": "rolebinding",
    "nodes": "node no",
    "namespaces": "namespace ns",
    "persistentvolumes": "persistentvolume pv pvs",
    "storageclasses": "storageclass sc",
    "clusterroles": "clusterrole",
    "clusterrolebindings": "clusterrolebinding",
    "customresourcedefinitions": "customresourcedefinition crd crds",
    "priorityclasses": "priorityclass pc",
    "ingressclasses": "ingressclass",
}
_PLURAL = {word: plural for plural, words in _KINDS.items() for word in (plural, *words.split())}
_CLUSTER_SCOPED = {
    "nodes",
    "namespaces",
    "persistentvolumes",
    "storageclasses",
    "clusterroles",
    "clusterrolebindings",
    "customresourcedefinitions",
    "priorityclasses",
    "ingressclasses",
}
KIND_ARGUMENTS = ("resource_type", "kind", "resource", "resource_kind")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CanonicalCall:
    """``key`` is equal for calls that ask for the same thing."""

    tool: str
    arguments: dict[str, Any]
    key: str


def kind_of(word: str) -> str | None:
    """The canonical plural of a Kubernetes kind, whichever way it is written; None for any other word."""
    return _PLURAL.get(word.strip().lower())


def canonical(tool: str, arguments: dict[str, Any], schema: ToolSchema | None = None) -> CanonicalCall:
    """Bring a call to its canonical form.

    Null and empty values are dropped, as are values equal to the schema's default (false counts as the
    default of a flag that states none); numbers and flags written as text become what the schema wants;
    kinds get one plural name, and cluster-scoped kinds lose their namespace; times become UTC.
    """
    properties = schema.parameters.get("properties", {}) if schema else {}
    kept = {}
    for name in sorted(arguments):
        wanted = properties.get(name)
        wanted = wanted if isinstance(wanted, dict) else {}
        value = _value(name, arguments[name], wanted.get("type"))
        if not _says_nothing(value, wanted):
            kept[name] = value
    kinds = {kept[name] for name in KIND_ARGUMENTS if isinstance(kept.get(name), str)}
    if kinds & _CLUSTER_SCOPED:
        kept.pop("namespace", None)
    return CanonicalCall(tool, kept, digest_of([tool, kept]))


def _says_nothing(value: Any, wanted: dict[str, Any]) -> bool:
    if value is None or value == "" or value == [] or value == {}:
        return True
    default = wanted.get("default", False)
    return type(value) is type(default) and value == default


def _value(name: str, value: Any, wanted: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if name in KIND_ARGUMENTS:
        return _PLURAL.get(text.lower(), text)
    if wanted in ("integer", "number"):
        return _number(text)
    if wanted == "boolean":
        return _TRUTH.get(text.lower(), text)
    if _INSTANT.fullmatch(text):
        return _utc(text)
    return text


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number


def _utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # no time, or one beyond the calendar
        return text
