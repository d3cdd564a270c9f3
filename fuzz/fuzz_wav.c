/* What a player reads: a file of any bytes, alone or in a list. Opening says what is wrong, or it is read, looped and sought
 * in without harm. The first three bytes say how; libsndfile reads the rest. Only moments are read, because a file that goes
 * wrong does so in its headers, at its end or behind a leap: and there have to be many files a second. */
#include "fuzz.h"

#include "audio/player_read.h"
#include "base/err.h"

#include <sys/mman.h>
#include <unistd.h>

#define LEAPS 2u
/* From each place. Short ones: a list of files of three samples is opened anew for each of them. */
#define PIECES 8u
#define PIECE  60u

/* libsndfile 1.2 forgets what libvorbis has made for an Ogg file whose first header is good and whose second is not. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libvorbis\n";
}

/* Each file that libsndfile opens is 100 kB of its memory. Kept for long after it was freed, as AddressSanitizer would have
 * it, that becomes new pages of the kernel's again and again: two thirds of the time. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

/* One file in memory for the whole life of the process. */
static int file_of(struct slice bytes)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("wav", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(pwrite(fd, bytes.p, bytes.n, 0), (ssize_t)bytes.n);
	return fd;
}

static void check_place(const struct reader *r, const struct reader_place *place)
{
	const struct reader_file *file;

	CHECK(place->file < reader_n_files(r));
	file = reader_file(r, place->file);
	CHECK(!file->length || place->position <= file->length);
	CHECK(place->ended || !place->err);
}

static void read_on(struct reader *r)
{
	struct reader_place place = {0};
	int16_t pcm[PIECE];

	for (unsigned i = 0; i < PIECES && !place.ended; i++) {
		size_t n = reader_read(r, pcm, PIECE, &place);

		CHECK(n == PIECE || place.ended);
		check_place(r, &place);
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static const uint32_t rates[] = {8000, 16000, 48000};
	struct feed f = {data, n};
	struct feed how = {data, n < 3 ? n : 3};
	unsigned first = feed_byte(&f);
	char path[64];
	const char *const paths[] = {path, path};
	struct reader_cfg cfg = {.paths = paths,
		.n_paths = 1 + first / 6 % 2,
		.loops = first & 1 ? 0 : 1,
		.rate_hz = rates[first / 2 % 3]};
	struct reader *r;
	int err;

	feed_bytes(&f, 2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_of(slice_make((const char *)f.p, f.n)));
	err = reader_new(&cfg, &r);
	if (err) {
		CHECK(err == OH_EFORMAT || err_to_errno(err));
		CHECK(err_detail_text()[0]);
		return;
	}
	for (unsigned i = 0; i < LEAPS; i++) {
		read_on(r);
		reader_seek(r, (i + 1) % reader_n_files(r), feed_byte(&how) * 997u);
	}
	reader_free(r);
}
