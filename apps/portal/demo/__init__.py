"""The demo clinic: a deterministic, plausible clinic around today, in two sizes.

`build(scale, seed)` writes it; everything random comes from one seeded generator, everything dated from the moment
of the call. The small one is what `make up` shows on its first run; the large one is for measuring.
"""

from apps.portal.demo.assembly import build

__all__ = ["build"]
