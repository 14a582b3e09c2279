"""web3 over our own fetcher: ABI and formatting are its work, HTTP is not.

Its own HTTP provider hides the words of errors that come with HTTP 400 or 429, waits by itself, and keeps no raw answers.
Imported only where a token is asked, since web3 takes a second to load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, Web3Exception
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from cryptotrace.errors import BadRequest, MalformedAnswer

__all__ = ["FetcherProvider", "token_balance", "token_facts", "web3_over"]

_DECIMALS_MOST = 255


def _view(name: str, takes: str, gives: str) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view",
        "inputs": [{"name": "of", "type": takes}] if takes else [],
        "outputs": [{"name": "", "type": gives}],
    }


_ERC20 = [_view("balanceOf", "address", "uint256"), _view("decimals", "", "uint8"), _view("symbol", "", "string")]
_OLD = [_view("symbol", "", "bytes32"), _view("decimals", "", "uint256")]
"""As MKR and SAI have it."""


class FetcherProvider(JSONBaseProvider):
    """A provider whose questions are answered by a function; errors of ours pass through web3 as they are.

    Parameters
    ----------
    ask : callable
        Method and parameters -> result.
    """

    def __init__(self, ask: Callable[[str, list[Any]], Any]) -> None:
        super().__init__()
        self._ask = ask

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask one question."""
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": 1, "result": self._ask(str(method), list(params))})

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002  (the signature is given)
        """Whether it answers; nothing is asked to find that out."""
        return True


def web3_over(ask: Callable[[str, list[Any]], Any]) -> Web3:
    """Give a ``Web3`` over a function that answers; without middleware, so that one question is one request."""
    return Web3(FetcherProvider(ask), middleware=[])


def token_balance(web3: Web3, contract: str, owner: str, block: int) -> int:
    """Give what an account holds of a token after a block, as the contract says.

    Raises
    ------
    BadRequest
        If nothing answers at that address.
    MalformedAnswer
        If what comes is no number.
    """
    found = _asked(web3, _ERC20, contract, "balanceOf", block, Web3.to_checksum_address(owner))
    if type(found) is not int:
        raise MalformedAnswer("the balance is no number", where=f"rpc {contract} {owner}", hint="Ask again")
    return found


def token_facts(web3: Web3, contract: str, block: int) -> tuple[str | None, int | None]:
    """Give symbol and decimals as the contract states them; old tokens answer in bytes32, and some not at all."""
    symbol, decimals = (
        _first(web3, contract, "symbol", block, (str, bytes)),
        _first(web3, contract, "decimals", block, (int,)),
    )
    if isinstance(symbol, bytes):
        symbol = symbol.rstrip(b"\0").decode("utf-8", errors="replace")
    if not isinstance(decimals, int) or not 0 <= decimals <= _DECIMALS_MOST:
        decimals = None
    return (symbol if isinstance(symbol, str) and symbol else None), decimals


def _first(web3: Web3, contract: str, name: str, block: int, kinds: tuple[type, ...]) -> Any:
    for abi in (_ERC20, _OLD):
        try:
            found = _asked(web3, abi, contract, name, block)
        except (BadRequest, MalformedAnswer):
            continue
        if isinstance(found, kinds):
            return found
    return None


def _asked(web3: Web3, abi: list[dict[str, Any]], contract: str, name: str, block: int, *values: Any) -> Any:
    where = f"rpc {contract} {name}"
    made: Any = web3.eth.contract(address=Web3.to_checksum_address(contract), abi=cast("Any", abi))
    try:
        return getattr(made.functions, name)(*values).call(block_identifier=block)
    except BadFunctionCallOutput as problem:
        raise BadRequest("no token answers at this address", where=where, hint="Check the contract and its chain") from problem
    except (Web3Exception, ValueError, TypeError, OverflowError) as problem:
        raise MalformedAnswer("the answer of a contract cannot be read", where=where, hint="Ask again") from problem
