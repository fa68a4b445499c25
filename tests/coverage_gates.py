"""Hold each module to its own coverage: a well-tested core must not hide an untested corner.

python -m tests.coverage_gates      after a run with --cov --cov-report=json
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / ".coverage.json"
OVERALL = 85
GATES = {
    "journeys": 85,
    "communications": 80,
    "tickets": 85,
    "webhooks": 90,
    "conversations": 85,
    "appointments": 90,
    "n8n": 80,
    "media": 80,
    "patients": 85,
    "notifications": 80,
    "vector": 85,
    "agents": 80,
    "intake": 85,
}


def main() -> int:
    """Print the table; return 1 if a module, or all of them together, is below its gate."""
    measured = percentages(json.loads(REPORT.read_text())["files"])
    rows = [(name, measured[name], GATES.get(name)) for name in sorted(measured) if name != "overall"]
    rows.append(("overall", measured["overall"], OVERALL))
    missed = []
    for name, percent, gate in rows:
        verdict = "" if gate is None else f"gate {gate} %" if percent >= gate else f"BELOW its gate of {gate} %"
        print(f"  {name:<16} {percent:6.1f} %  {verdict}".rstrip())
        if gate is not None and percent < gate:
            missed.append(name)
    if missed:
        print(f"Coverage is too low in: {', '.join(missed)}.")
    return 1 if missed else 0


def percentages(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, float]:
    """Return the covered share of lines and branches, in percent, by app and ``overall``."""
    covered: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for path, report in files.items():
        parts = Path(path).parts
        if parts[0] != "apps" or len(parts) < 3:
            continue
        summary = report["summary"]
        for name in (parts[1], "overall"):
            covered[name] += summary["covered_lines"] + summary.get("covered_branches", 0)
            total[name] += summary["num_statements"] + summary.get("num_branches", 0)
    return {name: 100 * covered[name] / total[name] for name in total if total[name]}


if __name__ == "__main__":
    sys.exit(main())
