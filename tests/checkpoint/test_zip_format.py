from __future__ import annotations

import zipfile

from dtrain.checkpoint import zip_format


def test_structures_have_the_sizes_of_python() -> None:
    assert zip_format.LOCAL.size == zipfile.sizeFileHeader
    assert zip_format.CENTRAL.size == zipfile.sizeCentralDir
    assert zip_format.END.size == zipfile.sizeEndCentDir
    assert zip_format.END64.size == zipfile.sizeEndCentDir64
    assert zip_format.LOCATOR.size == zipfile.sizeEndCentDir64Locator
