"""Run every check that only reads: `make lint`. Prints one line per check, and what a failing one said."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def files(*patterns: str) -> list[str]:
    """Return the tracked and the new files that match git's patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def checks() -> dict[str, list[str]]:
    """Return the command of each check, by name; a check without files to read has no command."""
    return {
        "ruff": ["ruff", "check", "--output-format=concise", "."],
        "import floors": ["lint-imports", "--no-cache"],
        "security (bandit)": ["bandit", "-q", "-c", "pyproject.toml", "-r", "apps", "clinic"],
        "Django idioms": ["django-upgrade", "--target-version", "5.2", *files("*.py", ":!*/migrations/*")],
        "templates": ["djade", "--target-version", "5.2", "--check", *files("templates/*.html")],
        "shell": ["shellcheck", *files(".ci/run", "*.sh")],
        "Dockerfile": ["hadolint", *files("Dockerfile")],
        "compose file": ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files("docker-compose.yml")],
        "workflows": [
            "check-jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            *files(".github/workflows/*.yml"),
        ],
    }


def main() -> int:
    """Run all checks, even after a failure; return 1 if one failed."""
    failed = []
    for name, (program, *arguments) in checks().items():
        begun = time.monotonic()
        done = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        print(
            f"  {name:<18} {'ok' if done.returncode == 0 else 'FAILED':<7} {time.monotonic() - begun:5.1f} s",
            flush=True,
        )
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
