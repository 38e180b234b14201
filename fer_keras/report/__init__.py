"""Runs the notebooks and writes their pages."""
