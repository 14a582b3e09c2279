# pragma version ~=0.4.3
# Passes ether on to two payees in one call; the second takes what does not divide.


@external
@payable
def forward(first: address, second: address):
    half: uint256 = msg.value // 2
    raw_call(first, b"", value=half)
    raw_call(second, b"", value=msg.value - half)
