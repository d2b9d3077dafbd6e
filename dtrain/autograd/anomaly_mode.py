"""Anomaly mode: which forward call made the node whose backward fails or gives NaN.

While it is on, every new node keeps the stack of the call that made it, and the engine runs its
nodes through `run_watched`. While it is off, nothing of this is in the way.
"""

from __future__ import annotations

import threading
import traceback
import warnings
from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import GradError
from dtrain.tensor.graph import WATCHERS, Node, Parts
from dtrain.tensor.rules import run_node

__all__ = [
    "ANOMALY", "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled",
    "run_watched", "set_detect_anomaly",
]  # fmt: skip

_TRACEBACK, _PARENT = "traceback_", "parent_"  # torch's keys in Node.metadata


class _Anomaly:
    """Whether anomalies are looked for, in all threads."""

    enabled = False
    check_nan = True


ANOMALY = _Anomaly()


class _Running(threading.local):
    node: Node | None = None


_RUNNING = _Running()
"""The node that this thread's backward is at: the parent of nodes made under create_graph."""


def is_anomaly_enabled() -> bool:
    """Return True while anomalies are looked for."""
    return ANOMALY.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Return True where NaN counts as an anomaly."""
    return ANOMALY.check_nan


def _remember_call(node: Node) -> None:
    node.metadata[_TRACEBACK] = traceback.format_stack()[:-2]
    if _RUNNING.node is not None:
        node.metadata[_PARENT] = _RUNNING.node


def _switch(enabled: bool, check_nan: bool) -> None:
    if enabled != ANOMALY.enabled:
        if enabled:
            WATCHERS.append(_remember_call)
        else:
            WATCHERS.remove(_remember_call)
    ANOMALY.enabled, ANOMALY.check_nan = enabled, check_nan


class set_detect_anomaly:
    """Switch the search for anomalies on or off: a function call or a context manager.

    Args:
        mode: True to search.
        check_nan: Whether a gradient with NaN in it is an error.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = ANOMALY.enabled, ANOMALY.check_nan
        _switch(bool(mode), check_nan)

    def __enter__(self) -> None:
        """The mode is set already."""

    def __exit__(self, *exc: object) -> None:
        _switch(*self._before)


class detect_anomaly:
    """Search for anomalies inside a `with` block: backward must be inside, and forward too.

    An error in backward comes with a warning that shows the forward call it belongs to.

    Args:
        check_nan: Whether a gradient with NaN in it is an error.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._before = ANOMALY.enabled, ANOMALY.check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = ANOMALY.enabled, ANOMALY.check_nan
        _switch(True, self._check_nan)

    def __exit__(self, *exc: object) -> None:
        _switch(*self._before)


def run_watched(node: Node, F: Any, g: Any, create_graph: bool) -> Any:
    """Run a node's rules as `run_node` does; on an anomaly show where the node was made.

    Raises:
        GradError: A gradient has NaN in it.
    """
    outside, _RUNNING.node = _RUNNING.node, node
    try:
        outs = run_node(node, F, g, create_graph)
        if ANOMALY.check_nan:
            _refuse_nan(node, outs)
    except Exception:
        _show_calls(node)
        raise
    finally:
        _RUNNING.node = outside
    return outs


def _refuse_nan(node: Node, outs: Any) -> None:
    for i, d in enumerate(outs):
        if _has_nan(d):
            raise GradError(f"Function '{node.name()}' returned nan values in its {i}th output.")


def _has_nan(d: Any) -> bool:
    if d is None:
        return False
    if d.__class__ is Parts:
        return any(_has_nan(part) for part in d)
    a = getattr(d, "_a", d)
    return a.dtype.kind in "fcV" and bool(module_of(a.__class__).isnan(a).any())


def _show_calls(node: Node) -> None:
    """Warn with the forward call of a node, and of the nodes whose backward made it."""
    lines = (node.meta or {}).get(_TRACEBACK)
    if lines is None:
        text = (
            "No forward pass information available. Enable detect anomaly during forward pass for "
            "more information."
        )
    else:
        text = "Traceback of forward call that caused the error:\n" + "".join(lines)
    warnings.warn(f"Error detected in {node.name()}. {text}", stacklevel=3)
    parent = (node.meta or {}).get(_PARENT)
    while parent is not None:
        lines = parent.metadata.get(_TRACEBACK, ["No forward pass information available.\n"])
        warnings.warn(
            f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call "
            f"that induced the previous calculation:\n{''.join(lines)}",
            stacklevel=3,
        )
        parent = parent.metadata.get(_PARENT)
