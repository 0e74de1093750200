"""All fault classes by name. No Django here."""

from __future__ import annotations

from sandbox.lab.faults import data, platform, pool, service, stores, trust
from sandbox.lab.faults.base import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault for module in (pool, stores, service, platform, data, trust) for fault in module.FAULTS
}
