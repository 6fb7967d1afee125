/* Listing for one width of items; included by bits.h once with BITS_ITEM uint32_t and once with uint64_t (BITS_WIDE). */

#if defined(__AVX512BW__)

/* Stores the 16 bytes as items, added to `base`. */
static inline __attribute__((always_inline)) void BITS_NAME(store_16)(BITS_ITEM *out, __m128i bytes, __m512i base)
{
#ifdef BITS_WIDE
    _mm512_storeu_si512(out, _mm512_add_epi64(base, _mm512_cvtepu8_epi64(bytes)));
    _mm512_storeu_si512(out + 8, _mm512_add_epi64(base, _mm512_cvtepu8_epi64(_mm_srli_si128(bytes, 8))));
#else
    _mm512_storeu_si512(out, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(bytes)));
#endif
}

__attribute__((target("avx512vbmi2"))) static BITS_ITEM *
BITS_NAME(compress_bytes)(BITS_ITEM *out, const uint8_t *bytes, size_t length, BITS_ITEM base)
{
    const struct bits_offsets table = bits_offsets();
    const __m512i offsets = _mm512_loadu_si512(table.of);
    for (size_t k = 0; k < length; k += 8, base += 240) {
        const uint64_t word = bits_load(bytes + k);
        const int count = __builtin_popcountll(word);
        const __m512i packed = _mm512_maskz_compress_epi8(word, offsets);
#ifdef BITS_WIDE
        const __m512i start = _mm512_set1_epi64((long long)base);
#else
        const __m512i start = _mm512_set1_epi32((int)base);
#endif
        BITS_NAME(store_16)(out, _mm512_castsi512_si128(packed), start);
        if (__builtin_expect(count > 16, 0)) { /* only among small numbers */
            BITS_NAME(store_16)(out + 16, _mm512_extracti32x4_epi32(packed, 1), start);
            BITS_NAME(store_16)(out + 32, _mm512_extracti32x4_epi32(packed, 2), start);
            BITS_NAME(store_16)(out + 48, _mm512_extracti32x4_epi32(packed, 3), start);
        }
        out += count;
    }
    return out;
}

static BITS_ITEM *BITS_NAME(list_words)(BITS_ITEM *out, const uint8_t *bytes, size_t length, BITS_ITEM base)
{
    const struct bits_offsets table = bits_offsets();
    const __m512i offsets = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)table.of));
    for (size_t k = 0; k < length; k += 2, base += 60) {
        uint16_t mask;
        memcpy(&mask, bytes + k, sizeof mask);
        const __m512i packed = _mm512_maskz_compress_epi32(mask, offsets);
#ifdef BITS_WIDE
        const __m512i start = _mm512_set1_epi64((long long)base);
        _mm512_storeu_si512(out, _mm512_add_epi64(start, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(packed))));
        const __m256i upper = _mm512_extracti64x4_epi64(packed, 1);
        _mm512_storeu_si512(out + 8, _mm512_add_epi64(start, _mm512_cvtepu32_epi64(upper)));
#else
        _mm512_storeu_si512(out, _mm512_add_epi32(packed, _mm512_set1_epi32((int)base)));
#endif
        out += __builtin_popcount(mask);
    }
    return out;
}

#else

static BITS_ITEM *BITS_NAME(list_words)(BITS_ITEM *out, const uint8_t *bytes, size_t length, BITS_ITEM base)
{
    const struct bits_offsets table = bits_offsets();
    for (size_t k = 0; k < length; k += 8, base += 240) {
        uint64_t word = bits_load(bytes + k);
        if (!word)
            continue;
        BITS_ITEM *const end = out + __builtin_popcountll(word);
        do {
            for (int step = 0; step < 4; step++) {
                /* Once no bit is left this writes items that do not count. */
                out[step] = base + table.of[__builtin_ctzll(word | UINT64_C(1) << 63)];
                word &= word - 1;
            }
            out += 4;
        } while (out < end);
        out = end;
    }
    return out;
}

#endif

static BITS_ITEM *BITS_NAME(list_careless)(BITS_ITEM *out, const uint8_t *bytes, size_t length, uint64_t first,
                                           bool compress)
{
#if defined(__AVX512BW__)
    if (compress)
        return BITS_NAME(compress_bytes)(out, bytes, length, (BITS_ITEM)(30 * first));
#endif
    (void)compress;
    return BITS_NAME(list_words)(out, bytes, length, (BITS_ITEM)(30 * first));
}

static bool BITS_NAME(bits_append)(struct bits_list *list, const uint8_t *bytes, size_t length, uint64_t first,
                                   bool compress)
{
    BITS_ITEM *out = list->next, *const end = list->end;
    while (length > 0) {
        /* As many words as fit for certain, if a few do: every bit of theirs and the slack. */
        const size_t room = (size_t)(end - out), words_fit = room > BITS_SLACK ? (room - BITS_SLACK) / 64 : 0;
        const size_t step = words_fit * 8 < length ? words_fit * 8 : length;
        if (step >= 64 || step == length) {
            out = BITS_NAME(list_careless)(out, bytes, step, first, compress);
            bytes += step, first += step, length -= step;
            continue;
        }
        BITS_ITEM items[64 + BITS_SLACK];
        const size_t count = (size_t)(BITS_NAME(list_careless)(items, bytes, 8, first, compress) - items);
        if (count > (size_t)(end - out))
            return false;
        memcpy(out, items, count * sizeof *items);
        out += count;
        bytes += 8, first += 8, length -= 8;
    }
    list->next = out;
    return true;
}
