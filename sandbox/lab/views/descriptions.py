"""kubectl describe, from placement, restarts and parameters. No Django here."""

from __future__ import annotations

from sandbox.lab import cluster
from sandbox.lab.incident import Incident
from sandbox.lab.views.kubernetes import LAST_STATE, address, endpoints, events, image_of, port, ready_pods, state_of


def _events_about(incident: Incident, subject: str) -> str:
    rows = [row for row in events(incident) if row[3] == subject]
    if not rows:
        return "Events:  <none>\n"
    body = "".join(f"  {kind:<8} {reason:<17} {seen:<6} {message}\n" for seen, kind, reason, _, message in rows)
    return "Events:\n" + body


def describe(incident: Incident, kind: str, name: str) -> str:
    """``kubectl describe KIND NAME`` for pods, deployments, statefulsets, nodes, services and networkpolicies."""
    system = incident.system
    if kind == "pods":
        pod = next((pod for pod in incident.last.pods if pod.name == name), None)
        return _describe_pod(incident, pod) if pod else _describe_batch(incident, name)
    if kind == "nodes":
        return _describe_node(incident, name)
    if kind == "networkpolicies":
        policy = next(each for each in system.policies if each.name == name)
        sources = "".join(f"    From:\n      PodSelector: app={source}\n" for source in policy.allowed)
        return f"Name:         {name}\nNamespace:    {system.namespace}\nSpec:\n  PodSelector:     app={policy.target}\n  Allowing ingress traffic:\n    To Port: {port(incident, policy.target)}/TCP\n{sources}  Policy Types: Ingress\n"
    if kind in ("services", "endpoints"):
        return _describe_service(incident, kind, name)
    ready = ready_pods(incident, name)
    wanted = system.service(name).replicas if system.has_service(name) else 1
    image = f"{name}:{image_of(system.service(name))}" if system.has_service(name) else f"{name}:stable"
    return (
        f"Name:         {name}\nNamespace:    {system.namespace}\nSelector:     app={name}\n"
        f"Replicas:     {wanted} desired | {wanted} total | {ready} available | {wanted - ready} unavailable\n"
        f"Pod Template:\n  Containers:\n   server:\n    Image:      {image}\n{_sizes(incident, name)}{_events_about(incident, f'deployment/{name}')}"
    )


def _describe_service(incident: Incident, kind: str, name: str) -> str:
    ends = endpoints(incident, name)
    if kind == "endpoints":
        return f"Name:         {name}\nNamespace:    {incident.system.namespace}\nSubsets:\n  Addresses:  {ends}\nEvents:  <none>\n"
    return (
        f"Name:         {name}\nNamespace:    {incident.system.namespace}\nSelector:     app={name}\nType:         ClusterIP\n"
        f"IP:           {address(incident, name)}\nPort:         {port(incident, name)}/TCP\nEndpoints:    {ends}\nEvents:       <none>\n"
    )


def _sizes(incident: Incident, app: str) -> str:
    if not incident.system.has_service(app):
        return ""
    service = incident.system.service(app)
    return (
        f"    Limits:\n      cpu:     {service.cpu_limit * 1000:.0f}m\n      memory:  {service.memory_limit_mb:.0f}Mi\n"
        f"    Requests:\n      cpu:     {service.cpu_request * 1000:.0f}m\n      memory:  {service.memory_mb:.0f}Mi\n"
        f"    Liveness:  http-get http://:{service.port}/live timeout={service.probe_timeout_ms:.0f}ms period=10s failures=3\n"
    )


def _describe_pod(incident: Incident, pod: cluster.Pod) -> str:
    ready, status, count = state_of(incident, pod)
    text = (
        f"Name:         {pod.name}\nNamespace:    {incident.system.namespace}\nNode:         {pod.node or '<none>'}\n"
        f"Labels:       app={pod.app}\nStatus:       {'Pending' if not pod.node or pod.problem else 'Running'}\nContainers:\n  server:\n{_sizes(incident, pod.app)}"
    )
    if status in ("ImagePullBackOff", "CreateContainerConfigError"):
        text += f"    State:          Waiting\n      Reason:       {status}\n"
    elif status == "CrashLoopBackOff":
        text += "    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    1\n"
    elif count != "0":
        reason = LAST_STATE[incident.killed_by[pod.app]]
        text += f"    State:          Running\n    Last State:     Terminated\n      Reason:       {reason}\n      Exit Code:    137\n"
    elif pod.node:
        text += "    State:          Running\n"
    return (
        text
        + f"    Ready:          {ready == '1/1'}\n    Restart Count:  {count.split()[0]}\n"
        + _events_about(incident, f"pod/{pod.name}")
    )


def _describe_batch(incident: Incident, name: str) -> str:
    batch = next(each for each in incident.system.batches if f"{each.name}-0" == name)
    return (
        f"Name:         {name}\nNamespace:    batch\nNode:         {batch.node}\nLabels:       job={batch.name}\n"
        "Status:       Running\nContainers:\n  main:\n    Limits:    <none>\n    Requests:  <none>\n    State:          Running\n"
        + _events_about(incident, f"pod/{name}")
    )


def _describe_node(incident: Incident, name: str) -> str:
    node = incident.system.node(name)
    there = [pod for pod in incident.last.pods if pod.node == name]
    asked = sum(pod.cpu_request for pod in there) + 0.4
    rows = "".join(f"  {pod.name:<34} {pod.cpu_request * 1000:.0f}m\n" for pod in there)
    rows += "".join(
        f"  {batch.name + '-0':<34} 0 (no limit)\n" for batch in incident.system.batches if batch.node == name
    )
    return (
        f"Name:               {name}\nTaints:             <none>\nUnschedulable:      {str(node.cordoned).lower()}\nConditions:\n  MemoryPressure   False\n  DiskPressure     False\n  Ready            True\n"
        f"Allocatable:\n  cpu:     {node.cores:.0f}\n  memory:  {node.memory_gb:.0f}Gi\nNon-terminated Pods (cpu requests):\n{rows}"
        f"Allocated resources:\n  cpu  {asked * 1000:.0f}m ({asked / node.cores:.0%})\nEvents:  <none>\n"
    )
