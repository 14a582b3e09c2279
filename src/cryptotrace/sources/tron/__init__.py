"""TRON: what its explorers and nodes answer, turned into rows. Pure parsers; the walks are in the modules of the explorers."""
