#include "phone/asker.h"

#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/phone_impl.h"
#include "phone/uri_text.h"

int asker_init(struct asker *k, struct offhook_phone *p, offhook_id account, const struct sip_addr *to)
{
	*k = (struct asker){.phone = p, .account = account};
	if (!to)
		return 0;
	k->target = uri_text_target(&to->uri);
	k->to = uri_text_identity(to);
	return k->target && k->to ? 0 : OH_ENOMEM;
}

void asker_free(struct asker *k)
{
	mem_free(k->target);
	mem_free(k->to);
	mem_free(k->own);
}

/* The account may have been given other settings since the last time. */
static int own_address(struct asker *k, const struct account *a)
{
	mem_free(k->own);
	k->own = uri_text_target(&a->parsed);
	return k->own ? 0 : OH_ENOMEM;
}

int asker_whom(struct asker *k, struct whom *ret_whom)
{
	const struct account *a = account_find(k->phone, k->account);
	const struct transport *t = a && a->transport ? transport_find(k->phone, a->transport) : NULL;
	int err = phone_check_open(k->phone);

	if (err)
		return err;
	if (!a)
		return OH_ENOENT;
	err = k->target ? 0 : own_address(k, a);
	if (err)
		return err;
	*ret_whom = (struct whom){.target = slice_of(k->target ? k->target : k->own),
		.from = slice_of(a->from),
		.to = slice_of(k->to ? k->to : a->from),
		.prefer = t ? t->sip : NULL,
		.flow = account_reg_flow(a->reg, &k->flow),
		.auth = a->auth};
	ret_whom->n_routes = account_reg_routes(a->reg, &ret_whom->routes);
	return 0;
}

int asker_contact(const struct asker *k, const struct sip_flow *flow, char **ret_contact)
{
	return account_contact(account_find(k->phone, k->account), flow, ret_contact);
}
