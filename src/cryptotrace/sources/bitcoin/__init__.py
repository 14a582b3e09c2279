"""Bitcoin's transactions, apart from who gave them: scripts, hashes, inputs and outputs. Pure."""

from __future__ import annotations
