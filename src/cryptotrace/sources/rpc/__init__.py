"""Nodes over JSON-RPC."""
