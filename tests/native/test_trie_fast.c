/* The tests of the compact layout, on the fast one. */
#define TRIE perfpy_trie_fast
#include "test_trie_compact.c"
