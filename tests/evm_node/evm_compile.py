"""Write the bytecode files anew; needs ``vyper`` (0.4.3), which no test needs."""

from __future__ import annotations

import warnings
from importlib import import_module

from evm_contracts import FOLDER, NAMES, digest_of_source

_EVM = "london"  # no PUSH0, so that one code runs before and after the merge


def main() -> None:
    version = import_module("vyper").__version__
    compile_code = import_module("vyper.compiler").compile_code
    settings = import_module("vyper.compiler.settings").Settings(evm_version=_EVM)
    for name in NAMES:
        source = (FOLDER / f"{name}.vy").read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # selfdestruct is deprecated, and is what we want to see
            code = compile_code(source, output_formats=["bytecode"], settings=settings)["bytecode"]
        lines = (f"vyper {version}, evm {_EVM}", digest_of_source(name), code.removeprefix("0x"))
        (FOLDER / f"{name}.hex").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
