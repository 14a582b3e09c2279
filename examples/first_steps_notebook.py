# ruff: noqa: B018, ERA001  (a notebook shows what its cells end with)
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First steps
#
# A synthetic romance-baiting case (older word: "pig butchering") from its files to a stolen total with a range. Nothing here
# is real, so the truth is known and stands beside the answer. Open this file as a notebook with jupytext, or turn it into one:
# `jupytext --to ipynb first_steps_notebook.py`.

# %%
import tempfile
from pathlib import Path

import cryptotrace as ct
from cryptotrace.testing import romance_world

folder = Path(tempfile.mkdtemp(prefix="cryptotrace-"))
world = romance_world(7, campaigns=1, victims=8, people=30)
case = world.write(folder)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Files in
#
# A *case store* is one file. Loading twice changes nothing; rows that do not fit are kept with file, line and reason.

# %%
store = ct.open_store(folder / "case.duckdb")
ct.load_transfers(
    store,
    folder / "transfers.csv",
    format="table",
    chain="ethereum",
    transactions=folder / "transactions.csv",
    approvals=folder / "approvals.csv",
    complete=True,
)

# %%
ct.load_prices(store, folder / "prices.csv")
seeds = ct.load_seeds(folder / "seeds.csv")
labels = ct.load_labels(folder / "labels.csv")
seeds.to_pandas().head()

# %% [markdown]
# ## What is not money
#
# Failed transactions, zero-value rows and tokens that only look like others leave the ledger, each with its reason.

# %%
ct.clean(store, labels=labels)

# %% [markdown]
# ## Who belongs together
#
# Each edge names its rule and its transactions, and can be taken out again.

# %%
clusters = ct.cluster(store, seeds, labels=labels)
clusters.members.head()

# %% [markdown]
# ## Where the money went
#
# One trace for each way to follow mixed money; every conserving one balances to the last unit.

# %%
envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
envelope

# %%
trace = envelope["haircut"]
trace.terminals

# %%
trace.statement

# %% [markdown]
# ## How much
#
# "Stolen" is said of E2 and E3 only; E5 is volume, no loss.

# %%
scope = ct.Scope(category="romance_baiting", population="census")
estimate = ct.estimate(store, clusters, trace, envelope=envelope, scope=scope)
estimate

# %%
print(f"stolen (E3): {estimate['E3'].central_usd:,.2f} USD")
print(f"planted:     {world.truth.loss_usd:,.2f} USD")

# %% [markdown]
# ## Beside reported totals
#
# What is not alike is refused with the reason.

# %%
comparison = ct.compare(estimate, ct.reported_totals(period="2023"))
comparison.table[["reported_id", "verdict", "reason"]].head(10)

# %% [markdown]
# ## A report to open
#
# One HTML file without any script; it loads nothing from a network.

# %%
paths = ct.write_report(folder / "report.html", store, trace, estimate, comparison, envelope=envelope)
paths.html
