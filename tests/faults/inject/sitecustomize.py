"""Run by every interpreter that has this folder on its path: a wrong clock, or other limits.

``SKEW_S`` is by how many seconds the clock is ahead; ``LIMITS`` is JSON, by name.
"""

import json
import os
import time

if "SKEW_S" in os.environ:
    # What Tearline's programs call now. ``time.time`` stays right: gRPC takes deadlines from it.
    _time_ns, _ahead_ns = time.time_ns, int(os.environ["SKEW_S"]) * 10**9
    time.time_ns = lambda: _time_ns() + _ahead_ns

if "LIMITS" in os.environ:
    import tearline.limits

    for _name, _value in json.loads(os.environ["LIMITS"]).items():
        if not hasattr(tearline.limits, _name):
            raise SystemExit(f"there is no limit called {_name}")
        setattr(tearline.limits, _name, _value)
