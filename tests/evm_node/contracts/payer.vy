# pragma version ~=0.4.3
# The inner half of the reverting and catching parents.


@external
@payable
def pay(receiver: address):
    raw_call(receiver, b"", value=msg.value)


@external
@payable
def pay_then_revert(receiver: address):
    raw_call(receiver, b"", value=msg.value)
    raise "inner"
