"""Recorded answers of nodes, read with nothing of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHAINS = {
    "api.etherscan.io": "ethereum",
    "api-optimistic.etherscan.io": "optimism",
    "api.arbiscan.io": "arbitrum",
    "api.basescan.org": "base",
    "api.gnosisscan.io": "gnosis",
    "api.polygonscan.com": "polygon",
    "api.scrollscan.com": "scroll",
}
CHAIN_IDS = {
    "1": "ethereum", "10": "optimism", "56": "bsc", "100": "gnosis", "137": "polygon", "8453": "base", "42161": "arbitrum",
    "43114": "avalanche", "534352": "scroll",
}  # fmt: skip


WITHOUT_CODEC = "fantom"
"""Stands in for chains that we do not know (Monad …): nothing in a receipt of theirs depends on the chain."""


@dataclass(frozen=True)
class Recorded:
    """One recorded answer and what was asked."""

    chain: str
    action: str
    tx_hash: str
    result: Any


def recorded(row: dict[str, Any]) -> Recorded:
    parts = urlsplit(row["uri"])
    query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    if "chainid" in query:
        chain = CHAIN_IDS.get(re.match(r"\d+", query["chainid"])[0], WITHOUT_CODEC)
    elif "/evm/" in parts.path:
        chain = CHAIN_IDS.get(parts.path.split("/evm/")[1].split("/")[0], WITHOUT_CODEC)
    else:
        chain = CHAINS[parts.netloc]
    return Recorded(
        chain, query.get("action", ""), "0x" + query.get("txhash", "").removeprefix("0x"), json.loads(row["body"])["result"]
    )
