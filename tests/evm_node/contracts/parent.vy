# pragma version ~=0.4.3
# A call that pays and is undone as a whole, and a call that goes on after an inner payment was undone.

interface Payer:
    def pay(receiver: address): payable


@external
@payable
def pay_and_revert(payer: address, receiver: address):
    extcall Payer(payer).pay(receiver, value=msg.value)
    raise "after all"


@external
@payable
def pay_and_catch(payer: address, receiver: address):
    half: uint256 = msg.value // 2
    data: Bytes[36] = abi_encode(receiver, method_id=method_id("pay_then_revert(address)"))
    done: bool = raw_call(payer, data, value=half, revert_on_failure=False)
    assert not done
    # What was undone inside stays here until it is released.
    extcall Payer(payer).pay(receiver, value=msg.value - half)


@external
def release(receiver: address):
    raw_call(receiver, b"", value=self.balance)
