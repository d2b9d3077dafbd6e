from __future__ import annotations

import pickletools
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest

from dtrain.checkpoint.pickling import dump
from dtrain.nn.parameter import Parameter
from dtrain.tensor.device import device
from dtrain.tensor.dtype import float32
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import wrap


def names(data: bytes) -> set[str]:
    return {str(arg) for opcode, arg, _ in pickletools.genops(data) if opcode.name == "GLOBAL"}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_our_classes_have_the_names_of_torch(protocol: int) -> None:
    values = [wrap(np.ones(2)), Parameter(wrap(np.ones(1))), Size((2,)), device("cpu"), float32]
    data, storages = dump(values, protocol)
    assert names(data) - {"collections OrderedDict"} == {
        "torch DoubleStorage",
        "torch Size",
        "torch device",
        "torch float32",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor_v2",
    }
    assert [storage.numel for storage in storages] == [2, 1]


def test_types_without_storage_class_name_their_dtype() -> None:
    data, _ = dump(wrap(np.ones(2, np.uint32)), 2)
    assert names(data) == {
        "collections OrderedDict",
        "torch uint32",
        "torch._utils _rebuild_tensor_v3",
        "torch.storage UntypedStorage",
    }


def test_other_classes_keep_their_names() -> None:
    assert "fractions Fraction" in names(dump([Fraction(1, 2), OrderedDict()], 2)[0])
