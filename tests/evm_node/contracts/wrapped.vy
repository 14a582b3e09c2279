# pragma version ~=0.4.3
# Wrapped ether: wrapping and unwrapping have events of their own and no Transfer.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Deposit:
    owner: indexed(address)
    value: uint256

event Withdrawal:
    owner: indexed(address)
    value: uint256

balanceOf: public(HashMap[address, uint256])
decimals: public(constant(uint8)) = 18
symbol: public(constant(String[8])) = "WETH"
name: public(constant(String[16])) = "Wrapped Ether"


@internal
def _wrap(owner: address, amount: uint256):
    self.balanceOf[owner] += amount
    log Deposit(owner=owner, value=amount)


@external
@payable
def deposit():
    self._wrap(msg.sender, msg.value)


@external
@payable
def __default__():
    self._wrap(msg.sender, msg.value)


@external
def withdraw(amount: uint256):
    self.balanceOf[msg.sender] -= amount
    log Withdrawal(owner=msg.sender, value=amount)
    raw_call(msg.sender, b"", value=amount)


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=msg.sender, receiver=receiver, value=amount)
    return True
