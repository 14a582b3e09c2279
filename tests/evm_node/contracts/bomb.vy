# pragma version ~=0.4.3
# Holds ether until it ends and sends all it has. Copies of it (minimal proxies) end by a delegated call.


@deploy
@payable
def __init__():
    pass


@external
@payable
def __default__():
    pass


@external
def end(receiver: address):
    selfdestruct(receiver)
