"""The transforms by their laws; their results are compared with torch's in test_generator.py."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from dtrain.errors import DtypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.sampling import (
    as_complex,
    check_range,
    find_categories,
    first_arrivals,
    float_dtype,
    integer_limits,
    narrowed,
    scaled,
)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("scale", "offset"), [(0.7, 0.1), (3.3, -1.9), (1e-3, 1.0), (2.0, 0.0)])
def test_scaled_rounds_once(kind, scale, offset):
    values = np.random.default_rng(0).random(500).astype(kind)
    factor, summand = Fraction(float(kind(scale))), Fraction(float(kind(offset)))
    exact = [Fraction(float(value)) * factor + summand for value in values]
    rounded = [Fraction(float(value)) for value in scaled(values, scale, offset)]
    error = np.array([float(abs(r - e)) for r, e in zip(rounded, exact, strict=True)])
    # Half a unit in the last place is the best there is.
    assert (error <= np.spacing(np.abs(np.array([float(e) for e in exact], kind))) / 2).all()


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("bool_", (0, 1)),
        ("int8", (-128, 127)),
        ("uint16", (0, 65535)),
        ("float16", (-2048, 2048)),
        ("bfloat16", (-256, 256)),
        ("float64", (-(2**53), 2**53)),
    ],
)
def test_integer_limits(name, limits):
    kind = getattr(dt, name).np
    assert integer_limits(kind) == limits
    assert [int(kind.type(limit)) for limit in limits] == list(limits)


def test_integer_limits_of_complex():
    with pytest.raises(DtypeError):
        integer_limits(np.dtype(np.complex64))
    with pytest.raises(DtypeError, match="floating point"):
        float_dtype("normal_", np.complex64)


def test_range_of_a_floating_point_type_is_open():
    check_range(-(2**40), 2**40, np.dtype(np.float16))


def test_narrowed_rounds_by_way_of_float32():
    # Just above the middle of two float16 numbers, by less than float32 can tell.
    value = np.array([1 + 2.0**-11 + 2.0**-40])
    assert narrowed(value, np.dtype(np.float16))[0] == 1
    assert narrowed(value, np.dtype(np.float64))[0] == value[0]


def test_as_complex():
    parts = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(as_complex(parts), parts[..., 0] + 1j * parts[..., 1])
    assert as_complex(parts[:0].astype(np.float32)).dtype == np.complex64


def test_first_arrivals():
    weights, waits = np.array([1.0, 0.0, 4.0, 2.0]), np.array([1.0, 1.0, 2.0, 4.0])
    assert first_arrivals(weights, waits, 1).tolist() == [2]
    assert first_arrivals(weights, waits, 4).tolist() == [2, 0, 3, 1]


def test_find_categories():
    weights = np.array([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])
    chance = np.array([[0.1, 0.26, 0.99], [0.49, 0.51, 0.75]])
    assert find_categories(weights, chance).tolist() == [[0, 2, 2], [0, 1, 1]]
