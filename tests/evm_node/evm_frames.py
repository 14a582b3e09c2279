"""The tree of calls that a transaction made, and the two shapes in which nodes give it.

The tree comes from py-evm's computations. What that tree does not hold, the ether that a self-destruct moved, the virtual
machine of ``evm_chain`` notes on the computation itself (``ended``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, Revert

_PANIC = bytes.fromhex("08c379a0")  # Error(string)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call; ``value`` is what geth shows, so that a delegated call repeats the value of its parent and moves nothing."""

    kind: str
    sender: str
    to: str
    value: int
    gas: int
    gas_used: int
    data: bytes
    output: bytes
    error: str | None
    children: tuple[Frame, ...] = ()


def frame_of(computation: ComputationAPI, *, static: bool = False) -> Frame:
    """The tree below one computation; ``static`` where its parent may not write."""
    message = computation.msg
    kind, sender, to = "CALL", message.sender, message.storage_address
    if message.is_create:
        kind = "CREATE"
    elif message.code_address != message.storage_address:
        kind = "CALLCODE" if message.should_transfer_value else "DELEGATECALL"
        sender, to = message.storage_address, message.code_address
    elif message.is_static and not static:
        kind = "STATICCALL"
    children = [frame_of(child, static=message.is_static) for child in computation.children]
    ended: tuple[bytes, int] | None = getattr(computation, "ended", None)
    if ended is not None:
        children.append(_end(_hex(message.storage_address), _hex(ended[0]), ended[1]))
    return Frame(
        kind=kind,
        sender=_hex(sender),
        to=_hex(to),
        value=message.value,
        gas=message.gas,
        gas_used=computation.get_gas_used(),
        data=bytes(message.code if message.is_create else message.data),
        output=bytes(computation.output),
        error=_error(computation),
        children=tuple(children),
    )


def call_tracer(frame: Frame) -> dict[str, Any]:
    """The answer of ``debug_traceTransaction`` with ``callTracer``: calls inside a failed call stay, without an error."""
    shown: dict[str, Any] = {
        "type": frame.kind,
        "from": frame.sender,
        "to": frame.to,
        "gas": hex(frame.gas),
        "gasUsed": hex(frame.gas_used),
        "input": _hex(frame.data),
    }
    if frame.kind != "STATICCALL":
        shown["value"] = hex(frame.value)
    if frame.output:
        shown["output"] = _hex(frame.output)
    if frame.error:
        shown["error"] = frame.error
        if frame.output[:4] == _PANIC:
            shown["revertReason"] = frame.output[68 : 68 + int.from_bytes(frame.output[36:68], "big")].decode()
    if frame.children:
        shown["calls"] = [call_tracer(child) for child in frame.children]
    return shown


def flat(frame: Frame, path: tuple[int, ...] = ()) -> Iterator[dict[str, Any]]:
    """The items of ``trace_filter`` for one tree, without block and transaction."""
    shown = _ending(frame) if frame.kind == "SELFDESTRUCT" else _creation(frame) if frame.kind == "CREATE" else _call(frame)
    if frame.error:
        shown |= {"error": "Reverted" if frame.error == "execution reverted" else frame.error, "result": None}
    yield {**shown, "subtraces": len(frame.children), "traceAddress": list(path)}
    for index, child in enumerate(frame.children):
        yield from flat(child, (*path, index))


def _call(frame: Frame) -> dict[str, Any]:
    action = {
        "callType": frame.kind.lower(),
        "from": frame.sender,
        "to": frame.to,
        "gas": hex(frame.gas),
        "input": _hex(frame.data),
        "value": hex(frame.value),
    }
    return {"type": "call", "action": action, "result": {"gasUsed": hex(frame.gas_used), "output": _hex(frame.output)}}


def _creation(frame: Frame) -> dict[str, Any]:
    action = {"from": frame.sender, "gas": hex(frame.gas), "init": _hex(frame.data), "value": hex(frame.value)}
    result = {"address": frame.to, "code": _hex(frame.output), "gasUsed": hex(frame.gas_used)}
    return {"type": "create", "action": action, "result": result}


def _ending(frame: Frame) -> dict[str, Any]:
    action = {"address": frame.sender, "refundAddress": frame.to, "balance": hex(frame.value)}
    return {"type": "suicide", "action": action, "result": None}


def _end(address: str, receiver: str, value: int) -> Frame:
    return Frame(
        kind="SELFDESTRUCT", sender=address, to=receiver, value=value, gas=0, gas_used=0, data=b"", output=b"", error=None
    )


def _error(computation: ComputationAPI) -> str | None:
    if not computation.is_error:
        return None
    error = computation.error
    return "execution reverted" if isinstance(error, Revert) else "out of gas" if isinstance(error, OutOfGas) else str(error)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
