"""Which chains have a codec, and every name that people and files give them.

Sources of the facts: chain ids from the EIP-155 registry, coin types from SLIP-44, chain references from CAIP-2
(``bip122`` takes the first 32 hex digits of the genesis block, or of the first own block of a fork).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptotrace.codecs.screening import quote
from cryptotrace.errors import UnknownChainError

__all__ = ["CHAINS", "ChainInfo", "chain_names", "chain_of", "find_chain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainInfo:
    """A chain whose addresses can be checked.

    Attributes
    ----------
    name : str
        Our name, as it is stored.
    caip2 : str
        CAIP-2 identifier, as it is written.
    aliases : tuple of str
        Other names, in lower case; tickers, node names and further CAIP-2 spellings.
    family : str
        ``evm``, ``tron``, ``bitcoin`` (every chain with Bitcoin's kind of outputs), ``ripple`` or ``solana``. Chains of
        one family share the form of their addresses.
    evm_chain_id : int or None
        The chain id of EIP-155; None outside the EVM family.
    native_symbol : str
        Ticker of the native coin.
    native_decimals : int
        Base units of the native coin: one coin is ``10 ** native_decimals`` of them.
    slip44 : int
        Coin type of the native coin, as CAIP-19 writes it.
    """

    name: str
    caip2: str
    aliases: tuple[str, ...]
    family: str
    evm_chain_id: int | None
    native_symbol: str
    native_decimals: int
    slip44: int

    @property
    def axis(self) -> str:
        """What lists of an account run along: ``"block"``, or ``"ms"`` (Unix time) where rows carry no block."""
        return "ms" if self.family == "tron" else "block"


# name, EIP-155 chain id, native symbol, SLIP-44 coin type, aliases. The first is the one reported first.
# A rollup that pays fees in ether has ether's coin type 60, as its assets are written in the wild.
_EVM = (
    ("ethereum", 1, "ETH", 60, "eth mainnet ethereum_mainnet erc20"),
    ("bsc", 56, "BNB", 714, "bnb bep20 binance_smart_chain bnb_smart_chain bnb_chain"),
    ("polygon", 137, "POL", 966, "matic pol polygon_pos"),
    ("arbitrum", 42161, "ETH", 60, "arb arb1 arbitrum_one"),
    ("optimism", 10, "ETH", 60, "op op_mainnet oeth"),
    ("base", 8453, "ETH", 60, "base_mainnet"),
    ("avalanche", 43114, "AVAX", 9000, "avax avalanche_c avaxc avax_c avalanche_c_chain"),
    ("gnosis", 100, "XDAI", 700, "xdai gnosis_chain"),
    ("celo", 42220, "CELO", 52752, "celo_mainnet"),
    ("fantom", 250, "FTM", 1007, "ftm fantom_opera"),
    ("linea", 59144, "ETH", 60, "linea_mainnet"),
    ("blast", 81457, "ETH", 60, "blast_mainnet"),
    ("scroll", 534352, "ETH", 60, "scroll_mainnet"),
    ("zksync", 324, "ETH", 60, "zksync_era era"),
    ("polygon_zkevm", 1101, "ETH", 60, "zkevm"),
    ("opbnb", 204, "BNB", 714, "opbnb_mainnet"),
    ("ethereum_classic", 61, "ETC", 61, "etc classic"),
    ("moonbeam", 1284, "GLMR", 1284, "glmr"),
    ("cronos", 25, "CRO", 394, "cronos_mainnet"),
)

# name, CAIP-2, family, native symbol, decimals, SLIP-44 coin type, aliases
_OTHERS = (
    ("tron", "tron:728126428", "tron", "TRX", 6, 195, "trx trc20 tron:0x2b6653dc tron_mainnet"),
    ("bitcoin", "bip122:000000000019d6689c085ae165831e93", "bitcoin", "BTC", 8, 0, "btc xbt"),
    ("bitcoin_cash", "bip122:000000000000000000651ef99cb9fcbe", "bitcoin", "BCH", 8, 145, "bch bitcoincash"),
    ("litecoin", "bip122:12a765e31ffd4059bada1e25190f6e98", "bitcoin", "LTC", 8, 2, "ltc"),
    (
        "dogecoin",
        "bip122:1a91e3dace36e2be3bf030a65679fe82",
        "bitcoin",
        "DOGE",
        8,
        3,
        # wallets also write the genesis hash cut after its zeros were padded
        "doge xdg bip122:00000000001a91e3dace36e2be3bf030",
    ),
    ("dash", "bip122:00000ffd590b1485b3caadc19b22e637", "bitcoin", "DASH", 8, 5, "dash_mainnet"),
    ("zcash", "bip122:00040fe8ec8471911baa1db1266ea15d", "bitcoin", "ZEC", 8, 133, "zec"),
    ("ripple", "xrpl:0", "ripple", "XRP", 6, 144, "xrp xrpl xrp_ledger"),
    ("solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "solana", "SOL", 9, 501, "sol solana_mainnet"),
)


def _table() -> dict[str, ChainInfo]:
    evm = (
        ChainInfo(
            name=name,
            caip2=f"eip155:{chain_id}",
            aliases=tuple(aliases.split()),
            family="evm",
            evm_chain_id=chain_id,
            native_symbol=symbol,
            native_decimals=18,
            slip44=coin_type,
        )
        for name, chain_id, symbol, coin_type, aliases in _EVM
    )
    others = (
        ChainInfo(
            name=name,
            caip2=caip2,
            aliases=tuple(aliases.split()),
            family=family,
            evm_chain_id=None,
            native_symbol=symbol,
            native_decimals=decimals,
            slip44=coin_type,
        )
        for name, caip2, family, symbol, decimals, coin_type, aliases in _OTHERS
    )
    return {info.name: info for info in (*evm, *others)}


CHAINS = _table()

_LONGEST_NAME = 64
_BY_NAME = {spelling: info for info in CHAINS.values() for spelling in (info.name, info.caip2.lower(), *info.aliases)}


def chain_names() -> tuple[str, ...]:
    """Return our names of all chains with a codec, ethereum first."""
    return tuple(CHAINS)


def chain_of(name: str) -> ChainInfo:
    """Look up a chain by any of its names.

    Parameters
    ----------
    name : str
        Our name, a ticker, a node name or a CAIP-2 identifier, in any case; ``-`` and spaces count as ``_``.

    Returns
    -------
    ChainInfo
        The chain; the same object for every spelling.

    Raises
    ------
    UnknownChainError
        No chain with a codec has that name; near names are listed.

    Notes
    -----
    A ticker of a token (USDT) names no chain and is refused: one list of it mixes several chains.
    """
    info = find_chain(name)
    if info is None:
        raise UnknownChainError("no chain of that name has a codec", where=quote(str(name)), hint=_near(str(name)))
    return info


def find_chain(name: str) -> ChainInfo | None:
    """Look up a chain as :func:`chain_of` does; None where no chain with a codec has that name."""
    # ASCII, because str.lower() turns the Kelvin sign into k; short, because answers are cached by name
    fits = isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isascii()
    return _lookup(name) if fits else None


@lru_cache(maxsize=512)
def _lookup(name: str) -> ChainInfo | None:
    return _BY_NAME.get(name) or _BY_NAME.get(_folded(name))


def _folded(name: str) -> str:
    return name.strip(" ").lower().replace("-", "_").replace(" ", "_")


_KNOWN_HINT = f"Known chains: {', '.join(CHAINS)}"


def _near(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(_folded(name[:_LONGEST_NAME]), _BY_NAME, n=4, cutoff=0.6)
    names = dict.fromkeys(_BY_NAME[spelling].name for spelling in near)
    return f"Did you mean {' or '.join(names)}? {_KNOWN_HINT}" if names else _KNOWN_HINT
