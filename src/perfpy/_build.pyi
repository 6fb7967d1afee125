__version__: str
COMPILER: str
HOST: str
ISAS: list[str]
PYTHRAN: bool
BUILD_TYPE: str
SANITIZE: str
LINES_OF_CODE: dict[str, dict[str, int]]
