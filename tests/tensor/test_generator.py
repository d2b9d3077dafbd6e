"""The streams are those of torch's CPU generator; laws hold where torch is not installed."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from dtrain.errors import DtypeError, OpError, OpTypeError, OpValueError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor import generator as module
from dtrain.tensor.generator import Generator, default_generator

SEED = 1234567890123
FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
# Below 16 numbers come in pairs; above, in blocks of 16 of which the last may overlap.
COUNTS = [1, 7, 15, 16, 33, 1000, 40003]

pytestmark = pytest.mark.filterwarnings("ignore:.*out of bounds.*:UserWarning")


def np_dtype(name):
    return getattr(dt, name).np


def to_numpy(tensor):
    import torch

    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(dt.bfloat16.np)
    return tensor.numpy()


class Streams:
    """A generator of torch's and one of ours in the same state."""

    def __init__(self, torch, seed=SEED):
        self.torch = torch
        self.theirs = torch.Generator().manual_seed(seed)
        self.ours = Generator().manual_seed(seed)

    def compare(self, expected, actual, ulps=0, calls=3):
        """Call both with their generators several times; compare results, then states."""
        for _ in range(calls):
            e, a = to_numpy(expected(self.theirs)), actual(self.ours)
            assert a.shape == e.shape
            assert a.dtype == e.dtype
            if ulps:
                np.testing.assert_allclose(a, e, rtol=ulps * 2.0**-52, atol=ulps * 2.0**-52)
            else:
                np.testing.assert_array_equal(a, e)
        np.testing.assert_array_equal(self.ours.state_bytes(), self.theirs.get_state().numpy())


@pytest.fixture
def streams():
    return Streams(pytest.importorskip("torch"))


@pytest.fixture
def mersenne(streams):
    """Streams of a torch that draws everything from its Mersenne Twister, not from MKL."""
    before = streams.theirs.get_state()
    streams.torch.empty(4).exponential_(generator=streams.theirs)
    words = int(streams.theirs.get_state().numpy()[16:20].view(np.uint32)[0])
    streams.theirs.set_state(before)
    if words != 8:
        pytest.skip("this torch takes exponential_ and bernoulli_ from MKL")
    return streams


@pytest.mark.torch
class TestTorchStreams:
    @pytest.mark.parametrize("name", FLOATS)
    @pytest.mark.parametrize("ends", [(0.0, 1.0), (-0.3, 2.1), (-0.05, 0.05)])
    def test_uniform(self, streams, name, ends):
        for n in COUNTS:
            empty = streams.torch.empty(n, dtype=getattr(streams.torch, name))
            streams.compare(
                lambda g, empty=empty: empty.uniform_(*ends, generator=g),
                lambda g, n=n: g.uniform((n,), np_dtype(name), *ends),
            )

    @pytest.mark.parametrize("name", FLOATS)
    @pytest.mark.parametrize("mean_std", [(0.0, 1.0), (-0.3, 2.1), (0.0, 0.02)])
    def test_normal(self, streams, name, mean_std):
        # float64 goes through the logarithm and the sine of two libraries.
        ulps = 16 if name == "float64" else 0
        for n in COUNTS:
            empty = streams.torch.empty(n, dtype=getattr(streams.torch, name))
            streams.compare(
                lambda g, empty=empty: empty.normal_(*mean_std, generator=g),
                lambda g, n=n: g.normal((n,), np_dtype(name), *mean_std),
                ulps,
            )

    @pytest.mark.parametrize("name", ["complex64", "complex128"])
    def test_complex(self, streams, name):
        kind = getattr(streams.torch, name)
        streams.compare(
            lambda g: streams.torch.rand(5, 7, dtype=kind, generator=g),
            lambda g: g.uniform((5, 7), np_dtype(name)),
        )
        streams.compare(
            lambda g: streams.torch.empty(5, 7, dtype=kind).normal_(1.0, 2.0, generator=g),
            lambda g: g.normal((5, 7), np_dtype(name), 1.0, 2.0),
            ulps=16,
        )

    @pytest.mark.parametrize("name", FLOATS)
    @pytest.mark.parametrize(
        ("method", "arguments"), [("cauchy", (1.7, 0.3)), ("log_normal", (0.7, 0.3))]
    )
    def test_through_functions(self, streams, name, method, arguments):
        empty = streams.torch.empty(3001, dtype=getattr(streams.torch, name))
        streams.compare(
            lambda g: getattr(empty, method + "_")(*arguments, generator=g),
            lambda g: getattr(g, method)((3001,), np_dtype(name), *arguments),
            ulps=64 if name == "float64" else 0,
        )

    @pytest.mark.parametrize("name", [*FLOATS, *INTEGERS])
    def test_geometric(self, streams, name):
        empty = streams.torch.empty(3001, dtype=getattr(streams.torch, name))
        streams.compare(
            lambda g: empty.geometric_(0.3, generator=g),
            lambda g: g.geometric((3001,), np_dtype(name), 0.3),
        )

    @pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, "bool"])
    def test_random(self, streams, name):
        nd = np_dtype("bool_" if name == "bool" else name)
        empty = streams.torch.empty(1001, dtype=getattr(streams.torch, name))
        streams.compare(lambda g: empty.random_(generator=g), lambda g: g.random((1001,), nd))
        streams.compare(
            lambda g: empty.random_(0, 2, generator=g), lambda g: g.integers(0, 2, (1001,), nd)
        )
        if name in INTEGERS:
            streams.compare(
                lambda g: empty.random_(1, None, generator=g),
                lambda g: g.integers(1, None, (1001,), nd),
            )

    @pytest.mark.parametrize(
        ("low", "high"),
        [
            (-5, 2**28 - 6),
            (-5, 2**28 - 5),
            (0, 2**32),
            (-(2**40), 2**50),
            (-(2**63), 2**63 - 1),
            (-(2**63), None),
        ],
    )
    def test_wide_integers(self, streams, low, high):
        empty = streams.torch.empty(1001, dtype=streams.torch.int64)
        streams.compare(
            lambda g: empty.random_(low, high, generator=g),
            lambda g: g.integers(low, high, (1001,)),
        )

    @pytest.mark.parametrize("n", [0, 1, 2, 100, 60000])
    def test_permutation(self, streams, n):
        streams.compare(
            lambda g: streams.torch.randperm(n, generator=g), lambda g: g.permutation(n)
        )

    @pytest.mark.parametrize("name", [*FLOATS, *INTEGERS])
    def test_permutation_dtypes(self, streams, name):
        kind = getattr(streams.torch, name)
        streams.compare(
            lambda g: streams.torch.randperm(100, dtype=kind, generator=g),
            lambda g: g.permutation(100, np_dtype(name)),
        )

    @pytest.mark.parametrize("name", FLOATS)
    def test_bernoulli_of_an_array(self, streams, name):
        p = streams.torch.rand(13, 7).to(getattr(streams.torch, name))
        streams.compare(
            lambda g: streams.torch.bernoulli(p, generator=g),
            lambda g: g.bernoulli(to_numpy(p), (13, 7), np_dtype(name)),
        )

    @pytest.mark.parametrize("name", [*FLOATS, "int64", "bool"])
    @pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
    def test_bernoulli(self, mersenne, name, p):
        empty = mersenne.torch.empty(1001, dtype=getattr(mersenne.torch, name))
        nd = np_dtype("bool_" if name == "bool" else name)
        mersenne.compare(
            lambda g: empty.bernoulli_(p, generator=g), lambda g: g.bernoulli(p, (1001,), nd)
        )

    def test_dropout_mask(self, mersenne):
        torch = mersenne.torch
        state = torch.get_rng_state()
        try:
            torch.manual_seed(SEED)
            expected = torch.nn.functional.dropout(torch.ones(50, 3), 0.3)
        finally:
            torch.set_rng_state(state)
        mask = Generator().manual_seed(SEED).bernoulli(1 - 0.3, (50, 3))
        np.testing.assert_array_equal(mask != 0, expected.numpy() != 0)

    @pytest.mark.parametrize("name", FLOATS)
    def test_exponential(self, mersenne, name):
        empty = mersenne.torch.empty(3001, dtype=getattr(mersenne.torch, name))
        mersenne.compare(
            lambda g: empty.exponential_(1.7, generator=g),
            lambda g: g.exponential((3001,), np_dtype(name), 1.7),
            ulps=16 if name == "float64" else 0,
        )

    @pytest.mark.parametrize("name", ["float32", "float64"])
    @pytest.mark.parametrize("rows", [(), (5,)])
    @pytest.mark.parametrize("draws", [(1, False), (9, False), (37, False), (1, True), (50, True)])
    def test_multinomial(self, mersenne, name, rows, draws):
        weights = mersenne.torch.rand(*rows, 37).to(getattr(mersenne.torch, name))
        mersenne.compare(
            lambda g: mersenne.torch.multinomial(weights, *draws, generator=g),
            lambda g: g.multinomial(to_numpy(weights), *draws),
        )


@pytest.mark.torch
class TestTorchState:
    @pytest.mark.parametrize("draws", [0, 1, 311, 312, 313, 624])
    def test_state_goes_to_torch(self, streams, draws):
        streams.ours.uniform((draws,), np.float64)
        streams.ours.normal((3,))
        streams.theirs.set_state(streams.torch.from_numpy(streams.ours.state_bytes()))
        expected = streams.torch.randn(5, generator=streams.theirs)
        np.testing.assert_array_equal(streams.ours.normal((5,)), expected.numpy())

    @pytest.mark.parametrize("draws", [0, 1, 311, 312, 313, 624])
    def test_state_comes_from_torch(self, streams, draws):
        streams.torch.rand(draws, dtype=streams.torch.float64, generator=streams.theirs)
        streams.torch.randn(3, generator=streams.theirs)
        state = streams.theirs.get_state().numpy()
        streams.ours.manual_seed(0).set_state_bytes(state)
        np.testing.assert_array_equal(streams.ours.state_bytes(), state)
        assert streams.ours.initial_seed() == SEED
        expected = streams.torch.randn(5, generator=streams.theirs)
        np.testing.assert_array_equal(streams.ours.normal((5,)), expected.numpy())

    @pytest.mark.parametrize("seed", [0, 1, -1, -(2**63), 2**32 + 1, 2**64 - 1])
    def test_seeds(self, seed):
        streams = Streams(pytest.importorskip("torch"), seed)
        assert streams.ours.initial_seed() == streams.theirs.initial_seed()
        streams.compare(
            lambda g: streams.torch.rand(5, generator=g), lambda g: g.uniform((5,)), calls=1
        )

    def test_seed_of_a_new_generator(self):
        torch = pytest.importorskip("torch")
        assert Generator().initial_seed() == torch.Generator().initial_seed()


def mixed_draws(g):
    return [
        g.normal((3,)).tolist(),
        g.uniform((4, 2), np.float64).tolist(),
        g.permutation(10).tolist(),
        g.normal((20,)).tolist(),
        g.normal((1,)).tolist(),
    ]


class TestState:
    @pytest.mark.parametrize("before", [0, 1, 3, 623, 624, 1000])
    def test_state_restores_the_stream(self, before):
        g = Generator().manual_seed(5)
        g.uniform((before,))
        g.normal((before % 2,))
        state = g.state_bytes()
        first = mixed_draws(g)
        g.set_state_bytes(state)
        np.testing.assert_array_equal(g.state_bytes(), state)
        assert mixed_draws(g) == first

    def test_state_as_tensor(self):
        g = Generator().manual_seed(5)
        state = g.get_state()
        assert state.dtype is dt.uint8
        assert state.shape == (5056,)
        first = mixed_draws(g)
        g.set_state(state)
        assert mixed_draws(g) == first

    @pytest.mark.parametrize(
        "twin",
        [
            Generator.clone_state,
            copy.deepcopy,
            lambda g: pickle.loads(pickle.dumps(g)),
        ],
        ids=["clone_state", "deepcopy", "pickle"],
    )
    def test_copies_go_their_own_way(self, twin):
        g = Generator().manual_seed(5)
        g.normal((3,))
        other = twin(g)
        assert other.device == g.device
        first = mixed_draws(g)
        assert mixed_draws(other) == first
        assert mixed_draws(g) != first

    def test_manual_seed_starts_again(self):
        g = Generator()
        assert g.manual_seed(3) is g
        g.normal((1,))  # keeps a spare number, which the seed forgets
        first = mixed_draws(g.manual_seed(3))
        assert mixed_draws(g.manual_seed(3)) == first
        assert mixed_draws(g.manual_seed(4)) != first

    def test_seed_is_nondeterministic(self):
        g = Generator()
        assert g.seed() == g.initial_seed() != g.seed()

    def test_default_generator(self):
        state = default_generator.state_bytes()
        try:
            assert module.manual_seed(7) is default_generator
            assert module.initial_seed() == 7
            assert module.seed() == module.initial_seed() != 7
        finally:
            default_generator.set_state_bytes(state)

    @pytest.mark.parametrize(
        ("state", "error", "words"),
        [
            (np.zeros(3, np.uint8), OpError, "of size 5056 but found .* to be 3"),
            (np.zeros(5056, np.uint8), OpError, "Invalid mt19937 state"),
            (np.zeros(5056), OpTypeError, "must be a torch.ByteTensor"),
        ],
    )
    def test_bad_states(self, state, error, words):
        with pytest.raises(error, match=words):
            Generator().set_state_bytes(state)

    @pytest.mark.parametrize(
        ("seed", "error"),
        [(2**64, OpValueError), (-(2**63) - 1, OpValueError), (1.5, OpError), (True, OpError)],
    )
    def test_bad_seeds(self, seed, error):
        with pytest.raises(error, match=r"Overflow when unpacking long|expected a long"):
            Generator().manual_seed(seed)

    def test_threads_share_one_stream(self):
        g, alone = Generator().manual_seed(1), Generator().manual_seed(1)
        draws = []
        threads = [
            threading.Thread(target=lambda: draws.extend(g.uniform((50,)) for _ in range(40)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Which thread got which numbers is open; that none is lost or given twice is not.
        np.testing.assert_array_equal(
            np.sort(np.concatenate(draws)), np.sort(alone.uniform((8000,)))
        )


class TestLaws:
    def test_uniform_stays_below_its_upper_end(self):
        for name in FLOATS:
            values = Generator().manual_seed(0).uniform((300000,), np_dtype(name), 1.0, 2.0)
            assert values.min() >= 1
            assert values.max() < 2

    def test_moments(self):
        g, n = Generator().manual_seed(0), 200000
        for values, mean, std in [
            (g.uniform((n,), low=-1.0, high=3.0), 1.0, 4 / np.sqrt(12)),
            (g.normal((n,), mean=2.0, std=3.0), 2.0, 3.0),
            (g.exponential((n,), lambd=0.5), 2.0, 2.0),
            (g.geometric((n,), p=0.25), 4.0, np.sqrt(0.75) / 0.25),
            (np.log(g.log_normal((n,), mean=0.5, std=0.25)), 0.5, 0.25),
            (g.bernoulli(0.3, (n,)), 0.3, np.sqrt(0.21)),
            (g.integers(-3, 4, (n,)), 0.0, 2.0),
        ]:
            assert abs(values.mean() - mean) < 6 * std / np.sqrt(n)
            assert abs(values.std() / std - 1) < 0.02

    def test_permutation_is_one(self):
        order = Generator().manual_seed(0).permutation(5000)
        np.testing.assert_array_equal(np.sort(order), np.arange(5000))

    @pytest.mark.parametrize("replacement", [False, True])
    def test_multinomial_frequencies(self, replacement):
        weights = np.tile(np.array([4.0, 0.0, 1.0, 3.0]), (20000, 1))
        drawn = Generator().manual_seed(0).multinomial(weights, 2, replacement)
        assert drawn.shape == (20000, 2)
        first = np.bincount(drawn[:, 0], minlength=4) / 20000
        np.testing.assert_allclose(first, [0.5, 0, 0.125, 0.375], atol=0.02)
        assert (drawn[:, 0] == drawn[:, 1]).any() == replacement

    def test_shapes(self):
        g = Generator()
        assert g.uniform(()).shape == g.normal(()).shape == g.permutation(0).shape[:0] == ()
        assert g.normal((0, 3)).shape == g.uniform((0, 3)).shape == (0, 3)
        assert g.bernoulli(np.full((3,), 0.5), (2, 3)).shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: g.uniform((3,), low=2.0, high=1.0), OpError, "found from=2.0 > to=1.0"),
        (lambda g: g.uniform((3,), np.int32), DtypeError, "floating point"),
        (lambda g: g.normal((3,), std=-1.0), OpError, "std >= 0.0, but found std -1"),
        (lambda g: g.normal((3,), np.int32), DtypeError, "floating point"),
        (lambda g: g.exponential((3,), lambd=0.0), OpError, "lambda > 0.0"),
        (lambda g: g.cauchy((3,), sigma=0.0), OpError, "sigma > 0.0"),
        (lambda g: g.log_normal((3,), std=0.0), OpError, "std > 0.0"),
        (lambda g: g.geometric((3,), p=1.0), OpError, r"p to be in \(0, 1\)"),
        (lambda g: g.bernoulli(1.5, (3,)), OpError, "got p=1.5"),
        (lambda g: g.bernoulli(np.array([0.5, np.nan]), (2,)), OpError, "got p=nan"),
        (lambda g: g.integers(5, 5, (3,)), OpError, "from=5 >= to=5"),
        (lambda g: g.integers(-1, 5, (3,), np.uint8), OpError, "from is out of bounds"),
        (lambda g: g.integers(0, 300, (3,), np.uint8), OpError, "to - 1 is out of bounds"),
        (lambda g: g.integers(0, 3, (3,), np.complex64), DtypeError, "integer or floating"),
        (lambda g: g.permutation(-1), OpError, "negative dimension -1"),
        (lambda g: g.permutation(3000, np.float16), OpError, "cannot be greater than 2049"),
        (lambda g: g.multinomial(np.ones(3), 0), OpError, "n_sample <= 0"),
        (lambda g: g.multinomial(np.ones(3), 4), OpError, "without replacement"),
        (lambda g: g.multinomial(np.ones((1, 1, 3)), 1), ShapeError, "1 or 2 dim"),
        (lambda g: g.multinomial(np.array([1, 2]), 1), DtypeError, "floating point"),
        (lambda g: g.multinomial(np.array([-1.0, 2.0]), 1), OpError, "element < 0"),
        (lambda g: g.multinomial(np.array([np.inf, 2.0]), 1), OpError, "`inf`"),
        (lambda g: g.multinomial(np.zeros(2), 1), OpError, "sum of probabilities <= 0"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(Generator())


def test_import_leaves_numpy_random_alone():
    program = (
        "import sys, numpy; before = 'numpy.random' in sys.modules\n"
        "import dtrain.tensor.generator; assert before or 'numpy.random' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
