"""List the packages, which pyproject.toml can either find or rename, but not both."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["dtrain", "dtrain.*"]), "dtrain_launch"])
