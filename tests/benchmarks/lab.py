"""What making a lab case costs: seconds and bytes, over all classes and both systems.

    python tests/benchmarks/lab.py [--seeds N] [--json FILE]

Must hold: at most 2 s and 1 MB each. Bytes are those of the case as a case-bundle/1 file.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sandbox.lab.case import faults, make, systems  # noqa: E402
from sandbox.lab.export import bundle_data  # noqa: E402

SECONDS, BYTES = 2.0, 1_000_000


def measure(seeds):
    took, processor, sizes, recordings = [], [], [], []
    for system in systems():
        for fault in faults():
            for seed in range(1000, 1000 + seeds):
                began, used = time.perf_counter(), time.process_time()
                bundle = make(system, fault, seed)
                took.append(time.perf_counter() - began)
                processor.append(time.process_time() - used)
                sizes.append(len(json.dumps(bundle_data(bundle), ensure_ascii=False).encode()))
                recordings.append(len(bundle.recordings))
    return {
        "cases": len(took),
        "seconds": {"median": round(statistics.median(took), 3), "max": round(max(took), 3)},
        "processor_seconds": {"median": round(statistics.median(processor), 3), "max": round(max(processor), 3)},
        "bytes": {"median": int(statistics.median(sizes)), "max": max(sizes)},
        "recordings": {"median": int(statistics.median(recordings)), "max": max(recordings)},
        "cores": os.cpu_count(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.seeds)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if figures["seconds"]["max"] <= SECONDS and figures["bytes"]["max"] <= BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
