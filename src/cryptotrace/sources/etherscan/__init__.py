"""Etherscan V2, and those that speak exactly like it."""
