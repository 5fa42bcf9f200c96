"""Arrays in and out of the engine are copies, though OneFlow works asynchronously and shares memory where it can."""

from __future__ import annotations

import numpy as np

from tinybert import engine as E


def test_tensor_copies() -> None:
    """`oneflow.from_numpy` would share the memory with work that has not started yet."""
    array = np.ones((512, 512), np.float32)
    total = 0.0
    for _ in range(20):
        array[:] = 1.0
        product = E.linear(E.tensor(array, "cpu"), E.tensor(array, "cpu"), E.tensor(np.zeros(512, np.float32), "cpu"))
        array[:] = -7.0
        total += float(E.to_numpy(product).min())
    assert total == 20 * 512.0


def test_parameter_and_assign_copy() -> None:
    array = np.ones(1000, np.float32)
    parameter = E.parameter(array, "cpu")
    array[:] = 2.0
    assert np.all(E.to_numpy(parameter) == 1.0)
    E.assign(parameter, array)
    array[:] = 3.0
    assert np.all(E.to_numpy(parameter) == 2.0)


def test_to_numpy_is_no_live_view() -> None:
    """OneFlow's own `numpy()` shows what later operations write."""
    parameter = E.parameter(np.ones(1000, np.float32), "cpu")
    before = E.to_numpy(parameter)
    E.assign(parameter, np.zeros(1000, np.float32))
    assert np.all(before == 1.0)
    before[:] = 5.0
    assert np.all(E.to_numpy(parameter) == 0.0)


def test_gradients_survive_zero_grad() -> None:
    parameter = E.parameter(np.arange(4, dtype=np.float32), "cpu")
    optimizer = E.Adam([("p", parameter)], [], weight_decay=0.0)
    E.backward((parameter * parameter).sum())
    gradient = E.to_numpy(parameter.grad)
    optimizer.zero_grad()
    E.synchronize("cpu")
    np.testing.assert_array_equal(gradient, [0.0, 2.0, 4.0, 6.0])
    assert parameter.grad is None


def test_element_types_are_kept() -> None:
    for element in (np.int64, np.float32):
        assert E.to_numpy(E.tensor(np.zeros(3, element), "cpu")).dtype == element
    assert E.to_numpy(E.parameter(np.zeros(3, np.float64), "cpu")).dtype == np.float32
