"""Ask the web process in this container whether it is alive: exit code 0 or 1. Standard library only, 50 ms."""

import http.client
import os
import sys


def main() -> int:
    """Return 0 when `/healthz` answers 200. The Host header must be one that the portal accepts."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".*") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
