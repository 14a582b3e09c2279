"""py-evm and py_ecc, on import, let the whole process recurse far deeper; other tests need the limit that people have.

Imported before anything else of py-evm. The calls of our contracts are a few frames deep.
"""

from __future__ import annotations

import sys

_LIMIT = sys.getrecursionlimit()

import eth  # noqa: E402, F401 - between the two lines, for its effect
import py_ecc  # noqa: E402, F401 - the same

sys.setrecursionlimit(_LIMIT)
