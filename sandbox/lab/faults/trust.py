"""Faults of certificates. No Django here."""

from __future__ import annotations

from random import Random

from sandbox.lab.faults.base import Change, Effect, Fault, site
from sandbox.lab.parameters import System

JUST_BEFORE = 14.5  # minutes from the start: no fault begins earlier
NEXT_ISSUER = "meshca3"


def expired_certificate(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "expired_certificate", seed)
    return Effect(
        system.with_service(name, certificate_until=JUST_BEFORE),
        component=name,
        accepted=(f"{name}-tls",),
        mechanism=f"the certificate of {name} ran out; whoever calls it ends the handshake",
        facts={"caller": system.callers_of(name)[0]},
    )


def untrusted_certificate(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "untrusted_certificate", seed)
    return Effect(
        system.with_service(name, issuer=NEXT_ISSUER),
        component=name,
        accepted=(f"{name}-tls", *system.callers_of(name)),
        mechanism=f"{name} serves a certificate of {NEXT_ISSUER}, which its callers do not trust",
        changes=(Change(-1, "secret", f"{name}-tls", "certificate renewed", "cert-manager"),),
        facts={"caller": system.callers_of(name)[0], "issuer": NEXT_ISSUER},
    )


FAULTS = (
    Fault(
        "expired_certificate",
        "certificates",
        "until when one certificate is valid",
        expired_certificate,
        "The certificate of {component} has expired",
    ),
    Fault(
        "untrusted_certificate",
        "certificates",
        "who issued one certificate",
        untrusted_certificate,
        "The callers of {component} do not trust the issuer of its certificate",
    ),
)
