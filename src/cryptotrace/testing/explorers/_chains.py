"""The chains that Etherscan V2 knows, as far as tests need them."""

from __future__ import annotations

from cryptotrace.errors import UnknownChainError

_LISTED = (
    ("ethereum", 1, "Ethereum Mainnet", "https://etherscan.io"),
    ("sepolia", 11155111, "Sepolia Testnet", "https://sepolia.etherscan.io"),
    ("bsc", 56, "BNB Smart Chain Mainnet", "https://bscscan.com"),
    ("polygon", 137, "Polygon Mainnet", "https://polygonscan.com"),
    ("base", 8453, "Base Mainnet", "https://basescan.org"),
    ("arbitrum", 42161, "Arbitrum One Mainnet", "https://arbiscan.io"),
    ("linea", 59144, "Linea Mainnet", "https://lineascan.build"),
    ("blast", 81457, "Blast Mainnet", "https://blastscan.io"),
    ("optimism", 10, "OP Mainnet", "https://optimistic.etherscan.io"),
    ("avalanche", 43114, "Avalanche C-Chain", "https://snowscan.xyz"),
    ("gnosis", 100, "Gnosis", "https://gnosisscan.io"),
    ("celo", 42220, "Celo Mainnet", "https://celoscan.io"),
)
KNOWN_IDS = frozenset(number for _, number, _, _ in _LISTED)


def chain_id(name: str) -> int:
    """Return the EIP-155 id of a chain."""
    for one, number, _, _ in _LISTED:
        if one == name:
            return number
    known = ", ".join(one for one, *_ in _LISTED)
    raise UnknownChainError(f"the fake Etherscan does not know the chain {name!r}", where="chain", hint=f"Choose of {known}")


def chain_list(api: str) -> dict[str, object]:
    """Return the body of ``/v2/chainlist``; ``api`` is the address of the explorer."""
    result = [
        {"chainname": title, "chainid": str(number), "blockexplorer": site, "apiurl": f"{api}?chainid={number}", "status": 1}
        for _, number, title, site in _LISTED
    ]
    return {"comments": "Invented for tests", "totalcount": len(result), "result": result}
