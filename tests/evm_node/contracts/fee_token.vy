# pragma version ~=0.4.3
# An ERC-20 that keeps a share of each transfer. The open one says so in two events; the quiet one names the whole amount in one
# event while the receiver is credited less, so that a sum of its events is not a balance.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

balanceOf: public(HashMap[address, uint256])
totalSupply: public(uint256)
collector: public(address)
fee_per_myriad: public(uint256)
quiet: public(bool)
decimals: public(constant(uint8)) = 18
symbol: public(constant(String[8])) = "FEE"
name: public(constant(String[16])) = "Fee On Transfer"


@deploy
def __init__(supply: uint256, collector: address, fee_per_myriad: uint256, quiet: bool):
    self.balanceOf[msg.sender] = supply
    self.totalSupply = supply
    self.collector = collector
    self.fee_per_myriad = fee_per_myriad
    self.quiet = quiet
    log Transfer(sender=empty(address), receiver=msg.sender, value=supply)


@external
def transfer(receiver: address, amount: uint256) -> bool:
    fee: uint256 = amount * self.fee_per_myriad // 10000
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[receiver] += amount - fee
    self.balanceOf[self.collector] += fee
    if self.quiet:
        log Transfer(sender=msg.sender, receiver=receiver, value=amount)
    else:
        log Transfer(sender=msg.sender, receiver=receiver, value=amount - fee)
        log Transfer(sender=msg.sender, receiver=self.collector, value=fee)
    return True
