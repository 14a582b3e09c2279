"""The two worked vectors of the method page under all six policies, as Markdown tables.

Run with `python benchmarks/policy_vectors.py`. A row is a policy, a column a payment: how much of it is tainted.
"""

from __future__ import annotations

from cryptotrace.model import ALL
from cryptotrace.tracing.policies import balance_under, parcel_taint

# (in or out, amount, clean or tainted; for payments the payee)
VECTORS = {
    "A": (
        ("in", 40, "clean"),
        ("in", 60, "tainted"),
        ("out", 50, "X"),
        ("in", 100, "clean"),
        ("out", 80, "Y"),
        ("out", 40, "Z"),
    ),
    "B": (
        ("in", 100, "clean"),
        ("out", 30, "X"),
        ("in", 50, "tainted"),
        ("out", 60, "Y"),
        ("out", 60, "Z"),
    ),
}


def run(vector: str) -> dict[str, tuple[int, ...]]:
    """Give for each policy the taint of each payment, and the taint that is left."""
    found = {}
    for policy in ALL:
        balance = balance_under(policy)
        paid = []
        for way, amount, what in VECTORS[vector]:
            if way == "in":
                balance.credit([(amount, amount if what == "tainted" else 0)])
            else:
                paid.append(parcel_taint(balance.debit(amount)))
        found[policy.id] = (*paid, balance.taint)
    return found


def table(vector: str) -> str:
    """Write a vector as a Markdown table."""
    payees = [what for way, _, what in VECTORS[vector] if way == "out"]
    lines = [f"| policy | {' | '.join(payees)} | left at the account |", "|---" * (len(payees) + 2) + "|"]
    lines += [f"| `{policy}` | {' | '.join(map(str, taints))} |" for policy, taints in run(vector).items()]
    return "\n".join(lines)


if __name__ == "__main__":
    for name in VECTORS:
        print(f"Vector {name}\n\n{table(name)}\n")
