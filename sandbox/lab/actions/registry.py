"""The tools that change a lab system, by name. No Django here."""

from __future__ import annotations

from sandbox.lab.actions import platform, stores, workloads
from sandbox.lab.actions.base import Remedy

REMEDIES: dict[str, Remedy] = {
    each.tool.name: each for each in (*workloads.REMEDIES, *stores.REMEDIES, *platform.REMEDIES)
}
