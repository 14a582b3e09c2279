"""``cryptotrace doctor``: what is installed, which keys are set, and what explorers answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace._version import __version__
from cryptotrace.cli.environment import Environment, environment
from cryptotrace.cli.outcome import answering
from cryptotrace.cli.terminal import aligned, answer, note

if TYPE_CHECKING:
    from cryptotrace.settings import Settings
    from cryptotrace.sources.explorers import Explorer
    from cryptotrace.sources.probing import Probe

__all__ = ["doctor"]

_WRONG_CLOCK = 30
"""Seconds beyond which a clock is called wrong: explorers give times to the second, and daily quotas turn at midnight."""


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody.")] = False,  # noqa: FBT002
) -> None:
    """Show versions, extras, which keys are set (never a key), and for each explorer whether it answers, plan, pace, clock.

    One question to each explorer, side by side and for twelve seconds at most; none with --offline. An explorer that cannot be
    reached is shown, and is no error.

    Example: cryptotrace doctor --offline
    """
    with answering(context):
        from cryptotrace.sources.explorers import EXPLORERS

        found = environment()
        settings = _settings()
        keys = _keys(EXPLORERS.values(), settings)
        probes = [] if offline else _probed(list(EXPLORERS), settings)
        if as_json:
            from cryptotrace.cli.documents import doctor_document, to_json

            print(to_json(doctor_document(found, keys, probes, offline=offline)))
        else:
            answer("\n".join(_lines(found, keys, probes, offline=offline)))


def _settings() -> Settings:
    """Read the settings; a key file that cannot be read is told, and counts as no key."""
    from cryptotrace.errors import InputError
    from cryptotrace.settings import Settings

    try:
        return Settings.from_env()
    except InputError as problem:
        note(str(problem))
        return Settings(keys={})


def _keys(explorers: Iterable[Explorer], settings: Settings) -> dict[str, bool]:
    """Say which keys are set; explorers of one account share one, and the URL of a node is one."""
    keys = {}
    for explorer in explorers:
        if explorer.is_node:
            keys[explorer.name] = bool(settings.nodes)
        elif explorer.key_name:
            keys[explorer.key_name] = explorer.key_name in settings.keys
    return keys


def _probed(names: list[str], settings: Settings) -> list[Probe]:
    from cryptotrace.sources.probing import probe_all

    return probe_all(names, settings=settings)


def _lines(found: Environment, keys: dict[str, bool], probes: list[Probe], *, offline: bool) -> list[str]:
    rows = [("cryptotrace", __version__), ("Python", f"{found.python}, {found.platform}")]
    rows += [(name, installed or "not installed") for name, installed in found.dependencies.items()]
    lines = aligned(rows)
    lines += ["", "extras"]
    for extra, parts in found.extras.items():
        lacking = [name for name, installed in parts.items() if installed is None]
        lines.append(f"  {extra}: " + (f"not installed ({', '.join(lacking)})" if lacking else "installed"))
    lines += ["", "keys", *(f"  {name}: {'set' if is_set else 'none'}" for name, is_set in keys.items())]
    lines += ["", "explorers"]
    if offline:
        return [*lines, "  not asked (--offline)"]
    for probe in probes:
        lines += [f"  {words}" for words in _told(probe)]
    return lines


def _told(probe: Probe) -> list[str]:
    if probe.skipped:
        return [f"{probe.explorer}: not asked: {probe.skipped}"]
    if not probe.is_reachable:
        return [f"{probe.explorer} ({probe.host}): not reachable: {probe.problem}", f"  {_key(probe)}"]
    lines = [f"{probe.explorer} ({probe.host}): reachable" + (f", but: {probe.problem}" if probe.problem else "")]
    lines.append(f"  {_key(probe)}")
    if probe.per_second is not None and probe.calls_per_day is not None:
        left = "" if probe.calls_left is None else f", {probe.calls_left:,} left today"
        lines.append(f"  plan: {probe.calls_per_day:,} requests a day{left}, {probe.per_second:g} a second")
        lines.append(f"  pages: up to {probe.page_rows:,} rows")
    if probe.clock_offset is not None:
        wrong = " (one of the two clocks is wrong)" if abs(probe.clock_offset) > _WRONG_CLOCK else ""
        lines.append(f"  clock: {probe.clock_offset:+.1f} s against ours{wrong}")
    return lines


def _key(probe: Probe) -> str:
    if probe.has_key:
        return "key: set"
    if probe.needs_key:
        return "key: none, and nothing is answered without one"
    return "key: none, not needed; one makes it quicker" if probe.takes_key else "key: not needed"
