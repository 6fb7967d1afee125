/* How far pi is off on a grid: counts the cells of 2^k by 2^k in a quarter of the circle whose middles are inside. */
#include <stdint.h>
#include <stdio.h>

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 narrow;

/* 2^120 times pi, in hexadecimal 3.243F6A8885A308D313198A2E0370734... */
static const wide PI = (wide)0x3243F6A8885A308Dull << 60 | 0x313198A2E0370734ull >> 4;

static uint64_t middles_inside(int bits)
{
    const uint64_t radius = 1ull << bits;
    uint64_t height = radius, found = 0; /* the middles of a column that are inside: those below `height` */
    for (uint64_t x = 0; x < radius; x++) {
        while (height && x * (x + 1) + (height - 1) * height >= radius * radius)
            height--;
        found += height;
    }
    return found;
}

int main(void)
{
    static const int sizes[] = {12, 15, 24, 31};
    printf("{\"header\": [\"bits of a coordinate\", \"cells inside a quarter\", \"4 * cells / all, less pi\"], \"cells\": [");
    for (int i = 0; i < 4; i++) {
        const uint64_t found = middles_inside(sizes[i]);
        const wide estimate = (wide)found << (122 - 2 * sizes[i]);
        const double error = (double)(narrow)(estimate - PI) / 0x1p120;
        printf("%s[\"%d\", \"%llu\", \"%.1e\"]", i ? ", " : "", sizes[i] + 1, (unsigned long long)found, error);
    }
    printf("]}\n");
    return 0;
}
