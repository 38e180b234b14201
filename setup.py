"""The package depends on requirements.txt without the backend: pip would lay a second TensorFlow over another."""

from pathlib import Path

from setuptools import setup

lines = Path(__file__).with_name("requirements.txt").read_text("utf-8").splitlines()
setup(install_requires=[line for line in lines if not line.startswith("tensorflow")])
