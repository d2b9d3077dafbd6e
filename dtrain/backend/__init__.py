"""Array back ends: the only package that imports CuPy or calls a native kernel library."""
