"""The embedded faces: drawn from facial action units."""
