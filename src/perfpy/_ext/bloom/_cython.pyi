from ._c import ISA as ISA
from ._c import Filter as Filter
