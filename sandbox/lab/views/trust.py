"""Certificates that components serve, as a certificate manager lists them. No Django here."""

from __future__ import annotations

from datetime import timedelta
from math import isinf

from sandbox.lab.incident import Incident
from sandbox.lab.views.kubernetes import table


def certificates(incident: Incident) -> str:
    """NAME, COMPONENT, ISSUER, NOT BEFORE and NOT AFTER of every certificate."""
    random = incident.random("certificates")
    rows = []
    for service in incident.system.services:
        until = service.certificate_until
        days = timedelta(days=random.randint(2, 70), minutes=random.randrange(1440))
        ends = incident.now + days if isinf(until) else incident.at(until)
        starts = ends - timedelta(days=90)
        if service.issuer != incident.healthy.service(service.name).issuer:
            starts = incident.at(incident.onset - 1)
            ends = starts + timedelta(days=90)
        stamps = (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (starts, ends))
        rows.append((f"{service.name}-tls", service.name, service.issuer, *stamps))
    return table(("NAME", "COMPONENT", "ISSUER", "NOT BEFORE", "NOT AFTER"), rows)
