/* What speaks between the connections of a transport and SIP: TLS, WebSocket, one over the other; from its settings. */
#include "phone/account.h"
#include "phone/phone_impl.h"

#include "offhook/tls.h"
#include "sip/ws.h"
#include "tls/tls.h"

#define WS_ORIGINS_MAX 32u

void offhook_tls_cfg_init(struct offhook_tls_cfg *cfg)
{
	*cfg = (struct offhook_tls_cfg){.size = sizeof(*cfg), .verify = 1, .min_version = OFFHOOK_TLS_1_2};
}

static int make_tls(
	struct offhook_phone *p, const struct offhook_transport_cfg *cfg, struct tls_ctx **ret_ctx)
{
	struct offhook_tls_cfg ours;
	int err = 0;

	offhook_tls_cfg_init(&ours);
	if (cfg->tls)
		err = cfg_take(&ours, sizeof(ours), cfg->tls);
	if (err)
		return err;
	if (ours.min_version != OFFHOOK_TLS_1_2 && ours.min_version != OFFHOOK_TLS_1_3)
		return err_detail(OH_EINVAL, "the oldest version of TLS is 1.2 or 1.3");
	return tls_ctx_new(
		&(struct tls_cfg){
			.host = p->host,
			.cert_file = ours.cert_file,
			.key_file = ours.key_file,
			.ca_file = ours.ca_file,
			.ca_folder = ours.ca_folder,
			.trust_anyone = !ours.verify,
			.require_client_cert = ours.require_client_cert,
			.min_version =
				ours.min_version == OFFHOOK_TLS_1_3 ? TLS_VERSION_1_3 : TLS_VERSION_1_2,
			.ciphers = ours.ciphers,
			.name = ours.name,
			.keylog_file = ours.keylog_file,
		},
		ret_ctx);
}

/* The words of a text with spaces between them. */
static int split(const char *text, struct slice words[WS_ORIGINS_MAX], size_t *ret_n)
{
	struct slice rest = slice_trim(slice_of(text));
	size_t n = 0;

	while (rest.n) {
		size_t at = slice_index(rest, ' ');

		if (n == WS_ORIGINS_MAX)
			return err_detail(OH_EINVAL, "at most %u origins", WS_ORIGINS_MAX);
		words[n++] = slice_make(rest.p, at);
		rest = slice_trim(slice_skip(rest, at));
	}
	*ret_n = n;
	return 0;
}

static int make_ws(struct offhook_phone *p, const struct offhook_transport_cfg *cfg, struct tls_ctx *tls,
	struct filter_maker *ret_maker)
{
	struct slice origins[WS_ORIGINS_MAX];
	struct ws_cfg ws = {.host = p->host, .path = slice_of(cfg->ws_path), .origins = origins};
	int err = split(cfg->ws_origins, origins, &ws.n_origins);

	return err ? err : ws_maker_new(&ws, tls, ret_maker);
}

int transport_maker(
	struct offhook_phone *p, const struct offhook_transport_cfg *cfg, struct filter_maker *ret_maker)
{
	bool ws = cfg->type == OFFHOOK_WS || cfg->type == OFFHOOK_WSS;
	struct tls_ctx *tls = NULL;
	int err = 0;

	if (cfg->type == OFFHOOK_TLS || cfg->type == OFFHOOK_WSS)
		err = make_tls(p, cfg, &tls);
	if (!err && ws)
		err = make_ws(p, cfg, tls, ret_maker);
	else if (!err && tls)
		tls_ctx_maker(tls, ret_maker);
	if (err)
		tls_ctx_free(tls);
	return err;
}
