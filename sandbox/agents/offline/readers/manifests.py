"""Manifests: whether the objects of one YAML text agree with each other. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from sandbox.agents.offline.readers.tables import amount
from sandbox.agents.offline.reading import Question, Reading, Reference
from sandbox.knowledge.evidence import Aspect

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HOST = re.compile(r"^(?:\w+://)?(?P<host>[a-z][a-z0-9.-]*[a-z0-9])(?::(?P<port>\d+))?(?:/.*)?$")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod")
Statement = tuple[Aspect, str, float, str]  # aspect, value, strength, what to quote


def read(text: str, question: Question, reading: Reading) -> bool:
    if "apiVersion:" not in text or "kind:" not in text:
        return False
    try:
        documents = [one for one in yaml.load_all(text, LOADER) if isinstance(one, dict)]
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date that is none
        return False
    objects = [one for document in documents for one in _list(document, "items") or [document] if isinstance(one, dict)]
    workloads = [one for one in objects if one.get("kind") in WORKLOADS]
    before = len(reading.findings)
    for one in objects:
        metadata = _map(one, "metadata")
        if metadata.get("namespace") and metadata.get("name"):
            reading.homes[str(metadata["name"])] = str(metadata["namespace"])
    owner = _name(workloads[0]) if workloads else question.about
    for aspect, value, strength, telling in _disagreements(objects, workloads):
        quote = _line_with(text, telling)
        reading.find(
            aspect,
            owner,
            value,
            quote,
            kind="manifest",
            strength=strength,
            object=owner,
            namespace=reading.homes.get(owner, ""),
        )
    for workload in workloads:
        _references(workload, text, reading)
    if len(reading.findings) == before and objects:
        reading.find(
            Aspect.NORMAL,
            owner,
            "manifest agrees with itself",
            _line_with(text, "kind:"),
            kind="manifest",
            strength=0.5,
        )
    return bool(objects)


def _name(one: dict[str, Any]) -> str:
    return str(_map(one, "metadata").get("name", ""))


def _at(one: Any, *path: str) -> Any:
    for part in path:
        one = one.get(part) if isinstance(one, dict) else None
    return one


def _map(one: Any, *path: str) -> dict[str, Any]:
    """The object at this path; empty where something else, or nothing, stands there."""
    found = _at(one, *path)
    return found if isinstance(found, dict) else {}


def _list(one: Any, *path: str) -> list[Any]:
    found = _at(one, *path)
    return found if isinstance(found, list) else []


def _maps(one: Any, *path: str) -> list[dict[str, Any]]:
    return [item for item in _list(one, *path) if isinstance(item, dict)]


def _seconds(probe: dict[str, Any], name: str, usual: int) -> int:
    found = probe.get(name)
    return found if isinstance(found, int) and found else usual


def _template(workload: dict[str, Any]) -> dict[str, Any]:
    return workload if workload.get("kind") == "Pod" else _map(workload, "spec", "template")


def _containers(workload: dict[str, Any]) -> list[dict[str, Any]]:
    return _maps(_template(workload), "spec", "containers")


def _line_with(text: str, telling: str) -> str:
    return next((line.strip() for line in text.splitlines() if telling in line and line.strip()), telling)


def _disagreements(objects: list[dict[str, Any]], workloads: list[dict[str, Any]]) -> Iterator[Statement]:
    kinds = {
        kind: [one for one in objects if one.get("kind") == kind]
        for kind in ("Service", "PersistentVolume", "PersistentVolumeClaim", "ServiceAccount")
    }
    for workload in workloads:
        yield from _own(workload, kinds["ServiceAccount"])
        for service in kinds["Service"]:
            yield from _service(service, workload)
    for claim in kinds["PersistentVolumeClaim"]:
        for volume in kinds["PersistentVolume"]:
            yield from _claim(claim, volume)


def _own(workload: dict[str, Any], accounts: list[dict[str, Any]]) -> Iterator[Statement]:
    spec = _map(_template(workload), "spec")
    if _at(workload, "spec", "replicas") == 0:
        yield Aspect.CONFIG, "deployment wants zero replicas", 3.0, "replicas"
    account = spec.get("serviceAccountName")
    if account and accounts and account not in [_name(one) for one in accounts]:
        yield Aspect.CONFIG, "service account named is not the one defined", 2.5, "serviceAccountName"
    for setting, value in (("nodeSelector", "node selector is set"), ("tolerations", "tolerations are set")):
        if spec.get(setting):
            yield Aspect.CONFIG, value, 0.7, setting
    for which in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        if _at(spec, "affinity", which, "requiredDuringSchedulingIgnoredDuringExecution"):
            words = " ".join(re.findall(r"[A-Z]?[a-z]+", which)).lower()
            yield Aspect.CONFIG, f"required {words} is set", 1.2, which
    for volume in _maps(spec, "volumes"):
        if "hostPath" in volume:
            yield Aspect.CONFIG, "volume is a host path of the node", 0.7, "hostPath"
    for container in _containers(workload):
        yield from _probes(container)


def _probes(container: dict[str, Any]) -> Iterator[Statement]:
    ports = {str(port.get("containerPort")) for port in _maps(container, "ports")}
    hows = {}
    for which in ("livenessProbe", "readinessProbe"):
        probe = container.get(which)
        if not isinstance(probe, dict):
            continue
        how = next((name for name in ("grpc", "httpGet", "tcpSocket", "exec") if name in probe), "")
        hows[which] = how
        port = str(_at(probe, how, "port") or "")
        word = which.removesuffix("Probe")
        if port.isdigit() and ports and port not in ports:
            yield Aspect.CONFIG, f"{word} probe asks a port that the container does not open", 3.0, port
        rounds = _seconds(probe, "periodSeconds", 10) * _seconds(probe, "failureThreshold", 3)
        patience = _seconds(probe, "initialDelaySeconds", 0) + rounds
        if patience < 6 and which == "livenessProbe":
            yield Aspect.CONFIG, "liveness probe timing kills after few seconds", 2.5, "livenessProbe"
    if len(set(hows.values())) > 1:
        told = " and ".join(sorted(set(hows.values())))
        yield Aspect.CONFIG, f"the probes of one container speak {told}", 2.0, "livenessProbe"
    speaks = {str(port.get("name", "")) for port in _maps(container, "ports")}
    for which, how in hows.items():
        if how == "httpGet" and any("grpc" in name for name in speaks):
            yield Aspect.CONFIG, f"{which.removesuffix('Probe')} probe speaks http to a grpc port", 2.5, which


def _service(service: dict[str, Any], workload: dict[str, Any]) -> Iterator[Statement]:
    labels = _map(_template(workload), "metadata", "labels")
    selector = _map(service, "spec", "selector")
    if selector:
        wrong = sorted((key for key, value in selector.items() if labels.get(key) != value), key=str)
        if wrong:
            yield (
                Aspect.CONFIG,
                "service selector matches no label of the pods",
                3.0,
                f"{wrong[0]}: {selector[wrong[0]]}",
            )
    open_ports = {
        str(port.get("containerPort")): str(port.get("name", ""))
        for one in _containers(workload)
        for port in _maps(one, "ports")
    }
    named = set(open_ports.values()) - {""}
    protocols = {str(port.get("protocol", "TCP")) for one in _containers(workload) for port in _maps(one, "ports")}
    for port in _maps(service, "spec", "ports"):
        target = str(port.get("targetPort", port.get("port")))
        if open_ports and target not in open_ports and target not in named:
            yield Aspect.CONFIG, "service target port is not a port of the container", 3.0, target
        if protocols and str(port.get("protocol", "TCP")) not in protocols:
            yield (
                Aspect.CONFIG,
                "service protocol is not the protocol of the container",
                3.0,
                f"protocol: {port.get('protocol')}",
            )


def _claim(claim: dict[str, Any], volume: dict[str, Any]) -> Iterator[Statement]:
    wanted, offered = (set(map(str, _list(one, "spec", "accessModes"))) for one in (claim, volume))
    if wanted - offered:
        yield (
            Aspect.CONFIG,
            "claim wants an access mode that the volume does not offer",
            3.0,
            sorted(wanted - offered)[0],
        )
    asked, has = (
        amount(str(_at(claim, "spec", "resources", "requests", "storage"))),
        amount(str(_at(volume, "spec", "capacity", "storage"))),
    )
    if asked is not None and has is not None and asked > has:
        yield (
            Aspect.CONFIG,
            "claim requests more storage capacity than the volume has",
            3.0,
            str(_at(claim, "spec", "resources", "requests", "storage")),
        )
    if (_at(claim, "spec", "storageClassName") or "") != (_at(volume, "spec", "storageClassName") or ""):
        yield Aspect.CONFIG, "claim names another storage class than the volume", 3.0, "storageClassName"
    labels = _map(volume, "metadata", "labels")
    for key, value in sorted(_map(claim, "spec", "selector", "matchLabels").items(), key=str):
        if labels.get(key) != value:
            yield Aspect.CONFIG, "claim selector matches no label of the volume", 3.0, f"{key}: {value}"


def _references(workload: dict[str, Any], text: str, reading: Reading) -> None:
    owner = _name(workload)
    for container in _containers(workload):
        for setting in _maps(container, "env"):
            value, name = str(setting.get("value", "")), str(setting.get("name", ""))
            found = HOST.match(value)
            if found and (found["port"] or re.search(r"ADDR|HOST|URL|ENDPOINT", name)) and "/" not in found["host"]:
                reading.references.append(
                    Reference(owner, found["host"], found["port"] or "", "environment setting", _line_with(text, value))
                )
