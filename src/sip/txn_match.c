/* Which server transaction a request belongs to: RFC 3261 17.2.3, 9.2 and 8.2.2.2. */
#include "sip/txn_server_impl.h"

#include "base/err.h"
#include "base/text.h"

static int key_add(struct server_key *key, struct slice part)
{
	if (key->n + part.n + 1 > sizeof(key->text))
		return OH_ETOOBIG;
	if (part.n)
		memcpy(key->text + key->n, part.p, part.n);
	key->n += part.n;
	key->text[key->n++] = '\n';
	return 0;
}

int server_key_make(struct sip_stack *s, struct sip_msg *request, struct server_key *ret_key)
{
	const struct sip_via *via;
	const struct sip_cseq *cseq;
	char digits[12];
	struct text number = text_in(digits, sizeof(digits));
	int err = sip_msg_via(request, &via);

	if (!err)
		err = sip_msg_cseq(request, &cseq);
	if (err)
		return err;
	ret_key->n = 0;
	ret_key->magic = via->magic;
	if (via->magic) {
		text_u32(&number, via->port);
		const struct slice parts[] = {via->branch, via->host, text_slice(&number)};

		for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++)
			err = key_add(ret_key, parts[i]);
	} else {
		text_u32(&number, cseq->number);
		const struct slice parts[] = {request->ruri_text, sip_msg_from_tag(request),
			sip_msg_call_id(request), text_slice(&number), via->text};

		for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++)
			err = key_add(ret_key, parts[i]);
	}
	ret_key->hash = hash_key(&s->servers, slice_make(ret_key->text, ret_key->n), 0);
	return err;
}

static struct sip_server *next_match(struct hash_node *n, const struct server_key *key)
{
	for (; n; n = hash_next(n)) {
		struct sip_server *t = CONTAINER_OF(n, struct sip_server, node);

		if (t->key_n == key->n && memcmp(t->key, key->text, key->n) == 0)
			return t;
	}
	return NULL;
}

struct sip_server *server_find(struct sip_stack *s, const struct server_key *key, enum sip_method method)
{
	struct sip_server *t = next_match(hash_first(&s->servers, key->hash), key);

	while (t && t->method != method)
		t = next_match(hash_next(&t->node), key);
	return t;
}

struct sip_server *server_find_cancelled(struct sip_stack *s, const struct server_key *key)
{
	struct sip_server *invite = server_find(s, key, SIP_INVITE);

	return invite ? invite : next_match(hash_first(&s->servers, key->hash), key);
}

/* Without the cookie an ACK must also carry the To tag of the response that it acknowledges. */
struct sip_server *server_find_acked(struct sip_stack *s, const struct server_key *key, struct slice to_tag)
{
	struct sip_server *t = server_find(s, key, SIP_INVITE);

	if (t && !t->magic && !slice_ieq(to_tag, slice_of(t->to_tag)))
		return NULL;
	return t;
}

uint64_t server_merge_hash(struct sip_stack *s, struct sip_msg *request)
{
	uint64_t h = hash_key_nocase(&s->merges, sip_msg_from_tag(request), request->method);
	const struct sip_cseq *cseq;

	h = hash_key(&s->merges, sip_msg_call_id(request), h);
	if (sip_msg_cseq(request, &cseq) == 0)
		h = hash_key(&s->merges, slice_make((const char *)&cseq->number, sizeof(cseq->number)), h);
	return h;
}

bool server_is_merged(struct sip_stack *s, struct sip_msg *request)
{
	return hash_first(&s->merges, server_merge_hash(s, request)) != NULL;
}
