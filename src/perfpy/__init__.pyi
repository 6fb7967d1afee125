from . import executors as executors
from ._build import __version__ as __version__
from ._dispatch import BackendUnavailable as BackendUnavailable
from .lab import build_info as build_info
from .lab import compare as compare
from .techniques import backends as backends
from .techniques import register_backend as register_backend
from .techniques.julia import julia as julia
