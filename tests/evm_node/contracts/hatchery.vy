# pragma version ~=0.4.3
# Makes copies of the bomb inside a transaction, with ether from birth.

event Hatched:
    copy: indexed(address)

bomb: public(address)


@deploy
def __init__(bomb: address):
    self.bomb = bomb


@external
@payable
def hatch():
    copy: address = create_minimal_proxy_to(self.bomb, value=msg.value)
    log Hatched(copy=copy)
