/* Laws that hold for whatever a peer sends: random offers, and mutated ones. */
#include "oa_rig.h"

#define ROUNDS 4000

static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static const struct oa_codec ours[] = {PCMU, PCMA, ILBC, OPUS};

static size_t random_offer(char *buf, size_t size)
{
	static const char *const types[] = {"audio", "audio", "audio", "video", "image", "application"};
	static const char *const protos[] = {
		"RTP/AVP", "RTP/AVP", "RTP/AVP", "RTP/SAVP", "RTP/AVPF", "udptl"};
	static const char *const maps[] = {"PCMU/8000", "pcma/8000", "iLBC/8000", "opus/48000/2", "G729/8000",
		"telephone-event/8000", "telephone-event/48000", "CN/8000", "speex/16000", "broken"};
	static const char *const others[] = {"a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv",
		"a=ptime:30", "a=maxptime:10", "a=rtcp:7", "c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.8",
		"c=IN IP4 name.example", "c=IN IP6 2001:db8::1", "a=fmtp:96 0-15", "b=AS:64", "i=x"};
	size_t at =
		(size_t)snprintf(buf, size, "v=0\r\no=- %u %u IN IP4 192.0.2.9\r\ns=-\r\n", pick(9), pick(9));
	unsigned lines = pick(5);

	if (pick(8))
		at += (size_t)snprintf(buf + at, size - at, "c=IN IP4 192.0.2.9\r\n");
	for (unsigned i = 0; i < lines; i++) {
		unsigned formats = 1 + pick(6);

		at += (size_t)snprintf(buf + at, size - at, "m=%s %u %s", types[pick(6)],
			pick(5) ? 4000 + pick(99) : 0, protos[pick(6)]);
		for (unsigned f = 0; f < formats; f++)
			at += (size_t)snprintf(
				buf + at, size - at, " %u", pick(2) ? pick(20) : 94 + pick(10));
		at += (size_t)snprintf(buf + at, size - at, "\r\n");
		for (unsigned a = pick(8); a > 0; a--)
			at += (size_t)snprintf(
				buf + at, size - at, "a=rtpmap:%u %s\r\n", 94 + pick(10), maps[pick(10)]);
		for (unsigned a = pick(3); a > 0; a--)
			at += (size_t)snprintf(buf + at, size - at, "%s\r\n", others[pick(14)]);
	}
	return at;
}

TEST(every_answer_fits_its_offer)
{
	size_t answered = 0, refused = 0;

	seed = 0x9e3779b97f4a7c15;
	for (int round = 0; round < ROUNDS; round++) {
		struct oa_local l = local_at("192.0.2.1", 4000, ours, ARRAY_LEN(ours));
		struct oa *oa = oa_made(1);
		struct oa_audio audio;
		struct slice reply;

		/* Three offers to one machine: the later ones meet a state. */
		for (int n = 0; n < 3; n++) {
			char offer[4096];
			struct slice text = slice_make(offer, random_offer(offer, sizeof(offer)));
			int err;

			l.dtmf = pick(2);
			l.want = (enum sdp_dir)pick(4);
			err = oa_answer(oa, text, &l, &reply, &audio);
			if (err) {
				unsigned code;

				CHECK(err == OH_ENOCODEC || err == OH_ESDP);
				CHECK(oa_fault(oa, &code)[0] != '\0' && code >= 300 && code <= 399);
				refused++;
				continue;
			}
			check_answer(text, reply, &audio);
			answered++;
		}
		/* Our own offer then has all of the session's lines, and its answer by another
		 * machine fits. */
		if (oa_make_offer(oa, &l, &reply) == 0) {
			struct oa *peer = oa_made(2);
			struct slice offer = reply;

			CHECK_OK(oa_answer(peer, offer, &l, &reply, &audio));
			check_answer(offer, reply, &audio);
			CHECK_OK(oa_take_answer(oa, reply, &audio));
			oa_free(peer);
		}
		oa_free(oa);
	}
	CHECK(answered > ROUNDS / 2 && refused > ROUNDS / 2);
}

static size_t mutate(char *text, size_t n, size_t size)
{
	static const char bytes[] = "\r\n=: /amcov0\0\xff";

	for (unsigned i = 1 + pick(4); i > 0 && n > 0; i--) {
		size_t at = pick((unsigned)n), len = 1 + pick(20);

		switch (pick(4)) {
		case 0:
			text[at] = bytes[pick(sizeof(bytes))];
			break;
		case 1: /* cut out */
			if (len > n - at)
				len = n - at;
			memmove(text + at, text + at + len, n - at - len);
			n -= len;
			break;
		case 2: /* double */
			if (len > n - at)
				len = n - at;
			if (n + len > size)
				break;
			memmove(text + at + len, text + at, n - at);
			n += len;
			break;
		default:
			text[at] = (char)pick(256);
		}
	}
	return n;
}

TEST(mutated_descriptions_do_no_harm)
{
	struct oa_local l = local_at("192.0.2.1", 4000, ours, ARRAY_LEN(ours));
	struct oa *oa = oa_made(1);
	size_t good = 0;

	l.dtmf = true;
	seed = 0xdeadbeefcafe;
	for (int round = 0; round < 5 * ROUNDS; round++) {
		char scratch[4096], *exact;
		size_t n = mutate(scratch, random_offer(scratch, sizeof(scratch)), sizeof(scratch));
		struct oa_audio audio;
		struct slice text;

		exact = malloc(n ? n : 1); /* so that a read beyond the end is seen */
		assert_non_null(exact);
		memcpy(exact, scratch, n);
		if (pick(2)) {
			good += oa_answer(oa, slice_make(exact, n), &l, &text, &audio) == 0;
		} else if (oa_make_offer(oa, &l, &text) == 0) {
			good += oa_take_answer(oa, slice_make(exact, n), &audio) == 0;
		}
		if (round % 50 == 0) {
			oa_free(oa);
			oa = oa_made(1);
		}
		free(exact);
	}
	CHECK(good > 100);
	oa_free(oa);
}

TESTS(RUN(every_answer_fits_its_offer), RUN(mutated_descriptions_do_no_harm))
