from __future__ import annotations

import numpy as np
import pytest

from tinybert import engine as E

RNG = np.random.default_rng(0)
SHAPES = {"matrix": (7, 5), "bias": (5,)}
RATES = [1e-2, 2e-2, 1e-2, 5e-3, 1e-3]
DECAY, BETAS, EPS = 0.1, (0.9, 0.999), 1e-6
START = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
GRADIENTS = [
    {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()} for _ in range(len(RATES))
]


def _start() -> tuple[dict[str, E.Parameter], E.Adam]:
    parameters = {name: E.parameter(array, "cpu") for name, array in START.items()}
    matrix, bias = (("matrix", parameters["matrix"]), ("bias", parameters["bias"]))
    return parameters, E.Adam([matrix], [bias], weight_decay=DECAY, betas=BETAS, eps=EPS)


def _step(parameters: dict[str, E.Parameter], optimizer: E.Adam, number: int) -> None:
    """A step with a given gradient: that of its inner product with the parameter."""
    optimizer.zero_grad()
    for name, parameter in parameters.items():
        E.backward((parameter * E.tensor(GRADIENTS[number][name], "cpu")).sum())
    optimizer.step(RATES[number])


def test_five_steps_are_adamw() -> None:
    """Loshchilov and Hutter 2019, algorithm 2, in double precision; biases do not decay."""
    parameters, optimizer = _start()
    expected = {name: array.astype(np.float64) for name, array in START.items()}
    first = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    second = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    for number, rate in enumerate(RATES):
        _step(parameters, optimizer, number)
        for name in SHAPES:
            gradient = GRADIENTS[number][name].astype(np.float64)
            first[name] = BETAS[0] * first[name] + (1 - BETAS[0]) * gradient
            second[name] = BETAS[1] * second[name] + (1 - BETAS[1]) * gradient**2
            update = first[name] / (1 - BETAS[0] ** (number + 1))
            update /= np.sqrt(second[name] / (1 - BETAS[1] ** (number + 1))) + EPS
            decay = DECAY if name == "matrix" else 0.0
            expected[name] = expected[name] * (1 - rate * decay) - rate * update
    for name in SHAPES:
        np.testing.assert_allclose(E.to_numpy(parameters[name]), expected[name], atol=2e-6)


@pytest.mark.engine("torch")
def test_five_steps_are_those_of_torch() -> None:
    import torch

    parameters, optimizer = _start()
    peers = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in START.items()}
    groups = [{"params": [peers["matrix"]], "weight_decay": DECAY}, {"params": [peers["bias"]], "weight_decay": 0.0}]
    peer = torch.optim.AdamW(groups, betas=BETAS, eps=EPS)
    for number, rate in enumerate(RATES):
        _step(parameters, optimizer, number)
        for group in peer.param_groups:
            group["lr"] = rate
        for name, parameter in peers.items():
            parameter.grad = torch.tensor(GRADIENTS[number][name])
        peer.step()
    for name in SHAPES:
        np.testing.assert_allclose(E.to_numpy(parameters[name]), peers[name].detach().numpy(), atol=1e-6)


def test_state_round_trip_is_exact() -> None:
    parameters, optimizer = _start()
    for number in range(3):
        _step(parameters, optimizer, number)
    state = optimizer.state()
    assert set(state) == {"step", *(f"{moment}.{name}" for moment in ("exp_avg", "exp_avg_sq") for name in SHAPES)}
    weights = {name: E.to_numpy(parameter) for name, parameter in parameters.items()}
    resumed, fresh = _start()
    fresh.load_state(state)
    for name, array in weights.items():
        E.assign(resumed[name], array)
    for number in (3, 4):
        _step(parameters, optimizer, number)
        _step(resumed, fresh, number)
    for name in SHAPES:
        np.testing.assert_array_equal(E.to_numpy(resumed[name]), E.to_numpy(parameters[name]))
    for name, array in optimizer.state().items():
        np.testing.assert_array_equal(fresh.state()[name], array)


def test_state_of_a_fresh_optimizer_is_empty_and_loads() -> None:
    _, optimizer = _start()
    assert optimizer.state() == {}
    optimizer.load_state({})


def test_load_state_copies() -> None:
    parameters, optimizer = _start()
    _step(parameters, optimizer, 0)
    state = optimizer.state()
    _, fresh = _start()
    fresh.load_state(state)
    kept = state["exp_avg.matrix"].copy()
    state["exp_avg.matrix"][:] = 7.0
    np.testing.assert_array_equal(fresh.state()["exp_avg.matrix"], kept)


@pytest.mark.parametrize(("max_norm", "expected"), [(1.0, 1.0), (1e6, None)])
def test_clip_grad_norm(max_norm: float, expected: float | None) -> None:
    """The global norm over all parameters comes down to the bound, the direction stays; smaller gradients stay as they are."""
    parameters, optimizer = _start()
    optimizer.zero_grad()
    for name, parameter in parameters.items():
        E.backward((parameter * E.tensor(GRADIENTS[0][name], "cpu")).sum())
    E.clip_grad_norm(list(parameters.values()), max_norm)
    found = np.concatenate([E.to_numpy(parameters[name].grad).ravel() for name in SHAPES])
    raw = np.concatenate([GRADIENTS[0][name].ravel() for name in SHAPES])
    norm = np.linalg.norm(raw) if expected is None else expected
    np.testing.assert_allclose(found, raw / np.linalg.norm(raw) * norm, rtol=1e-5)
