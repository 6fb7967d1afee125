"""Placeholder."""
from typing import Any
ExecutorLike = Any
