"""A schedule run by dtrain and by PyTorch."""

from __future__ import annotations

from tests.twin import same

__all__ = ["check"]

PROGRAM = """
s = torch.optim.lr_scheduler
p, q = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
o = torch.optim.{optimizer}([{{"params": p}}, {{"params": q, "lr": 0.3}}], lr=1.0)
def rates(m, n):
    log = [m.get_last_lr()]
    for _ in range(n):
        o.step()
        m.step({arguments})
        log.append([*m.get_last_lr(), m.last_epoch, *(g.get("momentum", g.get("betas")) for g in o.param_groups)])
    return log
m = {make}
first = rates(m, {steps})
saved, kept = m.state_dict(), o.state_dict()
keys = sorted(k for k in saved if not k.startswith("_wrapped"))
m = {make}
m.load_state_dict(saved)
o.load_state_dict(kept)
[first, keys, rates(m, 3)]
"""  # noqa: E501


def check(make: str, steps: int = 12, optimizer: str = "SGD", arguments: str = "") -> None:
    """Assert that a schedule gives PyTorch's rates, also after a restart from its state.

    Args:
        make: Source that makes the schedule from an optimizer `o`.
        steps: How often it is stepped.
        optimizer: The optimizer's name.
        arguments: What step() gets.
    """
    same(
        PROGRAM.format(make=make, steps=steps, optimizer=optimizer, arguments=arguments),
        tolerance=1e-12,
    )
