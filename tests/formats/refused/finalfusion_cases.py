"""finalfusion's chunks."""

from case import NOTED, UNSUPPORTED, Case, cuts, extremes, f32, u32, u64

MORE = "bytes more than its content takes"
VOCABULARY, ARRAY, BUCKETS, QUANTISED, NORMS, FASTTEXT, EXPLICIT, FLORET = 1, 2, 3, 4, 6, 7, 8, 9


def chunk(kind, body, length=None):
    return kind, u32(kind) + u64(len(body) if length is None else length) + body


def file_of(*chunks, version=0, count=None, ids=None):
    head = b"FiFu" + u32(version) + u32(len(chunks) if count is None else count)
    head += b"".join(u32(kind) for kind in (ids if ids is not None else [kind for kind, _ in chunks]))
    return head + b"".join(content for _, content in chunks)


def words(*texts, count=None, extra=b""):
    body = u64(len(texts) if count is None else count) + extra
    return body + b"".join(u32(len(text)) + text for text in texts)


VOCABULARY_CHUNK = chunk(VOCABULARY, words(b"a", b"b"))


def array(rows=2, columns=3, kind=10, data=f32(*range(6)), before=VOCABULARY_CHUNK, length=None):
    """The chunk, padded where it comes behind the vocabulary."""
    at = 12 + 8 + len(before[1]) + 12 + 16
    return chunk(ARRAY, u64(rows) + u32(columns) + u32(kind) + bytes(4 - at % 4) + data, length)


def good(**fields):
    return file_of(VOCABULARY_CHUNK, array(**fields))


def heads():
    for value in (1, 2**31, 2**32 - 1):
        yield Case(
            f"finalfusion_version_{value}.fifu", file_of(array(), version=value), "version 0 is read", UNSUPPORTED
        )
    for value in extremes(32, 0, 1):
        piece = f"claims {value} chunks"
        yield Case(f"finalfusion_chunks_{value}.fifu", file_of(VOCABULARY_CHUNK, array(), count=value), piece)
    yield Case("finalfusion_chunks_none.fifu", file_of(), "without a matrix", UNSUPPORTED)
    yield Case("finalfusion_no_matrix.fifu", file_of(VOCABULARY_CHUNK), "without a matrix", UNSUPPORTED)
    yield Case("finalfusion_ids_swapped.fifu", file_of(VOCABULARY_CHUNK, array(), ids=(2, 1)), "where its header lists")
    yield Case(
        "finalfusion_id_wrong.fifu", file_of(VOCABULARY_CHUNK, array(), ids=(1, 4)), "where its header lists type 4"
    )
    yield Case("finalfusion_appended.fifu", good() + b"\0", "1 byte behind its last chunk", calls=NOTED)
    yield Case("finalfusion_two_matrices.fifu", file_of(VOCABULARY_CHUNK, array(), array()), "has a second")
    yield Case(
        "finalfusion_two_vocabularies.fifu", file_of(VOCABULARY_CHUNK, VOCABULARY_CHUNK, array()), "has a second"
    )
    for value in extremes(64):
        piece = f"ends at byte {62 + value}, in its number of rows" if value < 2 else "that claims"
        yield Case(f"finalfusion_length_{value}.fifu", good(length=value), piece)


def matrices():
    for value in extremes(64, 2):
        piece = MORE if value < 2 else "claims a matrix of"
        yield Case(f"finalfusion_rows_{value}.fifu", good(rows=value), piece)
    for value in extremes(32):
        piece = "has 0 columns" if value == 0 else MORE if value == 1 else "claims a matrix of"
        yield Case(f"finalfusion_columns_{value}.fifu", good(columns=value), piece)
    for value in (0, 1, 9, 11, 2**32 - 1):
        yield Case(f"finalfusion_type_{value}.fifu", good(kind=value), "type 10 (f32) is read", UNSUPPORTED)
    yield Case("finalfusion_row_lost.fifu", good(rows=1, data=f32(0, 1, 2)), "words and its n-grams take 2")
    yield Case("finalfusion_row_more.fifu", good(rows=3, data=f32(*range(9))), "words and its n-grams take 2")
    yield Case("finalfusion_data_long.fifu", good(data=f32(*range(7))), "bytes more than its content takes")
    yield Case("finalfusion_data_short.fifu", good(data=f32(*range(5))), "claims a matrix of")
    norms = chunk(NORMS, u64(3) + u32(10) + bytes(4) + f32(1, 1, 1))
    yield Case("finalfusion_norms.fifu", file_of(VOCABULARY_CHUNK, array(), norms), "has 3 norms for 2 words")


def vocabularies():
    for value in extremes(64, 0, 1):
        vocabulary = chunk(VOCABULARY, words(b"a", b"b", count=value))
        yield Case(f"finalfusion_words_{value}.fifu", file_of(vocabulary, array()), f"claims {value} words")
    for value in extremes(32, 1):
        vocabulary = chunk(VOCABULARY, u64(2) + u32(value) + b"a" + u32(1) + b"b")
        yield Case(f"finalfusion_word_length_{value}.fifu", file_of(vocabulary, array()), "in its words")
    for value in (64, 2**31, 2**32 - 1):
        vocabulary = chunk(BUCKETS, words(b"a", b"b", extra=u32(3) + u32(6) + u32(value)))
        yield Case(f"finalfusion_buckets_2_to_{value}.fifu", file_of(vocabulary, array()), "at most 2^63 are possible")
    wide = chunk(BUCKETS, words(b"a", b"b", extra=u32(3) + u32(6) + u32(63)))
    yield Case("finalfusion_buckets_2_to_63.fifu", file_of(wide, array()), "and its n-grams take 9223372036854775810")
    for value in (1, 2**31, 2**32 - 1):
        vocabulary = chunk(FASTTEXT, words(b"a", b"b", extra=u32(3) + u32(6) + u32(value)))
        yield Case(f"finalfusion_fasttext_buckets_{value}.fifu", file_of(vocabulary, array()), "and its n-grams take")
    for value in (0, 2**31, 2**63, 2**64 - 1):
        body = u64(1) + u64(1) + u32(3) + u32(6) + u32(1) + b"a" + u32(3) + b"abc" + u64(value)
        if value != 0:
            yield Case(f"finalfusion_ngram_row_{value}.fifu", file_of(chunk(EXPLICIT, body), array()), "of 1 n-grams")
        body = u64(1) + u64(value) + u32(3) + u32(6) + u32(1) + b"a" + u32(3) + b"abc" + u64(0)
        piece = MORE if value == 0 else "in its n-grams"
        yield Case(f"finalfusion_ngrams_{value}.fifu", file_of(chunk(EXPLICIT, body), array()), piece)
    for value in (0, 5, 2**32 - 1):
        body = u32(3) + u32(6) + u64(2) + u32(value) + u32(0) + u32(1) + b"<" + u32(1) + b">"
        yield Case(
            f"finalfusion_floret_hashes_{value}.fifu", file_of(chunk(FLORET, body), array()), "1 to 4 are possible"
        )


def quantised():
    def made(projection=0, norms=0, parts=2, columns=4, centroids=2, rows=2, codes=1, values=10, data=None):
        body = u32(projection) + u32(norms) + u32(parts) + u32(columns) + u32(centroids) + u64(rows)
        body += u32(codes) + u32(values)
        body += bytes(4 - (12 + 8 + len(VOCABULARY_CHUNK[1]) + 12 + len(body)) % 4)
        return file_of(VOCABULARY_CHUNK, chunk(QUANTISED, body + (bytes(2 * 4 * 4 + 4) if data is None else data)))

    for value in extremes(32, 1):
        yield Case(f"finalfusion_parts_{value}.fifu", made(parts=value), "which are not all alike")
        piece = MORE if value == 0 else "claims centroids of"
        yield Case(f"finalfusion_centroids_{value}.fifu", made(centroids=value), piece)
    for value in extremes(64):
        piece = MORE if value < 2 else f"claims codes of {value} x 2"
        yield Case(f"finalfusion_codes_rows_{value}.fifu", made(rows=value), piece)
    yield Case("finalfusion_projection_missing.fifu", made(projection=1), "claims a projection of 4 x 4")
    yield Case("finalfusion_norms_missing.fifu", made(norms=1), "claims norms of 2 x 1")
    yield Case("finalfusion_code_wrong.fifu", made(data=bytes(32) + b"\0\1\2\0"), "has the code 2 at byte")
    yield Case("finalfusion_codes_type.fifu", made(codes=10), "type 1 (u8) is read", UNSUPPORTED)
    yield Case("finalfusion_values_type.fifu", made(values=1), "type 10 (f32) is read", UNSUPPORTED)


def claims():
    body = u64(8 * 10**9) + u32(1) + u32(10) + bytes(4)
    yield Case("claim_finalfusion.fifu", file_of(chunk(ARRAY, body)), "claims a matrix of 8000000000 x 1")
    yield Case("claim_finalfusion_words.fifu", file_of(chunk(VOCABULARY, u64(8 * 10**9))), "claims 8000000000 words")


def cases():
    for make in (heads, matrices, vocabularies, quantised, claims):
        yield from make()
    yield from cuts("finalfusion", ".fifu", good(), (6, 11), "ends at byte")
    yield from cuts("finalfusion", ".fifu", good(), (20, 40, 70, len(good()) - 1), " claims ")
