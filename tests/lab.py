"""Cases of the lab for tests: each made once a process, because the same seed gives the same case."""

from functools import cache

from sandbox.bundle import CaseBundle
from sandbox.lab import make


@cache
def lab_case(system: str, fault: str, seed: int, *, world: bool = True) -> CaseBundle:
    return make(system, fault, seed, world=world)
