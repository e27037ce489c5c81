"""A model registry without a server: one YAML manifest in Git."""

__version__ = "0.1.0"
