"""Make `.venv` match the pinned requirements. Standard library only: it runs before anything is installed.

    python3 bootstrap.py [--dev]

Does nothing (30 ms) when the stamp in `.venv` says that these requirements are installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FILES = {
    "runtime": ["constraints.txt", "requirements.txt"],
    "dev": ["constraints.txt", "requirements.txt", "requirements-dev.txt"],
}
STEP = re.compile(
    r"^(Collecting|Downloading|Using cached|Installing collected packages|Building wheel)[ :]+(?P<what>[^ ,]*)"
)
# What pip's riddles mean, the most telling first.
REASONS = {
    r"No space left on device|Disk quota exceeded": "The disk is full; free some space and start again.",
    r"CERTIFICATE_VERIFY_FAILED": "The package index shows a certificate that is not trusted here; if a proxy of yours "
    "replaces certificates, name its authority: PIP_CERT=/path/to/ca.pem make up",
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeoutError|ProxyError|Name or service not known"
    r"|Temporary failure in name resolution|Network is unreachable": "The packages can't be fetched: no connection to the "
    "package index. Check the network and start again.",
}


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 when `.venv` is ready."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    kind = "dev" if "--dev" in arguments else "runtime"
    if sys.version_info < (3, 11):
        return fail(f"The portal needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    with (ROOT / "bootstrap.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(kind):
            return 0
        try:
            return make_environment() or install(kind)
        except OSError as error:
            return fail(f"The virtual environment {VENV} can't be written: {error.strerror} ({error.filename}).")


def is_installed(kind: str) -> bool:
    """Tell whether the stamp matches; the tools' stamp also covers the portal's own packages."""
    if not PYTHON.exists():
        return False
    return any(stamp(other).is_file() and stamp(other).read_text() == fingerprint(other) for other in {kind, "dev"})


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def fingerprint(kind: str) -> str:
    """Return a hash over the requirement files."""
    digest = hashlib.sha256()
    for name in FILES[kind]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def make_environment() -> int:
    """Create `.venv`; make it anew when its Python is gone or too old."""
    if PYTHON.exists():
        probe = subprocess.run(
            [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"],
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            return 0
    try:
        import ensurepip
        import venv
    except ImportError:
        return fail(
            "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv. Then start again."
        )
    del ensurepip
    say(f"Creating the virtual environment {VENV.name} with Python {sys.version.split()[0]}.")
    try:
        venv.EnvBuilder(with_pip=True, clear=VENV.exists() and not VENV.is_symlink(), symlinks=True).create(VENV)
    except subprocess.CalledProcessError as error:
        return fail(
            reason(str(error.output))
            or "The virtual environment failed; on Debian and Ubuntu: apt-get install python3-venv. Then start again."
        )
    return 0


def install(kind: str) -> int:
    """Install the pinned packages, telling what happens, and leave the stamp."""
    wanted = sum(
        1 for name in FILES[kind][1:] for line in (ROOT / name).read_text().splitlines() if re.match(r"[A-Za-z]", line)
    )
    tools = " (with the developers' tools)" if kind == "dev" else ""
    say(f"Installing {wanted} pinned packages and what they need{tools}.")
    begun = time.monotonic()
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--no-compile",  # Python compiles what it imports; all the rest would cost a third of the time
        "-r",
        FILES[kind][-1],
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        try:
            lines = follow(pip)
        except BaseException:
            pip.terminate()
            raise
    if pip.returncode:
        if known := reason("".join(lines)):
            return fail(known)
        print("".join(lines[-15:]), file=sys.stderr)
        return fail("pip could not install the packages; what it said is above.")
    stamp(kind).write_text(fingerprint(kind))
    say(f"Installed in {time.monotonic() - begun:.0f} s.")
    return 0


def reason(said: str) -> str | None:
    """Return the sentence for what pip said, if it is a failure that we know."""
    return next((sentence for pattern, sentence in REASONS.items() if re.search(pattern, said)), None)


def follow(pip: subprocess.Popen[str]) -> list[str]:
    """Show pip's progress: one line that changes on a terminal, a line every few seconds elsewhere."""
    assert pip.stdout is not None
    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    lines: list[str] = []
    count, told = 0, time.monotonic()
    for line in pip.stdout:
        lines.append(line)
        if not (step := STEP.match(line)):
            continue
        count += step[1] == "Collecting"
        text = f"  {count} packages: {step[1].lower()} {step['what']}"
        if step[1].startswith("Installing"):
            text = f"  {count} packages: installing"
        if terminal:
            print(f"\r\033[K{text[:78]}", end="", flush=True)
        elif time.monotonic() - told > 5 or step[1].startswith("Installing"):
            told = time.monotonic()
            say(text)
    if terminal:
        print("\r\033[K", end="")
    return lines


def say(sentence: str) -> None:
    print(sentence, flush=True)


def fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
