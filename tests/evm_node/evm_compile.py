"""Write the bytecode files anew; needs ``vyper`` (0.4.3), which no test needs."""

from __future__ import annotations

import warnings

from evm_contracts import FOLDER, NAMES, digest_of_source

_EVM = "london"  # no PUSH0, so that one code runs before and after the merge


def main() -> None:
    import vyper
    from vyper.compiler import compile_code
    from vyper.compiler.settings import Settings

    for name in NAMES:
        source = (FOLDER / f"{name}.vy").read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # selfdestruct is deprecated, and is what we want to see
            code = compile_code(source, output_formats=["bytecode"], settings=Settings(evm_version=_EVM))["bytecode"]
        lines = (f"vyper {vyper.__version__}, evm {_EVM}", digest_of_source(name), code.removeprefix("0x"))
        (FOLDER / f"{name}.hex").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
