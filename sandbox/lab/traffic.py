"""Who is called how often: rates from the routes down the call graph. No Django here."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.lab.parameters import Service, System


def in_call_order(system: System) -> list[Service]:
    """Callers before what they call."""
    order: list[Service] = []
    seen: set[str] = set()

    def visit(service: Service) -> None:
        if service.name in seen:
            return
        seen.add(service.name)
        for call in service.calls:
            if system.has_service(call.target):
                visit(system.service(call.target))
        order.append(service)

    for service in system.services:
        visit(service)
    return order[::-1]


def attempts(failing: float, retries: int) -> float:
    """Calls made for one that is wanted, where each fails with chance ``failing``: 1 + f + ... + f^retries."""
    return sum(failing**number for number in range(retries + 1))


def _failing(errors: Mapping, caller: str, target: str) -> float:
    """Share of single calls that fail, as the caller sees it where that is known."""
    return errors.get((caller, target), errors.get(target, 0.0))


def rates(system: System, routes: Mapping[str, float], errors: Mapping) -> dict[str, float]:
    """Requests per second of every service. ``errors`` are the error shares that callers retry on, by (caller, callee) or callee."""
    found = {service.name: 0.0 for service in system.services}
    found[system.edge] = sum(routes.values())
    entries = {route.target: routes[route.name] for route in system.routes}
    for service in in_call_order(system):
        for call in service.calls:
            if system.has_service(call.target):
                asked = entries[call.target] if service.name == system.edge else found[service.name] * call.times
                found[call.target] += asked * attempts(_failing(errors, service.name, call.target), call.retries)
    committed = 1 - system.saga.conflicts if system.saga else 1.0
    published = sum(found[one.name] * one.publishes for one in system.services)
    found[system.queue.consumer] = published * committed * system.queue.relayed
    return found


def usual_rate(system: System, name: str) -> float:
    """Requests per second of one service of a healthy system."""
    routes = {route.name: system.requests_per_second * route.share for route in system.routes}
    return rates(system, routes, {})[name]
