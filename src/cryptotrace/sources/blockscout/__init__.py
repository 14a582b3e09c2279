"""Blockscout: its Etherscan-like lists, and its REST lists."""
