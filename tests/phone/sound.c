/* Sound for the tests: files made and read without the library, and the measure of likeness. */
#include "rig.h"

#include <math.h>
#include <unistd.h>

const char *rig_path(const char *name, char buf[128])
{
	snprintf(buf, 128, "/tmp/offhook-test-%d-%s", (int)getpid(), name);
	return buf;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void wav_put(const char *path, const int16_t *pcm, size_t n, unsigned rate_hz)
{
	uint8_t head[44] = "RIFF....WAVEfmt \x10\0\0\0\1\0\1\0........\2\0\x10\0data";
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	put32(head + 4, (uint32_t)(36 + 2 * n));
	put32(head + 24, rate_hz);
	put32(head + 28, rate_hz * 2);
	put32(head + 40, (uint32_t)(2 * n));
	CHECK_EQ(fwrite(head, 1, sizeof(head), f), sizeof(head));
	CHECK_EQ(fwrite(pcm, 2, n, f), n);
	fclose(f);
}

int16_t *wav_get(const char *path, size_t *ret_n, unsigned *ret_rate_hz)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;
	int16_t *pcm;
	long size;
	size_t at = 12;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	bytes = malloc((size_t)size);
	CHECK_EQ(fread(bytes, 1, (size_t)size, f), size);
	fclose(f);
	CHECK_MEM(bytes, "RIFF", 4);
	*ret_rate_hz = get32(bytes + 24);
	while (memcmp(bytes + at, "data", 4) != 0)
		at += 8 + get32(bytes + at + 4);
	*ret_n = get32(bytes + at + 4) / 2;
	/* The header tells the truth about the file. */
	CHECK_EQ(at + 8 + 2 * *ret_n, size);
	pcm = malloc(2 * *ret_n + 2);
	memcpy(pcm, bytes + at + 8, 2 * *ret_n);
	free(bytes);
	return pcm;
}

void speech_like(int16_t *pcm, size_t n, unsigned rate_hz, uint64_t seed)
{
	double phase = 0, hz = 300, level = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % (rate_hz / 20) == 0) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			hz = 200 + (double)((seed >> 33) % 1600);
			level = (seed >> 20) % 5 ? 2000 + (double)((seed >> 40) % 8000) : 0;
		}
		phase += 2 * 3.14159265358979 * hz / rate_hz;
		pcm[i] = (int16_t)(level * sin(phase));
	}
}

double correlation(const int16_t *said, size_t n_said, const int16_t *heard, size_t n_heard, size_t max_lag,
	size_t *ret_lag)
{
	double best = 0;

	for (size_t lag = 0; lag <= max_lag && lag < n_heard; lag++) {
		size_t n = n_said < n_heard - lag ? n_said : n_heard - lag;
		double xy = 0, xx = 0, yy = 0;

		for (size_t i = 0; i < n; i++) {
			xy += (double)said[i] * heard[i + lag];
			xx += (double)said[i] * said[i];
			yy += (double)heard[i + lag] * heard[i + lag];
		}
		if (xx > 0 && yy > 0 && xy / sqrt(xx * yy) > best) {
			best = xy / sqrt(xx * yy);
			*ret_lag = lag;
		}
	}
	return best;
}
