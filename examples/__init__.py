"""Examples of cryptotrace; run `python -m examples`."""
